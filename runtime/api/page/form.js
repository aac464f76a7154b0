// The signature of a script → a form with types and defaults; its values → arguments.

import {typeOf} from "./parts.js";
import {html} from "./view.js";

const isPlain = (type) => !["list", "record", "any"].includes(type);
const text = (value) => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The fields of arguments. values: texts by name; change: is told (name, text). */
export function Fields({schema, values, change}) {
  const needed = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).map(([name, said]) => {
    const type = typeOf(said);
    const usual = "default" in said ? text(said.default) : "";
    const more = {name, value: values[name] ?? "", required: needed.has(name), onInput: (event) => change(name, event.target.value)};
    return html`<label class="field"><span>${name} <span class="faint">${type}${needed.has(name) ? "" : ", optional"}</span></span>
      ${type === "bool"
        ? html`<select ...${more}><option value="">
          ${needed.has(name) ? "choose …" : usual === "true" ? "yes (default)" : "no (default)"}</option>
            <option value="true">yes</option><option value="false">no</option></select>`
        : html`<input ...${more} type=${said.writeOnly ? "password" : type === "date" ? "date" : "text"} placeholder=${usual}
            inputmode=${["int", "float"].includes(type) || type.startsWith("decimal") ? "decimal" : undefined} autocomplete="off" spellcheck=${false} />`}
    </label>`;
  });
}

/** The arguments: what is empty is left out, so that its default applies; numbers stay text, to keep all digits. */
export function argumentsOf(schema, values) {
  const given = Object.entries(schema.properties || {}).filter(([name]) => (values[name] ?? "") !== "");
  return Object.fromEntries(given.map(([name, said]) => [name, isPlain(typeOf(said)) ? values[name] : JSON.parse(values[name])]));
}
