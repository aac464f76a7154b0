// The schema of a script's arguments → input fields; their values → arguments.

import {make} from "./dom.js";

const kindOf = (schema) => (schema.anyOf ? schema.anyOf.map(kindOf).find((kind) => kind !== "null") : [].concat(schema.type || "any").find((kind) => kind !== "null"));

export class Form {
  constructor(host) {
    this.host = host;
    this.fields = [];
  }

  show(schema) {
    const given = Object.fromEntries(this.fields.map((field) => [field.name, field.input.value]));
    this.fields = Object.entries(schema.properties || {}).map(([name, said]) => {
      const kind = said.format === "date" ? "date" : kindOf(said);
      const needed = (schema.required || []).includes(name);
      return {name, kind, input: this.input(name, kind, said, needed, given[name])};
    });
    this.host.replaceChildren(...this.fields.map(({name, input}) => make("label", {}, name + " ", input)));
  }

  input(name, kind, said, needed, before) {
    const usual = "default" in said ? (said.default === null ? "null" : typeof said.default === "object" ? JSON.stringify(said.default) : String(said.default)) : "";
    let input;
    if (kind === "boolean") {
      input = make("select");
      for (const value of needed ? ["true", "false"] : ["", "true", "false"]) {
        input.append(make("option", {value}, value || `${usual} (default)`));
      }
    } else if (kind === "array" || kind === "object" || kind === "any") {
      input = make("textarea", {rows: 1, placeholder: usual || "JSON"});
    } else {
      const type = kind === "date" ? "date" : said.writeOnly ? "password" : "text";
      input = make("input", {type, placeholder: usual});
      if (kind === "integer" || kind === "number") input.inputMode = "decimal";
    }
    input.name = name;
    input.required = needed;
    if (before) input.value = before;
    return input;
  }

  /** The arguments. An empty field is left out, so that its default applies. Numbers are sent as text, to keep all digits. */
  values() {
    const values = {};
    for (const {name, kind, input} of this.fields) {
      if (input.value === "" && !(input.required && kind === "string")) continue;
      values[name] = ["array", "object", "any"].includes(kind) ? JSON.parse(input.value) : input.value;
    }
    return values;
  }
}
