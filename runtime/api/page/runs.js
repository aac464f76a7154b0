// The runs tab: the runs that the service keeps, one of them, and its frames.

import {call, path} from "./api.js";
import {$, make, tried} from "./dom.js";

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
  $("run-details").replaceChildren(make("table", {}, ...rows), stop);
  const {frames} = going ? await call("GET", path("runs", id, "frames")) : {frames: []};
  $("run-frames").replaceChildren(...frames.map((frame) => make("table", {},
    make("tr", {}, make("th", {}, frame.script), make("td", {}, `step ${frame.step}, line ${frame.line}`)),
    ...Object.entries(frame.variables).map(([name, value]) => make("tr", {}, make("th", {}, name), make("td", {}, JSON.stringify(value)))))));
}

function isGoing(run) {
  return ["running", "waiting-for-answer"].includes(run.status);
}

// A cancelled run ends at its next instruction, some time after the request was answered.
async function ended(id) {
  for (let looks = 0; looks < 50 && isGoing(await call("GET", path("runs", id))); looks++)
    await new Promise((resolve) => setTimeout(resolve, 100));
}
