// A text area over a copy of its text, which shows colours, highlights and errors.

import {WORDS} from "./words.js";

function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const TOKEN = /(#[^\n]*)|("(?:\\.|[^"\\\n])*"?)|(\b\d+(?:\.\d+)?\b)|([\p{L}_][\p{L}\d_]*)/gu;

/** The tokens of a program with their class, for colours. */
function tokens(text) {
  const found = [];
  for (const match of text.matchAll(TOKEN)) {
    const kind = match[1] ? "comment" : match[2] ? "string" : match[3] ? "number" : WORDS.has(match[4]) ? "word" : "";
    if (kind) found.push({start: match.index, end: match.index + match[0].length, kind});
  }
  return found;
}

export class Editor {
  /** coloured: whether it is a program. groups: (text) → [{start, end, group}], the parts highlighted together.
      pointed: is told the group at the pointer or the caret, or null. */
  constructor(host, {label, placeholder = "", coloured = false, changed, pointed}) {
    this.coloured = coloured;
    this.groups = [];
    this.wrong = [];
    this.lit = new Set();
    this.back = make("pre", {"aria-hidden": "true"});
    this.area = make("textarea", {spellcheck: false, placeholder, "aria-label": label});
    this.findings = make("ul", {className: "findings", "aria-label": label + ": findings"});
    host.append(make("div", {className: "editor"}, this.back, this.area), this.findings);
    this.area.addEventListener("input", () => {
      this.wrong = [];
      this.groups = [];
      this.draw();
      changed(this.text);
    });
    this.area.addEventListener("scroll", () => this.follow());
    const caret = () => pointed(this.groupAt(this.area.selectionStart));
    this.area.addEventListener("keyup", caret);
    this.area.addEventListener("click", caret);
    this.area.addEventListener("mousemove", (event) => {
      const under = document.elementsFromPoint(event.clientX, event.clientY).find((node) => node.dataset && node.dataset.group);
      pointed(under ? Number(under.dataset.group) : null);
    });
    this.area.addEventListener("mouseleave", () => pointed(null));
  }

  get text() {
    return this.area.value;
  }

  show(text, groups = []) {
    if (this.area.value !== text) this.area.value = text;
    this.groups = groups;
    this.wrong = [];
    this.findings.replaceChildren();
    this.draw();
  }

  groupAt(offset) {
    const inside = this.groups.filter((each) => each.start <= offset && offset <= each.end);
    return inside.length ? inside[inside.length - 1].group : null;
  }

  light(groups) {
    this.lit = groups;
    for (const node of this.back.querySelectorAll("[data-group]")) node.classList.toggle("lit", groups.has(Number(node.dataset.group)));
  }

  /** Show findings of the service; lines and columns count from 1. */
  complain(findings) {
    this.wrong = findings.filter((each) => each.line).map((each) => {
      const start = this.offset(each.line, each.column);
      return {start, end: Math.max(start + 1, this.offset(each.end_line || each.line, each.end_column || each.column + 1))};
    });
    this.findings.replaceChildren(...findings.map((each) => {
      const place = each.line ? each.line + ":" + each.column + " " : "";
      const button = make("button", {type: "button"}, place + each.code + ": " + each.message);
      if (each.hint) button.append(make("small", {}, "try: " + each.hint));
      button.onclick = () => {
        this.area.focus();
        if (each.line) this.area.setSelectionRange(this.offset(each.line, each.column), this.offset(each.line, each.column));
      };
      return make("li", {}, button);
    }));
    this.draw();
  }

  offset(line, column) {
    const before = this.text.split("\n").slice(0, line - 1);
    return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  }

  draw() {
    const text = this.text;
    const kinds = this.coloured ? tokens(text) : [];
    const marks = [...kinds, ...this.wrong, ...this.groups];
    const edges = [...new Set([0, text.length, ...marks.flatMap((mark) => [mark.start, mark.end])])].sort((a, b) => a - b);
    let place = 0;
    const pieces = [];
    for (let index = 0; index + 1 < edges.length; index++) {
      const [start, end] = [edges[index], edges[index + 1]];
      while (place < kinds.length && kinds[place].end <= start) place++;
      const kind = kinds[place] && kinds[place].start <= start ? kinds[place].kind : "";
      const bad = this.wrong.some((mark) => mark.start <= start && end <= mark.end);
      const inside = this.groups.filter((mark) => mark.start <= start && end <= mark.end);
      const node = make("span", {className: kind + (bad ? " wrong" : "")}, text.slice(start, end));
      if (inside.length) node.dataset.group = inside[inside.length - 1].group;
      pieces.push(node);
    }
    this.back.replaceChildren(...pieces, "\n");
    this.light(this.lit);
    this.follow();
  }

  follow() {
    this.back.scrollTop = this.area.scrollTop;
  }
}
