// The runs tab: the runs that the service keeps, one of them, and its frames.

import {call, path} from "./api.js";
import {$, make, tried} from "./dom.js";
import {questionForm} from "./results.js";

const WAYS = {interrupted: ["resume", "Go on with this run"], failed: ["retry", "Try this run again"], cancelled: ["retry", "Go on with this run"]};

export function begin() {
  $("look-again").onclick = () => tried(list);
}

export async function list() {
  const {runs} = await call("GET", "/runs");
  $("run-list").replaceChildren(...runs.map((run) =>
    make("li", {}, make("button", {onclick: () => tried(() => open(run.id))}, `${run.script} · ${run.status}`))));
  if (!runs.length) $("run-details").replaceChildren("No runs yet.");
}

async function open(id) {
  const run = await call("GET", path("runs", id));
  const rows = Object.entries(run).map(([name, value]) =>
    make("tr", {}, make("th", {}, name), make("td", {}, typeof value === "object" && value !== null ? JSON.stringify(value) : String(value))));
  const going = isGoing(run);
  const stop = make("button", {disabled: !going, onclick: () => tried(async () => {
    await call("POST", path("runs", id, "cancel"));
    await ended(id);
    await list();
    await open(id);
  })}, "Stop this run");
  const again = async () => {
    await ended(id, "running");
    await list();
    await open(id);
  };
  const ways = run.question ? [questionForm(id, run.question, () => tried(again))] : [];
  const [way, words] = (run.kept && WAYS[run.status]) || [];
  if (way) ways.push(make("button", {onclick: () => tried(async () => {
    await call("POST", path("runs", id, way));
    await again();
  })}, words));
  $("run-details").replaceChildren(make("table", {}, ...rows), ...ways, stop);
  const {frames} = going ? await call("GET", path("runs", id, "frames")) : {frames: []};
  $("run-frames").replaceChildren(...frames.map((frame) => make("table", {},
    make("tr", {}, make("th", {}, frame.script), make("td", {}, `step ${frame.step}, line ${frame.line}`)),
    ...Object.entries(frame.variables).map(([name, value]) => make("tr", {}, make("th", {}, name), make("td", {}, JSON.stringify(value)))))));
}

function isGoing(run) {
  return ["running", "waiting"].includes(run.status);
}

// A run that is cancelled ends at its next instruction, some time after the request was answered; one that goes on, later.
async function ended(id, ...status) {
  const going = (run) => status.length ? status.includes(run.status) : isGoing(run);
  for (let looks = 0; looks < 50 && going(await call("GET", path("runs", id))); looks++)
    await new Promise((resolve) => setTimeout(resolve, 100));
}
