// A script → its English, its program and its bytecode side by side; what belongs together is lit, edits are checked.

import {call, path, query as withQuery} from "./api.js";
import {Editor} from "./editor.js";
import {Fault, tell} from "./parts.js";
import {Reading} from "./reading.js";
import {asWritten, linesIn, sentenceOf, sentencesIn, stepsOf} from "./sides.js";
import {html, useEffect, useRef, useState} from "./view.js";

const QUIET = 400; // milliseconds without a keystroke before a check
const FRESH = {views: null, origin: "program", answers: {}, lit: new Set(), checked: null, problem: null, said: "", clean: true};

/** script: as the service describes it, or null for a new one; stored: is told the name of what was stored. */
export function Panes({script, stored}) {
  const [name, setName] = useState(script ? script.name : "");
  const [state, setState] = useState(FRESH);
  const hosts = {english: useRef(), program: useRef()};
  const editors = useRef({});
  const now = useRef(state); // what handlers of the editors see
  now.current = {...state, name};
  const change = (values) => setState((before) => ({...before, ...values}));

  useEffect(() => {
    const point = (steps) => change({lit: new Set(steps)});
    editors.current = {
      english: new Editor(hosts.english.current, {
        label: "English", placeholder: "Show the name and salary of the employees in Sales.",
        changed: () => edited("english", {answers: {}}),
        pointed: (group) => point(group === null || !now.current.views ? [] : stepsOf(now.current.views, group)),
      }),
      program: new Editor(hosts.program.current, {
        label: "Program", coloured: true, placeholder: "script audit(floor: int = 150000)\n  emit from employees where salary > floor\nend",
        changed: () => edited("program"), pointed: (group) => point(group === null ? [] : [group]),
      }),
    };
    if (script) {
      editors.current.english.show(asWritten(script.sentences, script.views));
      editors.current.program.show(script.source);
      show(script, {origin: script.sentences.length ? "english" : "program"});
    }
  }, []);

  useEffect(() => {
    const {english, program} = editors.current;
    english.light(new Set(state.views ? [...state.lit].map((step) => sentenceOf(state.views, step)) : []));
    program.light(state.lit);
  }, [state.lit, state.views]);

  const timer = useRef(0);
  const checks = useRef(0);
  const edited = (pane, more = {}) => {
    change({origin: pane, views: null, checked: null, problem: null, clean: false, ...more});
    clearTimeout(timer.current);
    timer.current = setTimeout(check, QUIET);
  };

  /** Show what belongs together in a checked script. */
  function show(checked, more = {}) {
    const {english, program} = editors.current;
    const {views} = checked;
    english.show(english.text, sentencesIn(english.text, views.sentences));
    const steps = program.text === views.source ? views.steps : checked.steps.map((step) => ({...step, last_line: step.line}));
    program.show(program.text, linesIn(program.text, steps));
    change({views, checked, problem: null, ...more});
  }

  const put = (options, origin, answers) => {
    const given = Object.entries(answers).map((pair) => pair.join("=")).join(",");
    const body = editors.current[origin].text;
    const address = withQuery(path("scripts", now.current.name.trim()), {...options, answer: origin === "english" ? given : ""});
    return call("PUT", address, {body, type: (origin === "english" ? "text/plain" : "text/x-sop") + "; charset=utf-8"});
  };

  async function check(answers = now.current.answers) {
    const number = ++checks.current;
    const {origin} = now.current;
    const pane = editors.current[origin];
    const head = origin === "program" && pane.text.match(/^\s*script\s+([\p{L}_][\p{L}\d_]*)/mu);
    if (head) {
      setName(head[1]);
      now.current.name = head[1];
    }
    if (!pane.text.trim() || !now.current.name.trim()) return change({said: pane.text.trim() ? "Give the script a name." : ""});
    try {
      const checked = await put({dry_run: "true"}, origin, answers);
      if (number !== checks.current) return undefined;
      pane.complain([]);
      if (origin === "english") editors.current.program.show(checked.source);
      show(checked, {answers, said: checked.translator ? "Translated by " + checked.translator + "." : "No findings."});
    } catch (problem) {
      if (number !== checks.current) return undefined;
      const asks = problem.question !== undefined;
      pane.complain(asks ? [] : problem.findings.length ? problem.findings : [problem]);
      change({problem, said: asks ? "1 question" : problem.findings.length > 1 ? problem.findings.length + " findings" : "1 finding"});
    }
    return undefined;
  }

  async function save(yes = false) {
    const {origin, answers} = now.current;
    try {
      const done = await put(yes ? {yes: "true"} : {}, origin, answers);
      tell(`${done.name}: version ${done.version}${done.unchanged ? ", unchanged" : ""}`);
      stored(done.name);
    } catch (problem) {
      change({problem});
    }
  }

  const {views, checked, problem, lit, origin, clean} = state;
  const stale = (pane) => (views || pane === origin || clean ? "pane" : "pane stale");
  const point = (index) => change({lit: new Set(index === null || index === undefined ? [] : [index])});
  return html`<div class="engineer">
    <div class="bar"><label>Name <input value=${name} spellcheck=${false} placeholder="audit_salary"
      onInput=${(event) => (setName(event.target.value), edited(origin))} /></label>
      <button class="main" disabled=${!checked || clean} onClick=${() => save()}>Save</button>
      <span role="status" class="faint">${state.said}</span></div>
    ${problem && problem.question !== undefined && html`<${Reading} problem=${problem} pick=${(answer) => {
      const answers = {...state.answers, [problem.sentence]: answer};
      change({answers});
      check(answers);
    }} />`}
    ${problem && problem.code === "C0108" && html`<div class="card warn" role="alert"><p>${problem.message}</p>
      <button class="danger" onClick=${() => save(true)}>Store it</button></div>`}
    ${problem && !problem.findings.length && problem.question === undefined && problem.code !== "C0108" && html`<${Fault} problem=${problem} />`}
    <div class="panes">
      <section class=${stale("english")} id="english" aria-label="English"><h2>English</h2><div class="host" ref=${hosts.english}></div>
        </section>
      <section class=${stale("program")} id="program" aria-label="Program"><h2>Program</h2><div class="host" ref=${hosts.program}></div>
        </section>
      <section class=${stale("code")} id="bytecode" aria-label="Bytecode"><h2>Bytecode</h2>
        <${Code} code=${views ? views.code : []} lit=${lit} point=${point} /></section>
    </div>
  </div>`;
}

/** The instructions; arrow keys move through them. */
function Code({code, lit, point}) {
  const [at, setAt] = useState(-1);
  const list = useRef();
  const move = (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step || !code.length) return;
    event.preventDefault();
    const next = Math.min(code.length - 1, Math.max(0, at + step));
    setAt(next);
    point(code[next].step);
    list.current.children[next].scrollIntoView({block: "nearest"});
  };
  return html`<ol class="code" id="code" ref=${list} tabindex="0" role="listbox" aria-label="Bytecode" onKeyDown=${move}
    onMouseLeave=${() => point(null)}
    aria-activedescendant=${at >= 0 && at < code.length ? "code-" + at : undefined}>
    ${code.map((line, index) => html`<li role="option" id=${"code-" + index} aria-selected=${String(index === at)}
      class=${line.step !== null && lit.has(line.step) ? "lit" : ""}
      onMouseMove=${() => point(line.step)}><b>${line.pc}</b>${line.text}</li>`)}
  </ol>`;
}
