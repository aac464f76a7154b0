// The recordings tab: steps done one by one, changed, and stored as a script.

import {call, path, send} from "./api.js";
import {$, make, say, tried} from "./dom.js";
import {Results} from "./results.js";

let results;
let session = null; // as the service describes it

export function begin(storedAs) {
  results = new Results($("session-results"), "session");
  $("begin").onsubmit = (event) => {
    event.preventDefault();
    tried(async () => {
      const made = await call("POST", "/sessions", {body: {name: $("session-name").value.trim()}});
      $("session-name").value = "";
      await open(made.name);
      if (made.note) say(made.note);
    });
  };
  $("take").onsubmit = (event) => {
    event.preventDefault();
    tried(take);
  };
  $("step").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      tried(take);
    }
  });
  $("undo").onclick = () => tried(() => change("POST", "undo"));
  $("pause").onclick = () => tried(() => change("POST", session.paused ? "resume" : "pause"));
  $("discard").onclick = () => tried(async () => {
    if (!confirm(`Delete the recording ${session.name}?`)) return;
    await call("DELETE", path("sessions", session.name));
    await close(session.name + " was deleted");
  });
  $("stop").onclick = () => tried(async () => {
    const done = await call("POST", path("sessions", session.name, "stop"), {body: {}});
    await close(`${done.script}: version ${done.version}` + (done.writes.length ? "; no data has changed yet: run it to do so" : ""));
    await storedAs(done.script);
  });
}

export async function list() {
  const {sessions} = await call("GET", "/sessions");
  $("session-list").replaceChildren(...sessions.map(({name}) => {
    const button = make("button", {onclick: () => tried(() => open(name))}, name);
    button.setAttribute("aria-current", session !== null && session.name === name);
    return make("li", {}, button);
  }));
}

async function open(name) {
  show(await call("GET", path("sessions", name)));
  results.clear();
  await list();
  $("step").focus();
}

async function close(text) {
  show(null);
  results.clear();
  say(text);
  await list();
}

function show(said) {
  session = said;
  $("session-title").textContent = said ? said.name + (said.paused ? " (paused: steps run but are not recorded)" : "") : "No recording";
  $("pause").textContent = said && said.paused ? "Resume" : "Pause";
  for (const id of ["undo", "pause", "stop", "discard", "step", "do"]) $(id).disabled = !said;
  const offers = said && said.offers ? said.offers : [];
  $("offers").hidden = !offers.length;
  $("offers").replaceChildren("Used more than once: ", ...offers.map((value) => make("button", {onclick: () => tried(async () => {
    const name = prompt(`Name of the parameter (its default is ${value})`);
    if (name) await change("POST", "parameters", {step: "*", value, name});
  })}, value + " → parameter")));
  $("recorded").textContent = said && said.program ? said.program : "";
  $("steps").replaceChildren(...(said ? said.steps : []).map((step) => {
    const tool = (text, label, act) => make("button", {type: "button", "aria-label": label, title: label, onclick: () => tried(act)}, text);
    const tools = make("span", {className: "tools"},
      tool("✎", `Edit step ${step.number}`, () => edit(step)),
      tool("↑", `Move step ${step.number} up`, () => change("POST", "move", {step: step.number, to: Math.max(1, step.number - 1)})),
      tool("→ parameter", `Make a value in step ${step.number} a parameter`, () => parameter(step)),
      tool("✕", `Remove step ${step.number}`, () => change("DELETE", "steps/" + step.number)));
    const item = make("li", {}, step.text + (step.lines ? ` (${step.lines === 1 ? "1 line" : step.lines + " lines"})` : ""), tools);
    if (step.code.trim() !== step.text.trim()) item.append(make("code", {}, step.code.trim()));
    return item;
  }));
}

const refresh = async () => show(await call("GET", path("sessions", session.name)));

async function change(method, what, body) {
  await call(method, path("sessions", session.name) + "/" + what, body === undefined ? {} : {body});
  await refresh();
}

async function edit(step) {
  const text = prompt("Step " + step.number, step.text);
  if (text !== null) await change("PUT", "steps/" + step.number, {text});
}

async function parameter(step) {
  const value = prompt("Which value? As written in the step, or the field it is compared with.", "value");
  const name = value && prompt("Name of the parameter");
  if (name) await change("POST", "parameters", {step: String(step.number), value, name});
}

async function take() {
  const text = $("step").value.trim();
  if (!session || !text) return;
  const looks = text.startsWith("?");
  const given = text.match(/^given\s+(\w+)\s*=\s*(.+)$/);
  if (given) {
    await change("POST", "given", {name: given[1], value: given[2]});
    $("step").value = "";
    return;
  }
  say("");
  $("do").disabled = true;
  try {
    const body = {text: looks ? text.slice(1).trim() : text};
    const address = path("sessions", session.name, looks ? "look" : "steps");
    const end = await results.follow((signal) => send("POST", address, {body, type: "stream", signal}));
    if (end && end.status === "ok") $("step").value = "";
    await refresh();
  } finally {
    $("do").disabled = false;
    $("step").focus();
  }
}
