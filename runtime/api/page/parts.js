// Small parts that all views share: messages, errors, choices, the dialog, a table of a few rows, copying.

import {capital, shown} from "./format.js";
import {html, useEffect, useId, useRef, useState} from "./view.js";

let told = () => {};

/** Where `tell` shows its text, and screen readers say it. */
export function Told() {
  const [text, setText] = useState("");
  told = setText;
  useEffect(() => {
    const timer = text ? setTimeout(() => setText(""), 6000) : 0;
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div id="told" role="status" aria-live="polite" class=${text ? "toast" : "quiet"}>${text}</div>`;
}

/** Tells the person, for a while. */
export const tell = (text) => told(text);

/** What went wrong, with what to try; `children` are ways on. */
export function Fault({problem, children, title}) {
  return html`<div class="card bad" role="alert">
    <strong>${title || "That did not work"}</strong>
    <p>${capital(problem.message)}</p>
    ${problem.hint && html`<p class="hint">Try: ${problem.hint}</p>`}
    ${children}
    ${problem.code && html`<p class="code-of">${problem.code}</p>`}
  </div>`;
}

export const Busy = ({children}) => html`<p class="busy" role="status"><span class="spinner" aria-hidden="true"></span>${children}</p>`;

/** A group of radio buttons and a button: `options` are {value, label, more}. */
export function Choices({legend, options, act, label = "Use this one"}) {
  const name = useId();
  const [chosen, choose] = useState(options[0].value);
  return html`<form class="choices" onSubmit=${(event) => (event.preventDefault(), act(chosen))}>
    <fieldset>
      <legend>${legend}</legend>
      ${options.map(({value, label: text, more}) => html`<div class="choice">
        <label><input type="radio" name=${name} value=${value} checked=${chosen === value} onChange=${() => choose(value)} />
        <span>${text}</span></label>
        ${more}
      </div>`)}
    </fieldset>
    <button class="main">${label}</button>
  </form>`;
}

/** A text in place of choices. */
export function Answer({legend, act, value = ""}) {
  const input = useRef();
  return html`<form class="choices" onSubmit=${(event) => (event.preventDefault(), act(input.current.value))}>
    <label>${legend} <input ref=${input} defaultValue=${value} /></label> <button class="main">Answer</button>
  </form>`;
}

/** A few rows that are alike. */
export function FewRows({caption, rows}) {
  if (!rows.length) return null;
  const names = Object.keys(rows[0]);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${caption}><table class="few">
    <caption>${caption}</caption>
    <thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${names.map((name) => html`<td>${shown(row[name])}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** A write that waits for a yes, with what its dry run counted; the focus is on Cancel. */
export function ConfirmChange({changes, act, cancel}) {
  const first = useRef();
  useEffect(() => first.current.focus(), []);
  return html`<div class="card warn" role="alertdialog" aria-label="Confirm the change">
    ${changes.length === 0 && html`<strong>This would change nothing now.</strong>`}
    ${changes.map((each) => html`<p><strong>This will ${each.command} ${count(each.rows)} ${WHERE[each.command]} ${each.store}</strong>
      ${each.before !== undefined && html`<span class="faint"> · ${each.before.toLocaleString("en")} rows now${
        each.after === null ? "" : ` → ${each.after.toLocaleString("en")} after`}</span>`}</p>`)}
    <p class="faint">A dry run counted this. Nothing has been changed yet.</p>
    <div class="bar"><button class="danger" onClick=${act}>Do it</button>
      <button ref=${first} onClick=${cancel}>Cancel</button></div>
  </div>`;
}

const WHERE = {insert: "into", upsert: "into", update: "of", delete: "from"};
const count = (number) => number.toLocaleString("en") + (number === 1 ? " row" : " rows");

/** A modal dialog: `close` is called when it is left. */
export function Dialog({title, close, children}) {
  const dialog = useRef();
  const heading = useId();
  useEffect(() => {
    dialog.current.showModal();
    return () => dialog.current && dialog.current.close();
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby=${heading} onClose=${close}>
    <div class="bar spread"><h2 id=${heading} tabindex="-1" autofocus>${title}</h2><button class="icon" aria-label="Close"
      onClick=${close}>✕</button></div>
    ${children}
  </dialog>`;
}

/** Copies a text; where the browser forbids that, shows it to be copied by hand. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(what + " copied");
  } catch {
    window.prompt(what, text);
  }
}

/** A list of actions behind a button. */
export function Menu({label, actions}) {
  const details = useRef();
  const leave = (event) => {
    if (event.key !== "Escape" || !details.current.open) return;
    details.current.open = false;
    details.current.querySelector("summary").focus();
  };
  return html`<details class="menu" ref=${details} onKeyDown=${leave}><summary>${label}</summary><div>
    ${actions.map(([text, act]) => html`<button type="button" onClick=${() => ((details.current.open = false), act())}>${text}</button>`)}
  </div></details>`;
}

/** The type of a schema, as a program writes it. */
export function typeOf(schema) {
  if (schema.anyOf) return schema.description || typeOf(schema.anyOf[0]);
  const type = [schema.type].flat()[0];
  const words = {integer: "int", number: "float", boolean: "bool", string: "text", array: "list", object: "record"};
  const formats = {date: "date", "date-time": "timestamp", duration: "duration"};
  return formats[schema.format] || words[type] || "any";
}
