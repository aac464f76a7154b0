// Runs: those that the service keeps and has under way → one run with its lines, its error, its question; schedules.

import {LINES, call, path, query, send} from "./api.js";
import {count, moment, shown} from "./format.js";
import {Busy, Fault, tell} from "./parts.js";
import {Results, RunQuestion} from "./results.js";
import {Run} from "./run.js";
import {Fragment, html, useEffect, useState} from "./view.js";

const STATUSES = ["ok", "failed", "running", "waiting", "cancelled", "interrupted", "pending"];
const GOING = new Set(["running", "waiting", "pending"]);
const WAYS = {interrupted: ["resume", "Go on with this run"], failed: ["retry", "Try this run again"], cancelled: ["retry", "Go on with this run"]};
const LOOK = 1000; // milliseconds between looks at a run that goes on

export function RunsView({rest}) {
  const [id] = rest;
  return id ? html`<${RunView} key=${id} id=${id} />` : html`<${RunList} />`;
}

function RunList() {
  const [runs, setRuns] = useState(null);
  const [problem, setProblem] = useState(null);
  const [status, setStatus] = useState("");
  const load = () => call("GET", query("runs", {status})).then((said) => (setRuns(said.runs), setProblem(null)), setProblem);
  useEffect(() => {
    load();
  }, [status]);
  if (problem) return html`<${Fault} problem=${problem} />`;
  return html`<div class="work">
    <div class="bar spread"><h1>Runs</h1><div class="bar">
      <label>Status <select value=${status} onChange=${(event) => setStatus(event.target.value)}><option value="">all</option>
        ${STATUSES.map((each) => html`<option>${each}</option>`)}</select></label>
      <button onClick=${load}>Refresh</button></div></div>
    ${!runs ? html`<${Busy}>Looking at the runs …<//>` : runs.length === 0 ? html`<p class="empty">No runs yet.</p>`
      : html`<div class="scroll" tabindex="0" role="group" aria-label="Runs"><table class="data"><thead><tr>
          ${["When", "Script", "Who", "Rows", "Time", "Status"].map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
        <tbody>${runs.map((run) => html`<tr><td><a href=${"#/runs/" + encodeURIComponent(run.id)}>${moment(run.started)}</a></td><td>
          ${run.script}</td><td>${run.token}</td>
          <td class="right">${run.records ?? ""}</td><td class="right">${lasted(run)}</td><td><${Status} status=${run.status} /></td>
            </tr>`)}</tbody></table></div>`}
    <${Schedules} />
  </div>`;
}

const lasted = (run) => (run.ms === undefined ? "" : run.ms.toLocaleString("en") + " ms");
const SIGNS = {ok: "✓", failed: "✗", cancelled: "–", waiting: "?", running: "…", interrupted: "!", pending: "…"};
const Status = ({status}) => html`<span class=${"status " + status}><span aria-hidden="true">${SIGNS[status] || ""} </span>
  ${status}</span>`;

function RunView({id}) {
  const [run, setRun] = useState(null);
  const [problem, setProblem] = useState(null);
  const load = () => call("GET", path("runs", id)).then(setRun, setProblem);
  useEffect(() => {
    load();
  }, []);
  useEffect(() => {
    if (!run || !GOING.has(run.status)) return undefined;
    const timer = setTimeout(load, LOOK);
    return () => clearTimeout(timer);
  }, [run]);
  if (problem) return html`<div class="work"><a href="#/runs">All runs</a><${Fault} problem=${problem} /></div>`;
  if (!run) return html`<${Busy}>Opening the run …<//>`;
  const act = (way) => call("POST", path("runs", id, way)).then(load, (error) => tell(error.message));
  const [way, words] = (run.kept && WAYS[run.status]) || [];
  return html`<div class="work">
    <a href="#/runs">All runs</a>
    <div class="bar spread"><h1>${run.script} <${Status} status=${run.status} /></h1>
      <div class="bar">${GOING.has(run.status) && html`<button onClick=${() => act("cancel")}>Stop this run</button>`}${way && html`<button
        onClick=${() => act(way)}>${words}</button>`}</div></div>
    <p class="faint" role="status">
      ${moment(run.started)} · ${run.token} · ${run.records === undefined ? "" : count(run.records, "row") + " · "}${lasted(run)}${
      run.result === null || run.result === undefined ? "" : " · gives " + shown(run.result)}</p>
    ${run.question && html`<${RunQuestion} id=${id} question=${run.question} done=${load} />`}
    ${run.error && html`<${RunError} run=${run} />`}
    ${run.lines && html`<${RunLines} key=${run.status} id=${id} />`}
    ${GOING.has(run.status) && html`<${Frames} run=${run} />`}
  </div>`;
}

/** What failed, once, with the program and its step lit. */
function RunError({run}) {
  const {error} = run;
  const [views, setViews] = useState(null);
  useEffect(() => {
    call("GET", path("scripts", `${error.script || run.script}@${run.version}`)).then((script) => setViews(script.views), () => {});
  }, []);
  const step = views && views.steps.find((each) => each.path === error.step);
  const isLit = (line) => step && step.line <= line && line <= step.last_line;
  return html`<${Fragment}><${Fault} problem=${{...error, findings: []}}
    title=${error.step ? `Step ${error.step} failed` : "The run failed"} />
    ${step && html`<pre class="source" tabindex="0" role="group" aria-label="Program">${views.source.trimEnd().split("\n").map((text, at) =>
      html`<span class=${isLit(at + 1) ? "line lit" : "line"}>${isLit(at + 1) ? "▸ " : "  "}${text}\n</span>`)}</pre>`}<//>`;
}

/** The lines of a run, as far as they are kept. */
function RunLines({id}) {
  const [run] = useState(() => new Run(() => draw((each) => each + 1)));
  const [, draw] = useState(0);
  useEffect(() => {
    run.follow((signal) => send("GET", path("runs", id, "lines"), {accept: LINES, signal}));
    return () => run.stop();
  }, []);
  run.question = null; // it is shown above
  if (run.fault) return null; // it is shown above, or the lines are kept no longer
  return html`<${Results} run=${run} />`;
}

function Frames({run}) {
  const [frames, setFrames] = useState([]);
  useEffect(() => {
    call("GET", path("runs", run.id, "frames")).then((said) => setFrames(said.frames), () => {});
  }, [run.status]);
  return frames.map((frame) => html`<section class="card"><h2>${frame.script} <span
    class="faint">step ${frame.step}, line ${frame.line}</span></h2>
    <table class="few"><tbody>${Object.entries(frame.variables).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>
      ${shown(value)}</td></tr>`)}</tbody></table></section>`);
}

function Schedules() {
  const [found, setFound] = useState(null);
  useEffect(() => {
    call("GET", "schedules").then(setFound, () => {}); // it needs the right of an admin
  }, []);
  if (!found || !found.schedules.length) return null;
  return html`<section><h2>Schedules</h2>${!found.served && html`<p class="note warn">No worker is running, so none of them begins.</p>`}
    <div class="scroll" tabindex="0" role="group" aria-label="Schedules"><table class="data"><thead><tr>
      ${["Name", "Script", "When", "Next", "Last", "Status"].map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
    <tbody>${found.schedules.map((each) => html`<tr><th scope="row">${each.name}</th><td>${each.script}</td><td>${each.cron} ${each.tz}</td>
      <td>${each.paused ? "paused" : each.next ? moment(each.next) : ""}</td>
      <td>${each.last ? moment(each.last) : ""}</td><td>
        ${each.problem || (each.status ? html`<${Status} status=${each.status} />` : "")}</td></tr>`)}</tbody></table></div></section>`;
}
