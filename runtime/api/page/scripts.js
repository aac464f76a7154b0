// Scripts: the library → one script's form, its run, its examples, its versions, and how it works.

import {LINES, call, download, path, query, send} from "./api.js";
import {count, curlOf, inShell} from "./format.js";
import {Fields, argumentsOf} from "./form.js";
import {Panes} from "./panes.js";
import {Busy, ConfirmChange, Fault, Menu, copy, tell} from "./parts.js";
import {Results} from "./results.js";
import {Run} from "./run.js";
import {SideList} from "./side.js";
import {Fragment, html, useEffect, useState} from "./view.js";

const PATIENCE = 600; // seconds that a question waits for its answer

const placeOf = (name) => "#/scripts/" + encodeURIComponent(name);
const remembered = () => localStorage.getItem("panes") === "open";

export function ScriptsView({rest, params}) {
  const [scripts, setScripts] = useState(null);
  const [problem, setProblem] = useState(null);
  const [name] = rest;
  const load = () => call("GET", "scripts").then((found) => setScripts(found.scripts), setProblem);
  useEffect(() => {
    load();
  }, [name]);
  if (problem) return html`<${Fault} problem=${problem} />`;
  if (!scripts) return html`<${Busy}>Looking at the scripts …<//>`;
  const items = scripts.map((each) => ({href: placeOf(each.name), label: each.name, title: each.doc || each.head, now: each.name === name}));
  return html`<div class="sides">
    <${SideList} label="Scripts" items=${items}><a class="button" href="#/scripts/?new=1">New script</a><//>
    <div class="work">
      ${name ? html`<${ScriptView} key=${name} name=${name} params=${params} reload=${load} />`
        : params.new ? html`<${Fragment}><h1>New script</h1>
          <${Panes} key="new" script=${null} stored=${(made) => (location.hash = placeOf(made))} /><//>`
        : html`<h1>Scripts</h1><p class="empty">${scripts.length ? "Choose a script, or write a new one." : html`There is no script yet. <a
          href="#/ask">Ask a question</a> and save it, or write a new one.`}</p>`}
    </div>
  </div>`;
}

function ScriptView({name, params, reload}) {
  const [script, setScript] = useState(null);
  const [problem, setProblem] = useState(null);
  const [values, setValues] = useState(params);
  const [state, setState] = useState({});
  const [open, setOpen] = useState(remembered());
  const [, draw] = useState(0);
  const load = () => call("GET", path("scripts", name)).then(setScript, setProblem);
  useEffect(() => {
    load();
  }, []);
  if (problem) return html`<${Fault} problem=${problem} />`;
  if (!script) return html`<${Busy}>Opening ${name} …<//>`;
  const schema = script.schema.parameters;
  const {writes} = script.effects;
  const given = () => argumentsOf(schema, values);

  const play = async (options) => {
    const run = new Run(() => draw((each) => each + 1));
    setState({run: options.dry_run ? null : run, trying: options.dry_run ? run : null});
    const args = given();
    const address = query(path("play", name), {wait: PATIENCE, ...options});
    const end = await run.follow((signal) => send("POST", address, {body: args, accept: LINES, signal}));
    return {end, run};
  };
  const begin = async (event) => {
    event.preventDefault();
    try {
      given();
    } catch (error) {
      tell("A value is not JSON: " + error.message);
      return;
    }
    if (!writes.length) {
      await play({});
      return;
    }
    const {end, run} = await play({dry_run: "true"});
    setState(end && end.changes ? {changes: end.changes} : {run});
  };
  const remove = async () => {
    if (!confirm(`Remove ${name} and all its versions?`)) return;
    try {
      await call("DELETE", path("scripts", name));
      tell(name + " was removed");
      location.hash = "#/scripts";
      reload();
    } catch (error) {
      setProblem(error);
    }
  };
  const toggle = (event) => {
    setOpen(event.target.open);
    localStorage.setItem("panes", event.target.open ? "open" : "");
  };
  const isTold = ([key, value]) => value !== "" && schema.properties[key] && !schema.properties[key].writeOnly;
  const told = Object.fromEntries(Object.entries(values).filter(isTold)); // no secret goes into a link or a command
  const stored = (made) => {
    if (made !== name) location.hash = placeOf(made);
    else Promise.all([load(), reload()]);
  };
  return html`<${Fragment}>
    <div class="bar spread"><h1>${name}</h1><${Menu} label="More" actions=${[["Remove", remove]]} /></div>
    ${script.doc && html`<p>${script.doc}</p>`}
    ${script.sentences.length > 0 && html`<ol class="sentences">${script.sentences.map((text) => html`<li>${text}</li>`)}</ol>`}
    <p class="faint">${script.explained ? script.explained.about.join(" ") : script.effects.writes.join(", ")}</p>
    <form class="card form" onSubmit=${begin} aria-label=${"Run " + name}>
      <${Fields} schema=${schema} values=${values} change=${(key, value) => setValues((before) => ({...before, [key]: value}))} />
      <div><button class="main" disabled=${Boolean(state.run && state.run.going)}>Run</button></div>
    </form>
    ${state.trying && html`<${Busy}>A dry run counts the changes … <button onClick=${() => state.trying.stop()}>Stop</button><//>`}
    ${state.changes && html`<${ConfirmChange} changes=${state.changes} act=${() => play({})} cancel=${() => setState({cancelled: true})} />`}
    ${state.cancelled && html`<p class="note" role="status">Cancelled. Nothing was changed.</p>`}
    ${state.run && html`<${Results} run=${state.run} columns=${columnsOf(script.schema.emits)}>
      <${Along} name=${name} values=${told} args=${given} /><//>`}
    <${Examples} name=${name} />
    <${Versions} name=${name} now=${script.version} />
    <details class="fold" open=${open} onToggle=${toggle}><summary>How it works: English | Program | Bytecode</summary>
      ${open && html`<${Panes} key=${script.hash} script=${script} stored=${stored} />`}</details>
  <//>`;
}

const columnsOf = (emits) =>
  Object.entries((emits && emits.properties) || {}).map(([name, schema]) => ({name, type: columnType(schema), unit: null}));

function columnType(schema) {
  if (schema.anyOf) return (schema.anyOf.find((each) => each.description) || schema).description || columnType(schema.anyOf[0]);
  const type = [schema.type].flat()[0];
  return {date: "date", "date-time": "timestamp"}[schema.format] || {integer: "int", number: "float", boolean: "bool", string: "text"}[type] || "";
}

/** Ways to take the rows along. */
function Along({name, values, args}) {
  const save = (format, ending) => download("POST", query(path("play", name), {format}), {body: args(), accept: "*/*"}, name + ending);
  const link = new URL(query("#/scripts/" + encodeURIComponent(name), values), document.baseURI).href;
  const address = new URL(path("play", name), document.baseURI).href;
  const given = Object.entries(values).map(([key, value]) => " " + inShell(`${key}=${value}`)).join("");
  const call = `library.run(${JSON.stringify(name)}, **${JSON.stringify(values)})`;
  const python = `import sopc\n\nwith sopc.open() as library:\n    for row in ${call}:\n        print(row)\n`;
  return html`<${Fragment}>
    <button onClick=${() => save("csv", ".csv")}>CSV</button>
    <button onClick=${() => save("xlsx", ".xlsx")}>Excel</button>
    <button onClick=${() => copy(link, "Link")}>Link</button>
    <${Menu} label="More" actions=${[
      ["Copy as curl", () => copy(curlOf(values, address), "curl command")],
      ["Copy as sopvm command", () => copy(`sopvm run ${inShell(name)}${given}`, "Command")],
      ["Copy as Python", () => copy(python, "Python")],
    ]} />
  <//>`;
}

function Examples({name}) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    call("GET", path("scripts", name, "examples")).then((said) => setFound(said.examples), () => setFound([]));
  }, [name]);
  if (!found || !found.length) return null;
  const failed = found.filter((each) => !each.holds).length;
  return html`<details class="fold" open=${failed > 0}><summary>
    ${count(found.length, "example")}${failed ? `, ${failed} failed` : ", all hold"}</summary>
    <ul class="examples">${found.map((each) => html`<li><span class=${each.holds ? "good" : "bad"}>
      ${each.holds ? "✓ holds" : "✗ fails"}</span> ${each.title}
      ${each.findings.map((text) => html`<p class="bad">${text}</p>`)}</li>`)}</ul></details>`;
}

function Versions({name, now}) {
  const [found, setFound] = useState([]);
  useEffect(() => {
    call("GET", path("scripts", name, "versions")).then((said) => setFound(said.versions), () => {});
  }, [name, now]);
  if (!found.length) return null;
  return html`<details class="fold"><summary>${count(found.length, "version")}</summary>
    <table class="few"><thead><tr><th scope="col">Version</th><th scope="col">When</th><th scope="col">By</th><th scope="col">Tags</th></tr>
      </thead>
    <tbody>${[...found].reverse().map((each) => html`<tr><th scope="row">${each.version}${each.version === now ? " (now)" : ""}</th><td>
      ${new Date(each.when).toLocaleString("en-GB")}</td>
      <td>${each.provenance.translator || "hand"}</td><td>${each.tags.join(", ")}</td></tr>`)}</tbody></table></details>`;
}
