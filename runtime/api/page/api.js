// Requests → answers of the service; an error is thrown as a Problem. Addresses are relative: a proxy may add a prefix.

export class Problem extends Error {
  constructor(said) {
    super(said.detail || said.title || "the service did not answer");
    const told = {message: this.message, findings: said.findings || []};
    for (const [name, value] of Object.entries({...said, ...told})) Object.defineProperty(this, name, {value, enumerable: true, configurable: true});
  }
}

let token = sessionStorage.getItem("token") || "";

export const useToken = (text) => {
  token = text;
  sessionStorage.setItem("token", text);
};

export const hasToken = () => token;

export const path = (...parts) => parts.map(encodeURIComponent).join("/");

/** A path with a query; undefined and empty values are left out. */
export const query = (address, values) => {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return given.length ? address + "?" + new URLSearchParams(given) : address;
};

export async function send(method, address, {body, type = "application/json", accept, signal, headers = {}} = {}) {
  const told = {Accept: accept || "application/json", ...headers};
  if (token) told.Authorization = "Bearer " + token;
  const isJson = body !== undefined && typeof body !== "string" && !(body instanceof Blob);
  if (body !== undefined) told["Content-Type"] = isJson ? "application/json" : type;
  let answer;
  try {
    answer = await fetch(address, {method, headers: told, signal, body: isJson ? JSON.stringify(body) : body});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({detail: "The service can't be reached.", hint: "is `sopvm serve` running?"});
  }
  if (answer.ok) return answer;
  throw new Problem(await answer.json().catch(() => ({detail: answer.statusText})));
}

export async function call(method, address, options) {
  const answer = await send(method, address, options);
  return answer.status === 204 ? null : answer.json();
}

export const LINES = "application/x-ndjson";

/** The lines of a stream, in batches as they come: [text, …]. */
export async function* lines(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      if (parts.length) yield parts;
    }
    if (rest) yield [rest];
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Saves what the service answers as a file. */
export async function download(method, address, options, name) {
  const answer = await send(method, address, options);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
