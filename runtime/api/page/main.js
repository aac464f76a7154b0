// The page: its tabs, its theme, its token.

import {hasToken, useToken} from "./api.js";
import {$, say, tabs, tried} from "./dom.js";
import * as data from "./data.js";
import * as record from "./record.js";
import * as runs from "./runs.js";
import * as scripts from "./scripts.js";

const parts = {scripts, record, runs, data};

const choose = tabs(document.querySelector("nav"), (tab) => {
  const name = tab.id.slice("tab-".length);
  for (const each of Object.keys(parts)) $(each).hidden = each !== name;
  history.replaceState(null, "", "#" + name); // setting location.hash would move the focus
  say("");
  tried(parts[name].list);
});

function paint(theme) {
  document.documentElement.dataset.theme = theme;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
paint(localStorage.getItem("theme") || (dark.matches ? "dark" : "light"));
dark.addEventListener("change", () => localStorage.getItem("theme") || paint(dark.matches ? "dark" : "light"));
$("theme").onclick = () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme);
  paint(theme);
};

$("token").value = hasToken();
$("token").onchange = () => {
  useToken($("token").value.trim());
  choose("tab-" + (location.hash.slice(1) in parts ? location.hash.slice(1) : "scripts"));
};

scripts.begin();
record.begin(async (name) => {
  choose("tab-scripts");
  await scripts.open(name);
});
runs.begin();
choose("tab-" + (location.hash.slice(1) in parts ? location.hash.slice(1) : "scripts"));
