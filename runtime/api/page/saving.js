// A question, or the whole thread → a stored script, after it was said back once more if it differs.

import {call, path, query} from "./api.js";
import {Dialog, Fault, tell} from "./parts.js";
import {html, useRef, useState} from "./view.js";

export function SaveDialog({entry, thread, close}) {
  const name = useRef();
  const [whole, setWhole] = useState(false);
  const [problem, setProblem] = useState(null);
  const [taken, setTaken] = useState(false);
  const entries = whole ? thread : [entry];
  const text = entries.map((each) => (whole ? each.text : each.said.text)).join("\n");
  const writes = entries.some((each) => each.said.writes.length);
  const save = async (event) => {
    event.preventDefault();
    setProblem(null);
    const address = path("scripts", name.current.value.trim());
    const options = {body: text, type: "text/plain; charset=utf-8", headers: taken ? {} : {"If-None-Match": "*"}};
    try {
      const done = await call("PUT", query(address, {answer: answersFor(entries), yes: writes ? "true" : ""}), options);
      tell(`Saved as ${done.name}`);
      location.hash = "#/scripts/" + encodeURIComponent(done.name);
    } catch (error) {
      setTaken(error.code === "S0114");
      setProblem(error);
    }
  };
  return html`<${Dialog} title="Save as script" close=${close}>
    <form onSubmit=${save}>
      <label class="field"><span>Name</span><input ref=${name} required spellcheck=${false} autocomplete="off" placeholder="sales_per_region" /></label>
      ${thread.length > 1 && html`<label><input type="checkbox" checked=${whole} onChange=${() => setWhole(!whole)} /> all ${thread.length} questions, one after the other</label>`}
      <pre class="quote">${text}</pre>
      ${writes && html`<p class="note warn">Each run of this script changes data.</p>`}
      ${problem && html`<${Fault} problem=${problem} title=${taken ? "There is such a script already" : "It was not saved"} />`}
      <div class="bar"><button class="main">${taken ? "Replace it" : "Save"}</button><button type="button" onClick=${close}>Cancel</button></div>
    </form>
  <//>`;
}

/** The answers of each question, by the number of its sentence in the whole text. */
function answersFor(entries) {
  const found = {};
  let before = 0;
  for (const {said, text, answers} of entries) {
    const alone = said.text === text;
    for (const [number, answer] of Object.entries(answers)) found[alone ? Number(number) + before : number] = answer;
    before = alone ? before + said.sentences : said.sentences;
  }
  return Object.entries(found).map((pair) => pair.join("=")).join(",");
}
