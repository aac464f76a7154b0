// The stream of a run → what it showed, said, asked and changed so far, told to `changed` as it comes.

import {lines} from "./api.js";

const BROKEN_OFF = "The answer broke off: some rows may be missing.";

export class Run {
  /** changed: is called when there is more; request: (signal) → the answer of the service. */
  constructor(changed) {
    this.changed = changed;
    this.aborter = new AbortController();
    this.id = null;
    this.records = [];
    this.names = [];
    this.said = []; // {kind, text, step, within}
    this.question = null;
    this.end = null; // the last line
    this.fault = null;
    this.warnings = [];
    this.raw = [];
  }

  async follow(request) {
    try {
      const answer = await request(this.aborter.signal);
      this.warnings = JSON.parse(answer.headers.get("X-Warnings") || "[]");
      for await (const some of lines(answer)) {
        for (const text of some) if (text) this.take(text);
        this.changed();
      }
      if (!this.end) this.fault = {message: BROKEN_OFF, findings: []};
    } catch (error) {
      if (error.name === "AbortError") this.stopped = true;
      else this.fault = error instanceof TypeError ? {message: BROKEN_OFF, findings: []} : error;
    }
    this.question = null;
    this.changed();
    return this.end;
  }

  get going() {
    return !this.end && !this.fault && !this.stopped;
  }

  stop() {
    this.aborter.abort();
  }

  take(text) {
    const line = JSON.parse(text);
    this.raw.push(text);
    if (line.type === "record") this.record(line);
    else if (line.type === "start") this.id = line.run;
    else if (line.type === "end") this.end = line;
    else if (line.type === "rollback") this.undo(line);
    else if (line.type === "error") this.fault = {...line.result, findings: [], place: line};
    else this.say(line);
    if (line.type !== "ask" && line.type !== "start") this.question = null;
  }

  record({seq, result, step}) {
    for (const name in result) if (!this.names.includes(name)) this.names.push(name);
    this.records.push({seq, result, step});
  }

  undo({seq, to, result}) {
    this.records = this.records.filter((each) => each.seq <= to);
    this.said = this.said.filter((each) => each.seq <= to);
    this.said.push({seq, kind: "undone", text: "undone: " + result.reason});
  }

  say({type, seq, step, result, command}) {
    const texts = {say: () => result, ask: () => result.question, command: () => `${command} ${result.rows} in ${result.store}`};
    this.said.push({seq, step, kind: type, text: texts[type] ? texts[type]() : type});
    if (type === "ask") this.question = result;
  }
}
