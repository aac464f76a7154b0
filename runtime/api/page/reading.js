// A question that a text leaves open → its readings as choices, with what each does on the data.

import {capital, rows} from "./format.js";
import {Answer, Choices, FewRows} from "./parts.js";
import {html} from "./view.js";

/** problem: of code T0210; pick: is told the answer, the number of a reading or a text. */
export function Reading({problem, pick}) {
  const readings = problem.readings || (problem.choices || []).map((said, at) => ({number: at + 1, said, only: []}));
  if (!readings.length) return html`<div class="card ask"><${Answer} legend=${capital(problem.question)} act=${pick} /></div>`;
  const options = readings.map((each) => ({
    value: String(each.number),
    label: html`${each.said} ${each.does && html`<span class="faint">${each.does} ${rows(each.rows)}</span>`}`,
    more: html`<${FewRows} caption="only in this reading" rows=${each.only} />
      <${FewRows} caption="the first row" rows=${each.first ? [each.first] : []} />`,
  }));
  const legend = options.length > 1 ? `This can be read in ${options.length} ways. Which do you mean?` : "Is this what you mean?";
  return html`<div class="card ask"><${Choices} legend=${legend} options=${options} act=${pick} /></div>`;
}
