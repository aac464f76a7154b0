// A script's views, as the service gives them → which sentence, which lines and which steps belong together.

/** Sentences as a text: those that belong to an earlier one are items of its list. */
export function asWritten(sentences, views) {
  return sentences.map((text, index) => {
    const step = views.steps.findIndex((each) => each.sentence === index + 1);
    const around = new Set();
    for (let path = step >= 0 ? views.steps[step].path : null; path && path.includes(".");) {
      path = outside(path);
      const outer = views.steps.find((each) => each.path === path);
      if (outer && outer.sentence && outer.sentence !== index + 1) around.add(outer.sentence);
    }
    return around.size ? "  ".repeat(around.size - 1) + "- " + text : text;
  }).join("\n");
}

const outside = (path) => (path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "");

/** The place of each sentence in a text that may have other line breaks. */
export function sentencesIn(text, sentences) {
  const found = [];
  let at = 0;
  sentences.forEach((sentence, group) => {
    const words = sentence.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const match = text.slice(at).match(new RegExp(words.join("\\s+")));
    if (!match) return;
    const start = at + match.index;
    at = start + match[0].length;
    found.push({start, end: at, group});
  });
  return found;
}

/** The place of each step, inner steps after outer ones. */
export function linesIn(text, steps) {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  starts.push(text.length + 1);
  return steps.map((step, group) => ({start: starts[step.line - 1] || 0, end: Math.max(0, (starts[step.last_line] || text.length + 1) - 1), group}));
}

/** The index of a step's sentence: an inner step has its outer step's, unless it has its own. */
export function sentenceOf(views, step) {
  if (views.steps[step].sentence) return views.steps[step].sentence - 1;
  for (let path = views.steps[step].path; path; path = outside(path)) {
    const found = views.steps.find((each) => each.path === path);
    if (found && found.sentence) return found.sentence - 1;
  }
  return null;
}

export const stepsOf = (views, sentence) => views.steps.map((_, index) => index).filter((index) => sentenceOf(views, index) === sentence);
