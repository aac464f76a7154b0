// Requests → answers of the service; an error is thrown as a Problem.

export class Problem extends Error {
  constructor(said) {
    super(said.detail || said.title || "the service did not answer");
    Object.assign(this, {code: said.code, hint: said.hint, findings: said.findings || [], status: said.status});
    const {sentence, question, choices, readings} = said; // of a question that a text leaves open
    Object.assign(this, {sentence, question, choices, readings});
  }
}

let token = sessionStorage.getItem("token") || "";

export const useToken = (text) => {
  token = text;
  sessionStorage.setItem("token", text);
};

export const hasToken = () => token;

export const path = (...parts) => "/" + parts.map(encodeURIComponent).join("/");

export async function send(method, address, {body, type = "application/json", signal} = {}) {
  const headers = {Accept: type === "stream" ? "application/x-ndjson" : "application/json"};
  if (token) headers.Authorization = "Bearer " + token;
  const given = body !== undefined;
  if (given) headers["Content-Type"] = typeof body === "string" ? type : "application/json";
  let answer;
  try {
    answer = await fetch(address, {method, headers, signal, body: typeof body === "string" || !given ? body : JSON.stringify(body)});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({detail: "the service can't be reached"});
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({detail: answer.statusText}));
  throw new Problem(said);
}

export async function call(method, address, options) {
  const answer = await send(method, address, options);
  return answer.status === 204 ? null : answer.json();
}

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
