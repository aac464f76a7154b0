// Ask: a question in English → what it was understood as, choices where it is open, and its rows; one below the other.

import {LINES, call, download, query, send} from "./api.js";
import {capital, curlOf, inShell} from "./format.js";
import {FileDrop} from "./importing.js";
import {Busy, ConfirmChange, Fault, Menu, copy} from "./parts.js";
import {Reading} from "./reading.js";
import {Results} from "./results.js";
import {Run} from "./run.js";
import {SaveDialog} from "./saving.js";
import {allStores, examples} from "./stores.js";
import {Fragment, html, useEffect, useRef, useState} from "./view.js";

const FILLERS = new Set("a all an and are by do for from in is of on or please the to with".split(" "));

// The questions so far; they stay while other views are shown.
let thread = [];
let numbers = 0;
let changed = () => {};

export function AskView({params}) {
  const [, draw] = useState(0);
  const [saving, setSaving] = useState(null);
  const [known, setKnown] = useState(null);
  const input = useRef();
  const load = () => allStores().then(setKnown, () => setKnown({stores: []}));
  useEffect(() => {
    changed = () => draw((each) => each + 1);
    load();
    input.current.focus();
    return () => (changed = () => {});
  }, []);
  useEffect(() => {
    if (params.q && !thread.some((each) => each.text === params.q)) ask(params.q, answersOf(params.a));
  }, [params.q, params.a]);
  const submit = (event) => {
    event.preventDefault();
    const text = input.current.value.trim();
    if (!text) return;
    input.current.value = "";
    ask(text);
  };
  const onKey = (event) => {
    if (event.key === "Enter" && !event.shiftKey) submit(event);
  };
  const again = (text) => {
    input.current.value = text;
    input.current.focus();
  };
  const hasData = known && known.stores.length > 0;
  return html`<div class="narrow">
    <h1>Ask your data</h1>
    <form class="ask-form" onSubmit=${submit}>
      <label class="hidden" for="question">Your question</label>
      <textarea id="question" ref=${input} rows="2" onKeyDown=${onKey}
        placeholder=${thread.length ? "Ask on: “Show their names.”" : "Ask in plain English"}></textarea>
      <button class="main">Ask</button>
    </form>
    ${thread.length === 0 && hasData && html`<p class="try">Try: ${examples(known.stores).map((text) => html`<button class="chip"
      onClick=${() => again(text)}>${text}</button>`)}</p>`}
    ${known && thread.length === 0 && html`<${FileDrop} databases=${known.databases || []} empty=${!hasData} done=${load} />`}
    <div class="thread" aria-live="polite">
      ${[...thread].reverse().map((entry) => html`<${Entry} key=${entry.number} entry=${entry} again=${again} save=${() => setSaving(entry)} />`)}
    </div>
    ${thread.length > 0 && known && html`<${FileDrop} databases=${known.databases || []} done=${load} small />`}
    ${saving && html`<${SaveDialog} entry=${saving} thread=${thread.filter((each) => each.done)} close=${() => setSaving(null)} />`}
  </div>`;
}

// ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────

function ask(text, answers = {}) {
  const before = thread.filter((each) => each.done && !each.said.writes.length).map((each) => each.text).join("\n");
  const entry = {number: ++numbers, text, before, answers, state: "asking"};
  thread.push(entry);
  understand(entry);
}

async function understand(entry) {
  set(entry, {state: "asking", problem: null});
  try {
    const said = await call("POST", "ask", {body: {text: entry.text, before: entry.before, answers: entry.answers}});
    const state = said.changes ? "confirm" : said.warnings.length ? "doubt" : "run";
    set(entry, {said, state});
    if (state === "run") start(entry);
  } catch (problem) {
    set(entry, {problem, state: problem.question ? "question" : "refused"});
  }
}

const confirmed = (entry) => ({text: entry.said.text, program: entry.said.program, confirm: entry.said.confirm});

async function start(entry) {
  const run = new Run(() => changed());
  set(entry, {state: "run", run});
  const end = await run.follow((signal) => send("POST", "ask", {body: confirmed(entry), accept: LINES, signal}));
  set(entry, {done: Boolean(end) && end.status === "ok"});
}

function set(entry, values) {
  Object.assign(entry, values);
  changed();
}

function drop(entry) {
  thread = thread.filter((each) => each !== entry);
  changed();
}

const answersOf = (text) => Object.fromEntries((text || "").split(",").filter(Boolean).map((pair) => pair.split("=")));
const pairs = (answers) => Object.entries(answers).map((pair) => pair.join("=")).join(",");

// ── one question ─────────────────────────────────────────────────────────────────────────────────────────────────

function Entry({entry, again, save}) {
  const {text, state, said, problem, run} = entry;
  const heading = useRef();
  return html`<article class="entry" aria-label=${"Question: " + text}>
    <div class="bar spread"><h2 ref=${heading}>${state === "refused" ? marked(text, problem) : text}</h2>
      <button class="icon" aria-label=${"Remove the question: " + text} onClick=${() => drop(entry)}>✕</button></div>
    ${state === "asking" && html`<${Busy}>Reading the question …<//>`}
    ${state === "question" && html`<${Reading} problem=${problem} pick=${(answer) => {
      entry.answers = {...entry.answers, [problem.sentence]: answer};
      understand(entry);
    }} />`}
    ${state === "refused" && html`<${Refusal} text=${text} problem=${problem} again=${again} />`}
    ${said && html`<${SaidBack} said=${said} entry=${entry} />`}
    ${state === "confirm" && html`<${ConfirmChange} changes=${said.changes} act=${() => start(entry)}
      cancel=${() => set(entry, {state: "cancelled"})} />`}
    ${state === "cancelled" && html`<p class="note" role="status">Cancelled. Nothing was changed.</p>`}
    ${state === "doubt" && html`<${Doubts} said=${said} act=${() => start(entry)} again=${() => again(text)} />`}
    ${state === "run" && run && html`<${Results} run=${run} columns=${said.columns}>
      ${!said.writes.length && html`<${Along} entry=${entry} />`}<//>`}
    ${entry.done && html`<div class="bar"><button onClick=${save}>Save as script …</button></div>`}
  </article>`;
}

/** What was understood, in English; the program on request. */
function SaidBack({said, entry}) {
  const steps = said.explained ? said.explained.steps : [];
  return html`<div class="understood">
    <p><strong>I understood:</strong> ${steps.length === 1 && sentence(steps[0])}</p>
    ${steps.length > 1 && html`<ol>${steps.map((each) => html`<li class=${"depth-" + Math.min(each.depth, 3)}>
      ${sentence(each)}</li>`)}</ol>`}
    ${said.text !== entry.text && html`<p class="faint">It builds on what you asked before.</p>`}
    <details><summary>Show program</summary><pre tabindex="0" role="group" aria-label="Program">${said.program}</pre></details>
  </div>`;
}

const sentence = (step) => [step.text, ...step.parts].join(" ");

/** What the text and the program may differ in: the person decides. */
function Doubts({said, act, again}) {
  return html`<div class="card warn" role="group" aria-label="Is this right?">
    <strong>Please check this first</strong>
    <ul>${said.warnings.map((each) => html`<li>${capital(each.message)}</li>`)}</ul>
    <div class="bar"><button class="main" onClick=${act}>Show it anyway</button><button onClick=${again}>Change the question</button></div>
  </div>`;
}

/** Why a sentence was not understood; a nearest form only where it keeps all that was asked. */
function Refusal({text, problem, again}) {
  const hint = (problem.hint || "").split("; or let a model")[0];
  const nearest = (hint.match(/^nearest form: (.*)$/) || [])[1];
  const kept = nearest && keepsAll(text, nearest);
  const shownHint = nearest || hint.startsWith("say it in smaller") ? "the names of your data, in short sentences" : hint;
  const findings = problem.findings.length > 1 ? problem.findings.slice(1) : [];
  return html`<${Fault} problem=${{...problem, hint: kept ? "" : shownHint}} title="I did not understand that">
    ${findings.map((each) => html`<p>${capital(each.message)}</p>`)}
    ${kept && html`<p>Did you mean <button class="chip" onClick=${() => again(capital(nearest) + ".")}>${capital(nearest)}.</button></p>`}
    <p><button onClick=${() => again(text)}>Change the question</button></p>
  <//>`;
}

const wordsOf = (text) => text.toLowerCase().match(/[\p{L}\p{N}_.]+/gu) || [];

function keepsAll(text, other) {
  const there = new Set(wordsOf(other));
  return wordsOf(text.replace(/[.?!]$/, "")).every((word) => FILLERS.has(word) || there.has(word));
}

/** The text with the words marked that mean nothing here. */
function marked(text, problem) {
  const unknown = problem.code === "T0201" ? [...problem.message.matchAll(/"([^"]+)"/g)].map((match) => match[1]) : [];
  const parts = text.split(/(\s+)/);
  return parts.map((part) => (unknown.some((word) => part.replace(/[.?!,]$/, "") === word) ? html`<mark>${part}</mark>` : part));
}

/** Ways to take the rows along. */
function Along({entry}) {
  const file = entry.text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").slice(0, 40).replace(/^_|_$/g, "");
  const save = (format, ending) => download("POST", query("ask", {format}), {body: confirmed(entry), accept: "*/*"}, file + ending);
  const link = new URL(query("#/ask", {q: entry.said.text, a: pairs(entry.answers)}), document.baseURI).href;
  const address = new URL("ask?format=csv", document.baseURI).href;
  const answers = Object.entries(entry.answers).map(([number, answer]) => `--answer ${inShell(number + "=" + answer)} `).join("");
  return html`<${Fragment}>
    <button onClick=${() => save("csv", ".csv")}>CSV</button>
    <button onClick=${() => save("xlsx", ".xlsx")}>Excel</button>
    <button onClick=${() => copy(link, "Link")}>Link</button>
    <${Menu} label="More" actions=${[
      ["Copy as curl", () => copy(curlOf(confirmed(entry), address), "curl command")],
      ["Copy as sopvm command", () => copy(`sopvm do ${answers}${inShell(entry.said.text)}`, "Command")],
      ["Copy as Python", () => copy(python(entry), "Python")],
      ["Copy program", () => copy(entry.said.program, "Program")],
    ]} />
  <//>`;
}

function python({said, answers}) {
  const given = Object.entries(answers).map(([number, answer]) => `${number}: ${JSON.stringify(answer)}`).join(", ");
  const more = given ? `, answers={${given}}` : "";
  return `import sopc\n\nwith sopc.open() as library:\n    for row in library.do(${JSON.stringify(said.text)}${more}):\n        print(row)\n`;
}
