// Values of records → the text of cells and what aligns it; names → how programs write them.

const NUMBERS = new Set(["int", "float", "decimal"]);

export const isNumeric = (type) => NUMBERS.has((type || "").replace(/[(?].*$/, ""));
export const isTime = (type) => ["date", "timestamp"].includes((type || "").replace("?", ""));

const MOST_PLACES = 4;

/** The decimal places that show all these numbers; none where some have many. */
export function placesOf(values) {
  const places = values.map((value) => (/^-?\d+\.(\d+)$/.exec(String(value ?? "")) || ["", ""])[1].length);
  const most = Math.max(0, ...places);
  return most <= MOST_PLACES ? most : 0;
}

/** The text of a value: numbers with their thousands, times without T and zeros, lists and records as JSON. */
export function shown(value, type = "", places = 0) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" || (isNumeric(type) && /^-?\d+(\.\d+)?$/.test(value))) return grouped(withPlaces(String(value), places));
  if (type.startsWith("timestamp")) return String(value).replace("T", " ").replace(/(:00)?(\.0+)?Z$/, "");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function withPlaces(text, places) {
  const [whole, rest = ""] = text.split(".");
  return places && /^-?\d+$/.test(whole) && /^\d*$/.test(rest) ? whole + "." + rest.padEnd(places, "0") : text;
}

function grouped(text) {
  const [, sign, whole, rest] = text.match(/^(-?)(\d+)(.*)$/) || [null, "", text, ""];
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + rest;
}

export const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
export const rows = (number) => (number === null ? "many rows" : count(number, "row"));
export const capital = (text) => (text ? text[0].toUpperCase() + text.slice(1) : "");

/** A name as a program writes it. */
export const named = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : "`" + name.replace(/[\\`]/g, "\\$&") + "`");
export const quoted = (text) => JSON.stringify(text).replace(/[{}]/g, "\\$&");
export const inShell = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\\''") + "'");

/** A command that sends this to an address, with the token of its own shell. */
export const curlOf = (body, address) =>
  `curl -H "Authorization: Bearer $SOP_TOKEN" -H 'Content-Type: application/json' -d ${inShell(JSON.stringify(body))} ${inShell(address)}`;

/** When, for a person: today's as a time, others with their day. */
export function moment(text) {
  const when = new Date(text);
  const day = when.toLocaleDateString("en-CA");
  return (day === new Date().toLocaleDateString("en-CA") ? "" : day + " ") + when.toLocaleTimeString("en-GB");
}
