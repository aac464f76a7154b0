// preact and htm → `html`, in which all views are written, and the hooks they use.

import {Fragment, h, render} from "./preact.js";
import htm from "./htm.js";

export {Fragment, render};
export {useEffect, useId, useLayoutEffect, useRef, useState} from "./hooks.js";
export const html = htm.bind(h);
