// Data: the stores of the databases → the rows of one, sorted, filtered and paged by the service; its fields; imports.

import {call, path, query} from "./api.js";
import {capital, count, isNumeric, named, placesOf, quoted} from "./format.js";
import {FileDrop} from "./importing.js";
import {Busy, Fault} from "./parts.js";
import {Pages, cell, heading} from "./results.js";
import {allStores} from "./stores.js";
import {SideList} from "./side.js";
import {Fragment, html, useEffect, useState} from "./view.js";

const AT_ONCE = 50;

export function DataView({rest}) {
  const [known, setKnown] = useState(null);
  const [problem, setProblem] = useState(null);
  const load = () => allStores().then(setKnown, setProblem);
  useEffect(() => {
    load();
  }, []);
  if (problem) return html`<${Fault} problem=${problem} />`;
  if (!known) return html`<${Busy}>Looking at the data …<//>`;
  const [database, name] = rest;
  const store = known.stores.find((each) => each.database === database && each.name === name) || known.stores[0];
  const several = known.databases.length > 1;
  const items = known.stores.map((each) => ({
    href: "#/data/" + path(each.database, each.name),
    label: several ? `${each.database}.${each.name}` : each.name,
    now: each === store,
  }));
  return html`<div class="sides">
    <${SideList} label="Stores" items=${items}><${FileDrop} databases=${known.databases} done=${load} small /><//>
    <div class="work">
      ${store ? html`<${StoreView} key=${store.database + "/" + store.name} store=${store} />`
        : html`<h1>Data</h1><${FileDrop} databases=${known.databases} done=${load} empty />`}
    </div>
  </div>`;
}

function StoreView({store}) {
  const [view, setView] = useState("rows");
  const [asked, setAsked] = useState({after: 0, order: "", where: ""});
  const [page, setPage] = useState(null);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    let left = false;
    const address = query(path("databases", store.database, "stores", store.name), {...asked, limit: AT_ONCE});
    call("GET", address).then((found) => left || (setPage(found), setProblem(null)), (error) => left || setProblem(error));
    return () => (left = true);
  }, [asked]);
  return html`<${Fragment}>
    <div class="bar spread"><h1>${store.name}</h1><p class="faint" role="status">
      ${page ? count(page.total, "row") : ""}${asked.where ? " fit the filter" : ""}</p></div>
    <div class="bar" role="group" aria-label="Show"><button class="tab" aria-pressed=${String(view === "rows")}
      onClick=${() => setView("rows")}>Rows</button>
      <button class="tab" aria-pressed=${String(view === "fields")} onClick=${() => setView("fields")}>Fields</button></div>
    ${view === "fields" ? html`<${FieldList} store=${store} />` : html`<${Fragment}>
      <${Filter} fields=${store.fields} apply=${(where) => setAsked({...asked, where, after: 0})} />
      ${problem ? html`<${Fault} problem=${problem} />`
        : page ? html`<${RowTable} store=${store} page=${page} asked=${asked} ask=${setAsked} />`
        : html`<${Busy}>Reading rows …<//>`}
    <//>`}
  <//>`;
}

function RowTable({store, page, asked, ask}) {
  if (!page.rows.length) return html`<p class="empty">${asked.where ? "No row fits the filter." : "There are no rows yet."}</p>`;
  const columns = store.fields.map(({name, type}) => ({name, type, places: placesOf(page.rows.map((row) => row[name]))}));
  const turn = (name) => ask({...asked, after: 0, order: asked.order === name ? "-" + name : asked.order === "-" + name ? "" : name});
  const sorted = (name) => (asked.order === name ? "ascending" : asked.order === "-" + name ? "descending" : "none");
  const back = asked.after > 0 && (() => ask({...asked, after: Math.max(0, asked.after - AT_ONCE)}));
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${"Rows of " + store.name}><table class="data">
      <thead><tr>${store.fields.map((field) => html`<th scope="col" aria-sort=${sorted(field.name)}
        class=${isNumeric(field.type) ? "right" : ""}>
        <button class="sort" onClick=${() => turn(field.name)}>${heading(field)}<span aria-hidden="true">
          ${{ascending: " ▲", descending: " ▼", none: ""}[sorted(field.name)]}</span></button></th>`)}</tr></thead>
      <tbody>${page.rows.map((row) => html`<tr>${columns.map((each) => cell(row[each.name] ?? null, each))}</tr>`)}</tbody>
    </table></div>
    <${Pages} from=${page.after + 1} to=${page.after + page.rows.length} total=${page.total}
      back=${back} on=${page.next !== null && (() => ask({...asked, after: page.next}))} />
    ${page.next === null && page.after + page.rows.length < page.total && html`<p
      class="faint">Rows after the first ${page.most.toLocaleString("en")} are not paged: filter, or ask a question.</p>`}`;
}

/** A field, an operator and a value → a condition of the language. */
function Filter({fields, apply}) {
  const [field, setField] = useState(fields[0].name);
  const [how, setHow] = useState("");
  const [value, setValue] = useState("");
  const chosen = fields.find((each) => each.name === field);
  const ways = chosen.type === "text" ? TEXT_WAYS : PLAIN_WAYS;
  const way = how in ways ? how : Object.keys(ways)[0];
  const submit = (event) => {
    event.preventDefault();
    apply(ways[way](named(field), value, chosen.type));
  };
  return html`<form class="bar filter" onSubmit=${submit} aria-label="Filter">
    <select aria-label="Field" value=${field} onChange=${(event) => setField(event.target.value)}>${fields.map((each) => html`<option>
      ${each.name}</option>`)}</select>
    <select aria-label="How" value=${way} onChange=${(event) => setHow(event.target.value)}>${Object.keys(ways).map((each) => html`<option>
      ${each}</option>`)}</select>
    ${ways[way].length > 1 && html`<input aria-label="Value" value=${value} onInput=${(event) => setValue(event.target.value)}
      placeholder="value" />`}
    <button>Filter</button><button type="button" onClick=${() => (setValue(""), apply(""))}>Show all</button>
  </form>`;
}

const literal = (value, type) => {
  if (isNumeric(type)) return value.replaceAll(",", "").trim() || "0";
  if (type === "bool") return /^(yes|true|1)$/i.test(value.trim()) ? "true" : "false";
  return type === "date" || type === "timestamp" ? `${type} ${quoted(value.trim())}` : quoted(value);
};
const compared = (sign) => (name, value, type) => `${name} ${sign} ${literal(value, type)}`;
const pattern = (value) => value.replace(/[\\%_]/g, "\\$&");
const EMPTY_WAYS = {"is empty": (name) => `${name} is null`, "is not empty": (name) => `${name} is not null`};
const contains = (name, value) => `${name} like ${quoted("%" + pattern(value) + "%")} ignoring case`;
const TEXT_WAYS = {contains, is: compared("="), "is not": compared("<>"), ...EMPTY_WAYS};
const PLAIN_WAYS = {is: compared("="), "at least": compared(">="), "at most": compared("<="), "is not": compared("<>"), ...EMPTY_WAYS};

function FieldList({store}) {
  const notes = (field) => [
    (store.primary_key || []).includes(field.name) ? "key" : "",
    ...store.references.filter((each) => each.fields.includes(field.name))
      .map((each) => `→ ${each.store}.${each.other_fields[each.fields.indexOf(field.name)]}`),
    field.nullable ? "" : "never empty", field.generated ? "worked out by the database" : "", field.mostly ? `mostly ${field.mostly}` : "",
  ].filter(Boolean).join(", ");
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${"Fields of " + store.name}><table class="few"><thead><tr>
    <th scope="col">Field</th><th scope="col">Type</th><th scope="col">Unit</th><th scope="col">Notes</th></tr></thead>
    <tbody>${store.fields.map((field) => html`<tr><th scope="row">${field.name}</th><td>${field.type}</td><td>${field.unit || ""}</td><td>
      ${notes(field)}</td></tr>`)}</tbody></table></div>
    ${store.read_only && html`<p class="faint">${capital("this store can only be read")}.</p>`}`;
}
