// A run → its rows as a table or a chart, what it said, its question, and ways to take the rows along.

import {call, path} from "./api.js";
import {ChartView, chartable} from "./charts.js";
import {capital, count, isNumeric, placesOf, shown} from "./format.js";
import {Answer, Busy, Choices, Fault} from "./parts.js";
import {html, useEffect, useState} from "./view.js";

const PAGE = 100; // rows of the table at a time

/** columns: {name, type, unit}; of those that are not known, the values decide. children: ways to take rows along. */
export function Results({run, columns = [], children}) {
  const [view, setView] = useState("table");
  const known = columnsOf(run, columns);
  const chart = !run.going && run.records.length > 1 ? chartable(known, run.records) : null;
  const views = [["table", "Table"], ...(chart ? [["chart", "Chart"]] : []), ...(run.said.length ? [["said", "Messages"]] : [])];
  const now = views.some(([id]) => id === view) ? view : "table";
  return html`<div class="results">
    ${run.warnings.map((text) => html`<p class="note warn">${text}</p>`)}
    <div class="bar">
      ${views.length > 1 && html`<div class="bar" role="group" aria-label="Show as">
        ${views.map(([id, label]) => html`<button class="tab" aria-pressed=${String(now === id)} onClick=${() => setView(id)}>
          ${label}</button>`)}
      </div>`}
      <${State} run=${run} />
      ${!run.going && !run.fault && run.records.length > 0 && html`<div class="bar along">${children}</div>`}
    </div>
    ${run.question && html`<${RunQuestion} id=${run.id} question=${run.question} />`}
    ${run.fault && html`<${Fault} problem=${run.fault} title="The run failed" />`}
    ${now === "table" && run.records.length > 0 && html`<${Table} run=${run} columns=${known} />`}
    ${now === "table" && run.records.length === 0 && !run.going && !run.fault && html`<${Nothing} run=${run} />`}
    ${now === "chart" && html`<${ChartView} chart=${chart} records=${run.records} />`}
    ${now === "said" && html`<ol class="said">${run.said.map(({kind, text}) => html`<li class=${kind}>${shown(text)}</li>`)}</ol>`}
  </div>`;
}

function State({run}) {
  if (run.going) return html`<p class="state" role="status"><span class="spinner" aria-hidden="true"></span>
    ${count(run.records.length, "row")} so far <button onClick=${() => run.stop()}>Stop</button></p>`;
  if (run.stopped) return html`<p class="state" role="status">Stopped after ${count(run.records.length, "row")}.</p>`;
  if (!run.end) return null;
  const told = run.end.result === null || run.end.result === undefined ? "" : ` · gives ${shown(run.end.result)}`;
  const how = run.end.status === "ok" ? "" : capital(run.end.status) + " · ";
  return html`<p class="state" role="status">
    ${how}${count(run.records.length, "row")} · ${(run.end.ms ?? 0).toLocaleString("en")} ms${told}</p>`;
}

function Nothing({run}) {
  const changed = run.said.filter((each) => each.kind === "command");
  const text = changed.length ? changed.map((each) => capital(each.text)).join(". ") : "No rows: nothing fits what was asked.";
  return html`<p class="empty">${run.end && run.end.status === "ok" ? text : ""}</p>`;
}

/** The names of all records, with types: as they are known, else as the values show. */
function columnsOf(run, columns) {
  return run.names.map((name) => {
    const known = columns.find((each) => each.name === name);
    if (known) return known;
    const values = run.records.slice(0, 200).map((each) => each.result[name]).filter((each) => each !== null && each !== undefined);
    return {name, type: values.length && values.every((each) => typeof each === "number") ? "float" : ""};
  });
}

export const heading = ({name, unit}) => html`${name}${unit && html`<span class="unit"> ${unit}</span>`}`;

function Table({run, columns}) {
  const [page, setPage] = useState(0);
  useEffect(() => setPage(0), [run]);
  const pages = Math.ceil(run.records.length / PAGE);
  const some = run.records.slice(page * PAGE, page * PAGE + PAGE);
  const aligned = columns.map((each) => ({...each, places: placesOf(some.map(({result}) => result[each.name]))}));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Rows">
      <table class="data"><thead><tr>${columns.map((each) => html`<th scope="col" class=${isNumeric(each.type) ? "right" : ""}>
        ${heading(each)}</th>`)}</tr></thead>
      <tbody>${some.map(({result}) => html`<tr>${aligned.map((each) => cell(result[each.name], each))}</tr>`)}</tbody></table>
    </div>
    ${pages > 1 && html`<${Pages} from=${page * PAGE + 1} to=${page * PAGE + some.length} total=${run.records.length}
      back=${page > 0 && (() => setPage(page - 1))} on=${page + 1 < pages && (() => setPage(page + 1))} last=${() => setPage(pages - 1)} />`}`;
}

/** column: its type, and the decimal places that all its numbers are shown with. */
export const cell = (value, {type, places}) =>
  value === null ? html`<td class="null"><span class="faint">empty</span></td>` : html`<td class=${isNumeric(type) ? "right" : ""}>
    ${shown(value, type, places)}</td>`;

/** Ways between the pages of a table. */
export function Pages({from, to, total, back, on, last}) {
  return html`<nav class="bar pages" aria-label="Pages of rows">
    <button disabled=${!back} onClick=${back || undefined}>Previous</button>
    <span>${from.toLocaleString("en")}–${to.toLocaleString("en")} of ${total.toLocaleString("en")}</span>
    <button disabled=${!on} onClick=${on || undefined}>Next</button>
    ${last && html`<button disabled=${!on} onClick=${last}>Last</button>`}
  </nav>`;
}

/** The question of a run, answered here. */
export function RunQuestion({id, question, done = () => {}}) {
  const [state, setState] = useState("asked");
  const [problem, setProblem] = useState(null);
  const answer = async (value) => {
    setState("sent");
    try {
      await call("POST", path("runs", id, "answer"), {body: {value}});
      done();
    } catch (error) {
      setProblem(error);
      setState("asked");
    }
  };
  if (state === "sent") return html`<${Busy}>Going on …<//>`;
  const choices = question.choices || (question.type === "bool" ? [true, false] : null);
  const options = choices && choices.map((value, index) => ({value: String(index), label: shown(value)}));
  return html`<div class="card ask" role="group" aria-label="The run asks">
    ${problem && html`<${Fault} problem=${problem} />`}
    ${options
      ? html`<${Choices} legend=${question.question} options=${options} label="Answer" act=${(index) => answer(choices[index])} />`
      : html`<${Answer} legend=${question.question} value=${"default" in question ? shown(question.default) : ""} act=${answer} />`}
  </div>`;
}
