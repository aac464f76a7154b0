// The page: its head, and the view that the address after # names.

import {call, hasToken, useToken} from "./api.js";
import {AskView} from "./ask.js";
import {DataView} from "./data.js";
import {Dialog, Told} from "./parts.js";
import {RunsView} from "./runs.js";
import {ScriptsView} from "./scripts.js";
import {forgetStores} from "./stores.js";
import {Fragment, html, render, useEffect, useRef, useState} from "./view.js";

const VIEWS = {ask: ["Ask", AskView], data: ["Data", DataView], scripts: ["Scripts", ScriptsView], runs: ["Runs", RunsView]};

/** `#/scripts/NAME?dept=Sales` → {view, rest: [NAME], params: {dept: "Sales"}}. */
function place() {
  const [parts, given] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view, ...rest] = parts.split("/").filter(Boolean).map(decodeURIComponent);
  return {view: view in VIEWS ? view : "ask", rest, params: Object.fromEntries(new URLSearchParams(given || ""))};
}

function Page() {
  const [now, setNow] = useState(place());
  const [asks, setAsks] = useState(false);
  const [login, setLogin] = useState(0);
  const main = useRef();
  useEffect(() => {
    const moved = () => {
      setNow(place());
      main.current.focus({preventScroll: true});
    };
    addEventListener("hashchange", moved);
    call("GET", "scripts").catch((error) => setAsks(error.status === 401));
    return () => removeEventListener("hashchange", moved);
  }, []);
  const [title, View] = VIEWS[now.view];
  useEffect(() => {
    document.title = `${now.rest[0] || title} · sopc`;
  }, [now]);
  const entered = (text) => {
    useToken(text);
    forgetStores();
    setAsks(false);
    setLogin(login + 1);
  };
  return html`<${Fragment}>
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), main.current.focus())}>To the content</a>
    <header>
      <a class="brand" href="#/ask">sopc</a>
      <nav aria-label="Sections">${Object.entries(VIEWS).map(([id, [label]]) => html`<a href=${"#/" + id}
        aria-current=${id === now.view ? "page" : undefined}>${label}</a>`)}</nav>
      <button class="icon" onClick=${() => setAsks(true)}>Token</button>
      <${Theme} />
    </header>
    <main id="main" tabindex="-1" ref=${main}><${View} key=${now.view + login} ...${now} /></main>
    <${Told} />
    ${asks && html`<${TokenDialog} entered=${entered} close=${() => setAsks(false)} />`}
  <//>`;
}

function TokenDialog({entered, close}) {
  const input = useRef();
  return html`<${Dialog} title="Token" close=${close}>
    <form onSubmit=${(event) => (event.preventDefault(), entered(input.current.value.trim()))}>
      <p>A server with tokens answers only those who send one. <code>sopvm token add NAME</code> makes one. It stays in this window.</p>
      <label class="field"><span>Token</span><input ref=${input} type="password" autocomplete="off" defaultValue=${hasToken()} /></label>
      <div class="bar"><button class="main">Use it</button><button type="button" onClick=${close}>Cancel</button></div>
    </form>
  <//>`;
}

/** Light or dark: as the system has it, until it was chosen here. */
function Theme() {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const [theme, setTheme] = useState(localStorage.getItem("theme") || system);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const other = theme === "dark" ? "light" : "dark";
  const turn = () => {
    localStorage.setItem("theme", other);
    setTheme(other);
  };
  return html`<button class="icon" onClick=${turn} aria-label=${`Use ${other} colours`}>${theme === "dark" ? "☀" : "☾"}</button>`;
}

const host = document.getElementById("page");
host.replaceChildren();
render(html`<${Page} />`, host);
