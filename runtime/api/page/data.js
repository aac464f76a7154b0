// The data tab: the databases' stores, their fields and keys.

import {call, path} from "./api.js";
import {$, make, tried} from "./dom.js";

export async function list() {
  const {databases} = await call("GET", "/databases");
  $("database-list").replaceChildren(...databases.map(({name}) =>
    make("li", {}, make("button", {onclick: () => tried(() => open(name))}, name))));
  if (databases.length) await open(databases[0].name);
}

async function open(name) {
  const {stores} = await call("GET", path("databases", name));
  const all = Object.entries(stores);
  $("stores").replaceChildren(make("h2", {}, name), ...all.flatMap(([store, said]) => [
    make("h3", {}, store),
    make("table", {}, ...said.fields.map((field) => {
      const other = (said.references || []).find((key) => key.fields.includes(field.name));
      const note = (said.primary_key || []).includes(field.name) ? "key" : other ? "→ " + other.store : "";
      return make("tr", {}, make("th", {}, field.name), make("td", {}, field.type), make("td", {}, note));
    })),
  ]), all.length ? "" : "No stores.");
}
