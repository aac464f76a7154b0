// A list of links beside a view; on a narrow screen it is a menu.

import {html, useRef} from "./view.js";

export function SideList({label, items, children}) {
  const details = useRef();
  const now = items.find((each) => each.now);
  const list = html`<ul>${items.map((each) => html`<li><a href=${each.href} aria-current=${each.now ? "page" : undefined}
    title=${each.title}
    onClick=${() => details.current && (details.current.open = false)}>${each.label}</a></li>`)}</ul>`;
  return html`<aside class="side" aria-label=${label}>
    <nav class="wide" aria-label=${label}>${list}</nav>
    <details class="slim" ref=${details}><summary>${now ? now.label : label}</summary>${list}</details>
    ${children}
  </aside>`;
}
