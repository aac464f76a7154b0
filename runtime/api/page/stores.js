// The databases that the service shows → their stores, and questions that a newcomer may ask about them.

import {call, path} from "./api.js";
import {isNumeric} from "./format.js";

let known = null;

/** [{database, name, fields, …}] of all databases; read again after `forgetStores`. */
export function allStores() {
  known ||= loaded().catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

export const forgetStores = () => (known = null);

async function loaded() {
  const {databases} = await call("GET", "databases");
  const some = await Promise.all(databases.map(({name}) => call("GET", path("databases", name)).catch(() => ({stores: {}}))));
  return {
    databases: databases.map(({name}) => name),
    stores: databases.flatMap(({name}, at) => Object.entries(some[at].stores).map(([store, said]) => ({database: name, name: store, ...said}))),
  };
}

/** Questions in English about the first stores. */
export function examples(stores) {
  const found = [];
  for (const {name, fields, primary_key: key, references} of stores.slice(0, 3)) {
    const keys = new Set([...(key || []), ...(references || []).flatMap((each) => each.fields)]);
    const free = fields.filter((each) => !keys.has(each.name) && !/(^|_)id$/.test(each.name));
    const number = free.find((each) => isNumeric(each.type));
    const text = free.find((each) => each.type === "text" && !/name|title|label|note/.test(each.name)) || free.find((each) => each.type === "text");
    if (number) found.push(`Show the 5 ${name} with the highest ${number.name}.`);
    if (text) found.push(`Show the number of ${name} per ${text.name}.`);
  }
  return found.slice(0, 4);
}
