// The scripts tab: English, program and bytecode side by side; checks while typing, saves, and runs.

import {call, Problem, path, send} from "./api.js";
import {$, later, make, say, tried} from "./dom.js";
import {Editor} from "./editor.js";
import {Form} from "./form.js";
import {ask} from "./readings.js";
import {Results} from "./results.js";

const QUIET = 400; // milliseconds without a keystroke before a check
const PATIENCE = 600; // seconds that a question waits for its answer, also one that has a default

let english, program, form, results;
let views = null; // of what was checked last
let origin = "program"; // the pane that the script comes from
let current = null; // the stored script that is shown
let checks = 0;
let answers = {}; // to what the English leaves open, by sentence number

export function begin() {
  english = new Editor($("english"), {
    label: "English",
    placeholder: "Show the name and salary of the employees in Engineering, highest salary first.",
    changed: () => {
      answers = {};
      edited("english");
    },
    pointed: (group) => light(group === null ? [] : stepsOf(group)),
  });
  program = new Editor($("program"), {
    label: "Program",
    coloured: true,
    placeholder: "script audit_salary(floor: int = 150000)\n  emit from employees where salary > floor\nend",
    changed: () => edited("program"),
    pointed: (group) => light(group === null ? [] : [group]),
  });
  const code = make("ol", {className: "code", id: "code", tabIndex: 0, role: "listbox", "aria-label": "Bytecode"});
  $("bytecode").append(code);
  code.addEventListener("mousemove", (event) => point(event.target.closest("li")));
  code.addEventListener("mouseleave", () => light([]));
  code.addEventListener("keydown", (event) => {
    const move = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!move) return;
    event.preventDefault();
    const items = [...code.children];
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    const next = items[Math.min(items.length - 1, Math.max(0, at + move))];
    if (!next) return;
    for (const item of items) item.setAttribute("aria-selected", item === next);
    next.scrollIntoView({block: "nearest"});
    point(next);
  });
  $("words").onclick = () => {
    const worded = $("program").classList.toggle("worded");
    $("words").setAttribute("aria-pressed", worded);
    $("said-back").hidden = !worded;
  };
  $("said-back").addEventListener("mousemove", (event) => point(event.target.closest("[data-group]")));
  $("said-back").addEventListener("mouseleave", () => light([]));
  form = new Form($("fields"));
  results = new Results($("results"), "result");
  $("new").onclick = fresh;
  $("name").oninput = () => edited(origin);
  $("save").onclick = () => tried(save);
  $("delete").onclick = () => tried(remove);
  $("arguments").onsubmit = (event) => {
    event.preventDefault();
    tried(run);
  };
  $("cancel").onclick = () => {
    if (results.run) tried(() => call("POST", path("runs", results.run, "cancel")));
    else results.stop();
  };
  fresh();
}

export async function list() {
  const {scripts} = await call("GET", "/scripts");
  $("script-list").replaceChildren(...scripts.map((script) => {
    const button = make("button", {title: script.doc || script.head, onclick: () => tried(() => open(script.name))}, script.name);
    button.setAttribute("aria-current", script.name === current);
    return make("li", {}, button);
  }));
}

export async function open(name) {
  const script = await call("GET", path("scripts", name));
  current = name;
  $("name").value = name;
  origin = script.sentences.length ? "english" : "program";
  views = script.views;
  english.show(asWritten(script.sentences));
  program.show(script.source);
  show(script);
  stored(true);
  choose(null);
  answers = {};
  results.clear();
  await list();
}

function fresh() {
  choose(null);
  answers = {};
  current = null;
  origin = "program";
  $("name").value = "";
  english.show("");
  program.show("");
  show(null);
  stored(false);
  results.clear();
  say("");
  $("name").focus();
}

function stored(yes) {
  $("run").disabled = $("delete").disabled = !yes;
  $("save").disabled = true;
}

/** Show the effects, bytecode and explanation of a checked script; none for null. */
function show(script) {
  views = script ? script.views : null;
  for (const id of ["english", "program", "bytecode"]) $(id).classList.remove("stale");
  $("effects").textContent = script ? effectsOf(script.effects) : "";
  form.show(script ? script.schema.parameters : {});
  $("code").replaceChildren(...(views ? views.code : []).map((line) => {
    const item = make("li", {role: "option"}, make("b", {}, String(line.pc)), line.text);
    item.setAttribute("aria-selected", "false");
    if (line.step !== null) item.dataset.group = line.step;
    return item;
  }));
  $("said-back").replaceChildren(...words(script));
  if (!views) return;
  english.show(english.text, sentencesIn(english.text, views.sentences));
  const groups = program.text === views.source ? linesIn(program.text, views.steps) : linesIn(program.text, script.steps.map((step) => ({...step, last_line: step.line})));
  program.show(program.text, groups);
}

/** The program explained in English: as a whole, then step by step. */
function words(script) {
  if (!script || !script.explained) return [];
  const lines = script.explained.steps.map((line) => {
    const node = make("div", {className: "said"}, make("small", {}, line.step || ""), line.text);
    node.style.paddingLeft = 0.3 + 1.2 * line.depth + "rem";
    for (const part of line.parts) node.append(make("div", {}, part));
    const step = views.steps.findIndex((each) => each.path && each.path === line.step);
    if (step >= 0) node.dataset.group = step;
    return node;
  });
  return [make("p", {}, script.explained.about.join(" ")), ...lines];
}

function effectsOf(effects) {
  const said = [];
  if (effects.reads.length) said.push("reads " + effects.reads.join(", "));
  if (effects.writes.length) said.push("writes " + effects.writes.join(", "));
  if (effects.asks) said.push("asks");
  return said.join(" · ");
}

/** Sentences as a text: those that belong to an earlier one are items of its list. */
function asWritten(sentences) {
  return sentences.map((text, index) => {
    const step = views.steps.findIndex((each) => each.sentence === index + 1);
    const around = new Set();
    for (let path = step >= 0 ? views.steps[step].path : null; path && path.includes(".");) {
      path = path.slice(0, path.lastIndexOf("."));
      const outer = views.steps.find((each) => each.path === path);
      if (outer && outer.sentence && outer.sentence !== index + 1) around.add(outer.sentence);
    }
    return around.size ? "  ".repeat(around.size - 1) + "- " + text : text;
  }).join("\n");
}

/** The place of each sentence in a text that may have other line breaks. */
function sentencesIn(text, sentences) {
  const found = [];
  let at = 0;
  sentences.forEach((sentence, index) => {
    const pattern = new RegExp(sentence.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+"));
    const match = text.slice(at).match(pattern);
    if (!match) return;
    found.push({start: at + match.index, end: at + match.index + match[0].length, group: index});
    at += match.index + match[0].length;
  });
  return found;
}

/** The place of each step, inner steps after outer ones. */
function linesIn(text, steps) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  starts.push(text.length + 1);
  return steps.map((step, group) => ({start: starts[step.line - 1] || 0, end: Math.max(0, (starts[step.last_line] || text.length + 1) - 1), group}));
}

const sentenceOf = (step) => {
  // an inner step has its outer step's sentence, unless it has its own
  if (views.steps[step].sentence) return views.steps[step].sentence - 1;
  for (let path = views.steps[step].path; path; path = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "") {
    const found = views.steps.find((each) => each.path === path);
    if (found && found.sentence) return found.sentence - 1;
  }
  return null;
};

const stepsOf = (sentence) => (views ? views.steps.map((_, index) => index).filter((index) => sentenceOf(index) === sentence) : []);

/** Highlight what belongs to these steps, in all panes. */
function light(steps) {
  const lit = new Set(views ? steps : []);
  english.light(new Set([...lit].map(sentenceOf).filter((each) => each !== null)));
  program.light(lit);
  for (const item of [...$("code").children, ...$("said-back").children]) item.classList.toggle("lit", item.dataset.group !== undefined && lit.has(Number(item.dataset.group)));
}

function point(item) {
  light(item && item.dataset.group !== undefined ? [Number(item.dataset.group)] : []);
}

// ── checks and changes ──────────────────────────────────────────────────────────────────────────────────────────

const checkLater = later(QUIET, () => tried(check));

function edited(pane) {
  origin = pane;
  views = null;
  $("save").disabled = $("run").disabled = $("delete").disabled = true;
  for (const id of ["english", "program", "bytecode"]) $(id).classList.toggle("stale", id !== pane);
  light([]);
  checkLater();
}

const put = (options) => call("PUT", path("scripts", $("name").value.trim()) + options, {
  body: (origin === "english" ? english : program).text,
  type: origin === "english" ? "text/plain; charset=utf-8" : "text/x-sop; charset=utf-8",
});

/** The query of a request that stores a text: its answers, and other options. */
function query(...options) {
  const given = Object.entries(answers).map(([sentence, answer]) => `${sentence}=${answer}`).join(",");
  if (given && origin === "english") options.push("answer=" + encodeURIComponent(given));
  return options.length ? "?" + options.join("&") : "";
}

/** Show the readings of a sentence, or hide them for null; picking one answers it. */
function choose(problem) {
  $("readings").hidden = !problem;
  $("readings").replaceChildren();
  if (problem) {
    ask($("readings"), problem, (answer) => {
      answers[problem.sentence] = answer;
      tried(check);
    });
  }
}

async function check() {
  const number = ++checks;
  const pane = origin === "english" ? english : program;
  if (origin === "program") {
    const head = program.text.match(/^\s*script\s+([\p{L}_][\p{L}\d_]*)/mu);
    if (head) $("name").value = head[1];
  }
  if (!pane.text.trim() || !$("name").value.trim()) return say(pane.text.trim() ? "give the script a name" : "");
  let checked;
  try {
    checked = await put(query("dry_run=true"));
  } catch (error) {
    if (number !== checks || !(error instanceof Problem)) return undefined;
    const asks = error.question !== undefined;
    choose(asks ? error : null);
    if (asks) {
      pane.complain([]);
      return say("1 question");
    }
    pane.complain(error.findings.length ? error.findings : [{code: error.code, message: error.message, hint: error.hint}]);
    return say(error.findings.length > 1 ? error.findings.length + " findings" : "1 finding", true);
  }
  if (number !== checks) return undefined;
  choose(null);
  pane.complain([]);
  if (origin === "english") program.show(checked.source);
  show(checked);
  if (origin === "program") $("english").classList.add("stale");
  say(checked.translator ? "translated by " + checked.translator : "ok");
  $("save").disabled = false;
  return undefined;
}

async function save() {
  let done;
  try {
    done = await put(query());
  } catch (error) {
    if (error.code !== "C0108" || !confirm(error.message.replace(/, so nothing was stored$/, "") + ".\nStore it?")) throw error;
    done = await put(query("yes=true"));
  }
  current = done.name;
  if (origin === "english") program.show(done.source);
  show(done);
  stored(true);
  say(`${done.name}: version ${done.version}` + (done.unchanged ? ", unchanged" : ""));
  await list();
}

async function remove() {
  if (!confirm(`Remove ${current} and all its versions?`)) return;
  await call("DELETE", path("scripts", current));
  say(current + " was removed");
  fresh();
  await list();
}

async function run() {
  let body;
  try {
    body = form.values();
  } catch (error) {
    return say("an argument is not JSON: " + error.message, true);
  }
  say("");
  $("cancel").disabled = false;
  const address = path("play", current) + "?wait=" + PATIENCE + ($("dry").checked ? "&dry_run=true" : "");
  try {
    await results.follow((signal) => send("POST", address, {body, type: "stream", signal}));
  } finally {
    $("cancel").disabled = true;
  }
  return undefined;
}
