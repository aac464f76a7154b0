"""`/` and `/assets/…`: the web page, from the files in `page/`; it loads nothing from elsewhere."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec.json import encode
from starlette.requests import Request
from starlette.responses import Response

from runtime.api.formats import prefers_html
from runtime.api.problems import HttpError
from runtime.api.service import Service

FOLDER: Final = Path(__file__).with_name("page")
VENDOR: Final = FOLDER / "vendor"  # libraries, by tools/vendor.py
WORDS: Final = "words.js"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


async def show_page(service: Service, request: Request) -> Response:
    return _file(request, "index.html")


async def show_asset(service: Service, request: Request) -> Response:
    """Answer with a file of the page.

    Raises:
        HttpError: S0101 for any other name.
    """
    return _file(request, request.path_params["name"])


def form_of(method: str, path: str, query: str, accept: str | None) -> Response | None:
    """The way from `/play/NAME` to the form of the script, for a browser; None for all other requests. It tells nothing
    of the script, so it needs no token."""
    before, _, name = path.rpartition("/")
    if method not in ("GET", "HEAD") or before != "/play" or not prefers_html(accept) or "&format=" in f"&{query}":
        return None
    address = f"../#/scripts/{name}{'?' if query else ''}{query}"
    return Response(None, 303, {"Location": address, "Vary": "Accept"})


def _file(request: Request, name: str) -> Response:
    found = files().get(name)
    if found is None:
        raise HttpError(404, "S0101", f"there is nothing at {request.scope['path'][:80]}", "/ is the page")
    data, etag = found
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    if request.headers.get("if-none-match") == etag:
        return Response(None, 304, headers)
    return Response(data, headers=headers, media_type=_TYPES[Path(name).suffix])


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """The content and ETag of each file by name. One file is generated: the keywords of the language."""
    every = (*FOLDER.iterdir(), *VENDOR.iterdir())
    found = {path.name: path.read_bytes() for path in every if path.suffix in _TYPES}
    found[WORDS] = b"export const WORDS = new Set(" + encode(words()) + b");\n"
    return {name: (data, f'"{sha256(data).hexdigest()[:32]}"') for name, data in found.items()}


def words() -> list[str]:
    """The keywords of the language; none if the compiler is not installed."""
    try:
        from sopc.syntax.grammar import grammar_text
    except ImportError:
        return []
    return sorted(set(re.findall(r'"([a-z]+)"', grammar_text())))
