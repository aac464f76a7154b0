"""`/docs`: a self-contained page that shows /openapi.json and can send requests."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.service import Service

FILE: Final = Path(__file__).with_name("docs.html")


async def show_docs(service: Service, request: Request) -> Response:
    html, policy = page()
    return Response(html, headers={"Content-Security-Policy": policy}, media_type="text/html; charset=utf-8")


@cache
def page() -> tuple[bytes, str]:
    """The page, and a content security policy that allows only its own style and script."""
    html = FILE.read_bytes()
    hashes = {
        tag.decode(): b64encode(sha256(text).digest()).decode()
        for tag, text in re.findall(rb"<(style|script)>(.*?)</\1>", html, re.DOTALL)
    }
    policy = [
        "default-src 'none'",
        f"script-src 'sha256-{hashes['script']}'",
        f"style-src 'sha256-{hashes['style']}'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return html, "; ".join(policy)
