// A question that a text leaves open → its readings with what each does on the data; a click picks one.

import {make} from "./dom.js";

const shown = (value) => (value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value));
const rows = (count) => (count === null ? "many rows" : count === 1 ? "1 row" : count.toLocaleString() + " rows");

/** A table of rows that are alike; none for no rows. */
function table(caption, found) {
  if (!found.length) return [];
  const names = Object.keys(found[0]);
  return [make("table", {},
    make("caption", {}, caption),
    make("tr", {}, ...names.map((name) => make("th", {}, name))),
    ...found.map((row) => make("tr", {}, ...names.map((name) => make("td", {}, shown(row[name]))))))];
}

/** problem: of code T0210. pick: is told the answer, the number of a reading or a text. */
export function ask(host, problem, pick) {
  const readings = problem.readings || (problem.choices || []).map((said, index) => ({number: index + 1, said, only: []}));
  const items = readings.map((one) => {
    const told = one.does ? make("small", {}, `${one.does} ${rows(one.rows)}`) : "";
    const button = make("button", {type: "button", onclick: () => pick(String(one.number))}, make("span", {}, one.said), told);
    return make("li", {}, button, ...table("only this one", one.only), ...table("the first", one.first ? [one.first] : []));
  });
  const about = make("strong", {}, `Sentence ${problem.sentence}: ${problem.question}`);
  if (items.length) return host.replaceChildren(about, make("ol", {}, ...items));
  const input = make("input", {"aria-label": "Answer"});
  const form = make("form", {}, input, make("button", {className: "main"}, "Answer"));
  form.onsubmit = (event) => {
    event.preventDefault();
    if (input.value.trim()) pick(input.value.trim());
  };
  return host.replaceChildren(about, form);
}
