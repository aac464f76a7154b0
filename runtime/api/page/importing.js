// A file → how it would be read, as a form: questions are choices, types can be changed; then its rows in a store.

import {call, path, query} from "./api.js";
import {capital, count} from "./format.js";
import {Busy, Choices, Dialog, Fault, tell} from "./parts.js";
import {forgetStores} from "./stores.js";
import {html, useEffect, useRef, useState} from "./view.js";

const KINDS = ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.xlsx,.xls,.xlsm,.xlsb,.ods,.parquet,.gz,.zip";
const TYPES = ["text", "int", "float", "bool", "date", "timestamp"];

/** A place to drop a file on, or to choose one. */
export function FileDrop({databases, done, empty = false, small = false}) {
  const [file, setFile] = useState(null);
  const [over, setOver] = useState(false);
  const input = useRef();
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files.length) setFile(event.dataTransfer.files[0]);
  };
  const drag = (event) => (event.preventDefault(), setOver(true));
  return html`<div class=${`drop${over ? " over" : ""}${small ? " small" : ""}`} onDragOver=${drag} onDragLeave=${() => setOver(false)}
    onDrop=${drop}>
    ${empty && html`<p class="first">There is no data yet. Begin with a file.</p>`}
    <p>Drop a CSV, Excel or JSON file here, or <button type="button" onClick=${() => input.current.click()}>choose a file</button></p>
    <input ref=${input} class="hidden" type="file" accept=${KINDS} tabindex="-1" aria-label="File to import"
      onChange=${(event) => (setFile(event.target.files[0] || null), (event.target.value = ""))} />
    ${file && html`<${ImportDialog} file=${file} databases=${databases} close=${() => setFile(null)} done=${done} />`}
  </div>`;
}

/** `Sales 2026.xlsx` → `sales_2026`. */
function storeName(file) {
  const stem = file.name.replace(/\.(gz|zip)$/i, "").replace(/\.[^.]+$/, "");
  return stem.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "") || "data";
}

export function ImportDialog({file, databases, close, done}) {
  const [database, setDatabase] = useState(databases.includes("main") ? "main" : databases[0] || "main");
  const [store, setStore] = useState(storeName(file));
  const [options, setOptions] = useState({});
  const [report, setReport] = useState(null);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState("");
  const load = (more) => {
    const address = query(path("databases", database, "stores", store), {...options, ...more});
    return call("POST", address, {body: file, type: "application/octet-stream"});
  };
  const look = async () => {
    setBusy("Reading the file …");
    setProblem(null);
    try {
      setReport(await load({dry_run: "true"}));
    } catch (error) {
      setReport(null);
      setProblem(error);
    }
    setBusy("");
  };
  useEffect(() => {
    look();
  }, [JSON.stringify(options)]);
  const take = async () => {
    setBusy("Importing …");
    setProblem(null);
    try {
      const {stores} = await load({});
      forgetStores();
      tell(stores.map((each) => `${each.store}: ${count(each.rows, "row")} imported`).join(", "));
      close();
      done();
    } catch (error) {
      setProblem(error);
      setBusy("");
    }
  };
  const say = (name, value) => setOptions({...options, [name]: value});
  return html`<${Dialog} title=${"Import " + file.name} close=${close}>
    <div class="form-body">
      <div class="bar">
        <label class="field"><span>Name of the data</span><input value=${store} required spellcheck=${false}
          onInput=${(event) => setStore(event.target.value)} /></label>
        ${databases.length > 1 && html`<label class="field"><span>Database</span><select value=${database}
          onChange=${(event) => setDatabase(event.target.value)}>
          ${databases.map((each) => html`<option>${each}</option>`)}</select></label>`}
      </div>
      ${busy && html`<${Busy}>${busy}<//>`}
      ${problem && html`<${ImportProblem} problem=${{...problem, message: problem.message.replace(/^the body\b/i, file.name)}} say=${say} />`}
      ${report && report.stores.map((each) => html`<${Report} report=${each} file=${file.name} options=${options} say=${say} />`)}
      ${report && html`<div class="bar"><button class="main" disabled=${Boolean(busy)}
        onClick=${take}>Import ${count(report.stores.reduce((sum, each) => sum + each.rows, 0), "row")}</button>
        <button onClick=${close}>Cancel</button></div>`}
    </div>
  <//>`;
}

/** A problem whose hint names options (`date_order=dmy for 2026-02-01, or …`) is a question with choices. */
function ImportProblem({problem, say}) {
  const options = [...(problem.hint || "").matchAll(/([a-z_]+)=('[^']*'|"[^"]*"|[^\s,;]+)(?: for (.*?))?(?=,? or [a-z_]+=|, [a-z_]+=|$)/g)].map(
    ([, name, value, text]) => ({value: JSON.stringify([name, value.replace(/^['"]|['"]$/g, "")]), label: text || `${name.replaceAll("_", " ")}: ${value}`}));
  if (!options.length) return html`<${Fault} problem=${problem} title="The file can't be imported like this" />`;
  return html`<div class="card ask"><${Choices} key=${problem.message} legend=${capital(problem.message)}
    options=${options} act=${(value) => say(...JSON.parse(value))} /></div>`;
}

/** What was found in the file; the type of each column can be changed. */
function Report({report, file, options, say}) {
  const types = Object.fromEntries((options.types || "").split(",").filter(Boolean).map((pair) => pair.split("=")));
  const change = (name, type) => say("types", Object.entries({...types, [name]: type}).map((pair) => pair.join("=")).join(","));
  return html`<section>
    <h3>${report.file.replace(/^the body\b/, file)} <span class="faint">${count(report.rows, "row")}</span></h3>
    <div class="scroll" tabindex="0" role="group" aria-label=${"Columns of " + report.file}><table class="few">
      <thead><tr><th scope="col">Column</th><th scope="col">Type</th><th scope="col">Read as</th><th scope="col">Notes</th></tr></thead>
      <tbody>${report.columns.map((each) => html`<tr>
        <th scope="row">${each.name}</th>
        <td><select aria-label=${"Type of " + each.name} value=${each.type.replace("?", "")}
          onChange=${(event) => change(each.name, event.target.value)}>
          ${[...new Set([each.type.replace("?", ""), ...TYPES])].map((type) => html`<option>${type}</option>`)}</select></td>
        <td>${[each.form, each.unit].filter(Boolean).join(", ")}</td>
        <td>${[each.missing ? `${each.missing} missing` : "", each.mostly ? `mostly ${each.mostly}` : "", ...each.notes].filter(Boolean).join("; ")}</td>
      </tr>`)}</tbody>
    </table></div>
    ${report.key.length > 0 && html`<p class="faint">Key: ${report.key.join(", ")}</p>`}
    ${report.references.map((each) => html`<p class="faint">
      ${each.field} → ${each.other_store}.${each.other_field} (${each.found} of ${each.of} values are there)</p>`)}
    ${report.notes.map((note) => html`<p class="note">${capital(note)}</p>`)}
    ${report.left_out_count > 0 && html`<details><summary>${count(report.left_out_count, "line")} left out</summary>
      <ul>${report.left_out.map((each) => html`<li>line ${each.line}: ${each.reason}</li>`)}</ul></details>`}
  </section>`;
}
