// Small helpers: elements with text and children (never HTML from data), and what to do a little later.

export const $ = (id) => document.getElementById(id);

export function make(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Calls the function once things have been quiet for so long. */
export function later(milliseconds, act) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
}

export function say(text, bad = false) {
  $("said").textContent = text;
  $("said").className = bad ? "bad" : "";
}

/** Runs an action; what the service refuses is said. */
export async function tried(act) {
  try {
    return await act();
  } catch (error) {
    if (error.name !== "AbortError") say((error.code ? error.code + ": " : "") + error.message + (error.hint ? " — try: " + error.hint : ""), true);
    return undefined;
  }
}

/** Arrow keys, Home and End move between the tabs of a list. */
export function tabs(list, chosen) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  const choose = (tab) => {
    for (const each of all) {
      each.setAttribute("aria-selected", each === tab);
      each.tabIndex = each === tab ? 0 : -1;
    }
    chosen(tab);
  };
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(document.activeElement);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1}[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const tab = all[(to + all.length) % all.length];
    tab.focus();
    choose(tab);
  });
  for (const tab of all) tab.addEventListener("click", () => choose(tab));
  return (id) => choose($(id));
}
