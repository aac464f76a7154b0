// A question, or the whole thread → a stored script, said back once more where it does something else.

import {call, path, query} from "./api.js";
import {Dialog, Fault, tell} from "./parts.js";
import {html, useRef, useState} from "./view.js";

export function SaveDialog({entry, thread, close}) {
  const name = useRef();
  const [whole, setWhole] = useState(false);
  const [problem, setProblem] = useState(null);
  const [taken, setTaken] = useState(false);
  const [differs, setDiffers] = useState(null); // what the script would do, where that was not said back yet
  const entries = whole ? thread : [entry];
  const text = entries.map((each) => (whole ? each.text : each.said.text)).join("\n");
  const writes = entries.some((each) => each.said.writes.length);
  const again = () => (setDiffers(null), setProblem(null), setTaken(false));

  const put = (more) => {
    const address = path("scripts", name.current.value.trim());
    const headers = taken ? {} : {"If-None-Match": "*"};
    const options = {body: text, type: "text/plain; charset=utf-8", headers};
    return call("PUT", query(address, {answer: answersFor(entries), yes: writes ? "true" : "", ...more}), options);
  };
  const save = async (event) => {
    event.preventDefault();
    setProblem(null);
    try {
      const tried = differs || (await put({dry_run: "true"}));
      const before = entries.flatMap((each) => stepsOf(each.said)).join("\n");
      if (!differs && (tried.warnings.length || stepsOf(tried).join("\n") !== before)) {
        setDiffers(tried);
        return;
      }
      const done = await put({});
      tell(`Saved as ${done.name}`);
      location.hash = "#/scripts/" + encodeURIComponent(done.name);
    } catch (error) {
      setTaken(error.code === "S0114");
      setProblem(error);
    }
  };
  return html`<${Dialog} title="Save as script" close=${close}>
    <form onSubmit=${save}>
      <label class="field"><span>Name</span>
        <input ref=${name} required spellcheck=${false} autocomplete="off" placeholder="sales_per_region" onInput=${again} /></label>
      ${thread.length > 1 && html`<label><input type="checkbox" checked=${whole} onChange=${() => (setWhole(!whole), again())} />
        all ${thread.length} questions, one after the other</label>`}
      <pre class="quote">${text}</pre>
      ${writes && html`<p class="note warn">Each run of this script changes data.</p>`}
      ${differs && html`<div class="card warn" role="alert"><strong>As one script, it does this:</strong>
        <ol>${stepsOf(differs).map((step) => html`<li>${step}</li>`)}</ol>
        <ul>${differs.warnings.map((each) => html`<li>${each.message}</li>`)}</ul></div>`}
      ${problem && html`<${Fault} problem=${problem} title=${taken ? "There is such a script already" : "It was not saved"} />`}
      <div class="bar"><button class="main">${taken ? "Replace it" : differs ? "Save it like this" : "Save"}</button>
        <button type="button" onClick=${close}>Cancel</button></div>
    </form>
  <//>`;
}

/** What a program does, step by step, in English. */
const stepsOf = ({explained}) => (explained ? explained.steps.map((each) => [each.text, ...each.parts].join(" ")) : []);

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
