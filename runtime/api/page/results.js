// Lines of a run as they come → a table, a trace like a chat, or the lines themselves; only visible rows are drawn.

import {call, lines, path} from "./api.js";
import {make, tabs, tried} from "./dom.js";

const ROW = 26; // pixels, as in style.css
const MAX_PIXELS = 15_000_000; // that browsers scroll through
const MAX_BUBBLES = 400;
const SHOWN = 8; // records of a bubble
const BROKEN_OFF = "the answer broke off: some rows may be missing";

/** Rows of equal height in a scrolling box; `draw(index)` makes the row at an index. */
class Rows {
  constructor(box, draw) {
    this.box = box;
    this.draw = draw;
    this.count = 0;
    this.space = make("div", {className: "rows"});
    box.replaceChildren(this.space);
    this.onscroll = () => this.fill();
    box.addEventListener("scroll", this.onscroll);
  }

  show(count, head) {
    this.count = Math.min(count, Math.floor(MAX_PIXELS / ROW));
    this.head = head;
    this.space.style.height = (this.count + (head ? 1 : 0)) * ROW + "px";
    this.fill();
  }

  fill() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - 10);
    const last = Math.min(this.count, first + Math.ceil(this.box.clientHeight / ROW) + 20);
    const drawn = this.head ? [this.head] : [];
    for (let index = first; index < last; index++) {
      const row = this.draw(index);
      row.style.top = (index + (this.head ? 1 : 0)) * ROW + "px";
      drawn.push(row);
    }
    this.space.replaceChildren(...drawn);
  }

  close() {
    this.box.removeEventListener("scroll", this.onscroll);
  }
}

const rows = (count) => (count === 1 ? "1 row" : count.toLocaleString() + " rows");
const shown = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

export class Results {
  constructor(host, name) {
    this.name = name;
    this.state = make("span", {className: "state", role: "status"});
    const list = make("div", {className: "bar", role: "tablist", "aria-label": "View"});
    for (const [id, text] of [["table", "Table"], ["trace", "Trace"], ["lines", "Lines"]]) {
      list.append(make("button", {id: name + "-" + id, role: "tab", type: "button", "aria-selected": id === "table", tabIndex: id === "table" ? 0 : -1}, text));
    }
    list.append(this.state);
    this.warned = make("div", {role: "status", "aria-label": "Warnings"});
    this.asking = make("div");
    this.body = make("div", {className: "body", role: "tabpanel", tabIndex: 0, "aria-label": "Results"});
    host.replaceChildren(list, this.warned, this.asking, this.body);
    tabs(list, (tab) => this.view(tab.id.slice(name.length + 1)));
    this.clear();
  }

  clear() {
    this.stop();
    this.raw = [];
    this.records = []; // {seq, result}
    this.said = []; // what the trace shows: {seq, kind, …}
    this.names = [];
    this.widths = {};
    this.run = null;
    this.end = null;
    this.warned.replaceChildren();
    this.asking.replaceChildren();
    this.state.textContent = "";
    this.view(this.how || "table");
  }

  stop() {
    if (this.aborter) this.aborter.abort();
    this.aborter = null;
  }

  /** Shows the stream of a request. Returns the `end` line, or null if the stream broke off. */
  async follow(request) {
    this.clear();
    const aborter = (this.aborter = new AbortController());
    this.state.textContent = "running …";
    try {
      const answer = await request(aborter.signal);
      const warnings = JSON.parse(answer.headers.get("X-Warnings") || "[]");
      this.warned.replaceChildren(...warnings.map((text) => make("p", {className: "warning"}, "warning: " + text)));
      for await (const some of lines(answer)) {
        for (const text of some) this.take(text);
        this.refresh();
      }
    } catch (error) {
      const cut = error instanceof TypeError; // the connection ended before the stream did
      this.state.textContent = error.name === "AbortError" ? "stopped" : cut ? BROKEN_OFF : error.message;
      throw error;
    } finally {
      if (this.aborter === aborter) this.aborter = null;
      this.asking.replaceChildren();
      this.refresh();
    }
    if (!this.end) this.state.textContent = BROKEN_OFF;
    return this.end;
  }

  take(text) {
    if (!text) return;
    const line = JSON.parse(text);
    this.raw.push(text);
    const before = this.said[this.said.length - 1];
    if (line.type === "record") {
      const index = this.records.push({seq: line.seq, result: line.result}) - 1;
      if (index < 300 || index % 97 === 0) this.measure(line.result);
      if (before && before.kind === "records" && before.step === line.step && before.within === line.in) before.count++;
      else this.said.push({seq: line.seq, kind: "records", step: line.step, within: line.in, first: index, count: 1});
      return;
    }
    if (line.type === "start") this.run = line.run;
    else if (line.type === "end") {
      this.end = line;
      this.state.textContent = `${line.status} · ${line.records.toLocaleString()} records · ${line.ms} ms` +
        (line.result === null ? "" : " · returned " + shown(line.result.step !== undefined ? "step " + line.result.step : line.result));
      this.state.className = "state " + (line.status === "failed" ? "bad" : "good");
      for (const each of line.changes || []) this.said.push({seq: 0, kind: "say", step: "", text: `would ${each.command} ${rows(each.rows)}: ${each.store}`});
    } else if (line.type === "rollback") {
      this.records = this.records.filter((each) => each.seq <= line.to);
      for (const each of this.said) if (each.seq > line.to) each.void = true;
      this.said.push({seq: line.seq, kind: "error", step: "", text: "undone: " + line.result.reason});
    } else {
      const texts = {
        say: () => line.result,
        ask: () => line.result.question,
        command: () => `${line.command} ${rows(line.result.rows)}: ${line.result.store}`,
        error: () => `${line.result.code}: ${line.result.message}` + (line.result.hint ? "\ntry: " + line.result.hint : ""),
      };
      this.said.push({seq: line.seq, kind: line.type, step: line.step || "", within: line.in, text: texts[line.type] ? texts[line.type]() : text});
      if (line.type === "ask") this.ask(line.result);
    }
  }

  measure(record) {
    for (const [name, value] of Object.entries(record)) {
      if (!(name in this.widths)) {
        this.names.push(name);
        this.widths[name] = {size: name.length, right: true};
      }
      const width = this.widths[name];
      width.size = Math.min(48, Math.max(width.size, shown(value).length));
      if (value !== null && typeof value !== "number") width.right = false;
    }
  }

  view(how) {
    this.how = how;
    if (this.rows) this.rows.close();
    this.rows = null;
    this.body.replaceChildren();
    this.body.scrollTop = 0;
    if (how === "table") this.rows = new Rows(this.body, (index) => this.row(index));
    if (how === "lines") this.rows = new Rows(this.body, (index) => make("div", {className: "row raw"}, this.raw[index]));
    this.refresh();
  }

  refresh() {
    if (!this.raw) return;
    if (this.how === "table") this.rows.show(this.records.length, this.names.length ? this.header() : null);
    else if (this.how === "lines") this.rows.show(this.raw.length);
    else this.trace();
  }

  header() {
    return make("div", {className: "row head"}, ...this.names.map((name) => this.cell(name, name)));
  }

  row(index) {
    const {result} = this.records[index];
    return make("div", {className: "row"}, ...this.names.map((name) => this.cell(name, result[name])));
  }

  cell(name, value) {
    const width = this.widths[name];
    const node = make("div", {className: "cell" + (width.right ? " right" : "") + (value === null ? " null" : "")}, value === null ? "null" : shown(value));
    node.style.width = width.size + 3 + "ch";
    if (shown(value).length > 40) node.title = shown(value);
    return node;
  }

  trace() {
    const bubbles = this.said.slice(-MAX_BUBBLES).map((each) => {
      const place = make("small", {}, (each.within ? each.within + " " : "") + (each.step ? "step " + each.step : ""));
      const bubble = make("div", {className: "bubble " + each.kind + (each.void ? " void" : "")}, place);
      if (each.kind !== "records") bubble.append(each.text);
      else {
        bubble.append(each.count === 1 ? "1 record" : each.count.toLocaleString() + " records");
        const some = this.records.slice(each.first, each.first + Math.min(SHOWN, each.count));
        bubble.append(make("pre", {}, some.map((record) => JSON.stringify(record.result)).join("\n") + (each.count > SHOWN ? "\n…" : "")));
      }
      return bubble;
    });
    const low = this.body.scrollTop + this.body.clientHeight > this.body.scrollHeight - 40;
    this.body.replaceChildren(make("div", {className: "trace"}, ...bubbles));
    if (low) this.body.scrollTop = this.body.scrollHeight;
  }

  /** Show a form that answers a question of the run. */
  ask(question) {
    const form = questionForm(this.run, question, () => this.asking.replaceChildren());
    this.asking.replaceChildren(form);
    (form.querySelector("input") || form.querySelector("button")).focus();
  }
}

/** A form that answers a question of a run; `done` is called once the answer was taken. */
export function questionForm(run, question, done) {
  const form = make("form", {className: "asking", role: "alertdialog", "aria-label": question.question}, make("strong", {}, question.question));
  const answer = async (value) => {
    for (const each of form.elements) each.disabled = true;
    const taken = await tried(() => call("POST", path("runs", run, "answer"), {body: {value}}));
    if (taken === undefined) for (const each of form.elements) each.disabled = false;
    else done();
  };
  const choices = question.choices || (question.type === "bool" ? [true, false] : null);
  if (choices) {
    for (const choice of choices) {
      const text = question.type === "bool" ? (choice ? "Yes" : "No") : shown(choice);
      form.append(make("button", {type: "button", onclick: () => answer(choice)}, text));
    }
  } else {
    const input = make("input", {"aria-label": "Answer", value: "default" in question ? shown(question.default) : ""});
    form.append(input, make("button", {className: "main"}, "Answer"));
    form.onsubmit = (event) => {
      event.preventDefault();
      answer(input.value);
    };
  }
  return form;
}
