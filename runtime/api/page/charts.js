// Records with one number beside a text or a date → bars or a line (Chart.js), never without their table.

import {isNumeric, isTime} from "./format.js";
import {html, useEffect, useRef, useState} from "./view.js";

const MOST = 200; // bars or points

/** What can be drawn: {label, number, line}; null if there is no text or date, or not exactly one number. */
export function chartable(columns, records) {
  const numbers = columns.filter((each) => isNumeric(each.type));
  const labels = columns.filter((each) => !isNumeric(each.type) && typeof records[0].result[each.name] !== "object");
  if (labels.length === 0 || numbers.length !== 1) return null;
  const label = labels.find((each) => isTime(each.type)) || labels[0];
  return {label, number: numbers[0], line: isTime(label.type)};
}

export function ChartView({chart, records}) {
  const canvas = useRef();
  const {label, number, line} = chart;
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    let made = null;
    let left = false;
    import("./chart.js").then(() => {
      if (left) return;
      made = new globalThis.Chart(canvas.current, drawing(chart, records));
      setDrawn(true);
    });
    return () => {
      left = true;
      if (made) made.destroy();
    };
  }, [chart.label.name, chart.number.name, records]);
  const size = Math.min(records.length, MOST);
  const parts = line ? "points of a line" : "bars";
  const what = drawn ? `${number.name} by ${label.name}: ${size} ${parts}; the table has the same rows` : "The chart is being drawn";
  return html`<div class="chart"><canvas ref=${canvas} role="img" aria-label=${what}></canvas></div>
    ${records.length > MOST && html`<p class="faint">The first ${MOST} of ${records.length.toLocaleString("en")} rows.</p>`}`;
}

function drawing({label, number, line}, records) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const some = records.slice(0, MOST).map((each) => each.result);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const axis = (text) => ({
    title: {display: true, text, color: colour("--faint")},
    ticks: {color: colour("--faint")},
    grid: {color: colour("--line")},
  });
  return {
    type: line ? "line" : "bar",
    data: {
      labels: some.map((each) => String(each[label.name] ?? "")),
      datasets: [{
        label: number.name,
        data: some.map((each) => Number(each[number.name])),
        backgroundColor: colour("--accent"),
        borderColor: colour("--accent"),
        borderRadius: 4,
      }],
    },
    options: {
      animation: still ? false : {duration: 300},
      maintainAspectRatio: false,
      plugins: {legend: {display: false}},
      scales: {x: axis(label.name), y: {...axis(number.unit ? `${number.name} (${number.unit})` : number.name), beginAtZero: true}},
    },
  };
}
