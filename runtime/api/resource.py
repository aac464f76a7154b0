"""The rows of a path by method → an ASGI application that answers every failure with a problem document."""

from __future__ import annotations

import logging
import sys
from asyncio import timeout
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, cast
from urllib.parse import parse_qsl, quote

from msgspec.json import encode
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.api.audit import REFUSALS, Who
from runtime.api.problems import HttpError, of_findings, problem
from runtime.api.service import Service
from runtime.api.tokens import RIGHTS, Token
from runtime.errors import SopError

Handler = Callable[[Service, Request], Awaitable[ASGIApp]]
BODY_SECONDS: Final = 20.0  # to receive a whole body
MAX_FIELDS: Final = 200


ANYBODY: Final = "anybody"  # probes: no token needed, and no data given
PAGE: Final = "page"  # pages hold no data: no token needed, and other sites may link to them
ANY_TOKEN: Final = ""
Takes = type | Mapping[str, dict[str, Any]] | None
Gives = type | str | None


class Address(NamedTuple):
    """A row of the table of addresses (addresses.py).

    Attributes:
        rights: the rights (tokens.RIGHTS) that a request needs, all of them; or one of the words above.
        takes: the body: the type of a JSON object, or JSON Schemas by media type.
        gives: the type of a JSON answer, or another media type; None for an answer without a body.
        query: the parameters for OpenAPI.
        listed: whether it is in the OpenAPI document.
    """

    method: str
    path: str
    rights: tuple[str, ...]
    handler: Handler
    summary: str
    takes: Takes = None
    gives: Gives = None
    query: tuple[dict[str, Any], ...] = ()
    listed: bool = True


class Resource:
    """Answers the requests to one path.

    Args:
        rows: by method. HEAD is GET without a body; OPTIONS lists the methods.
    """

    def __init__(self, service: Service, rows: Mapping[str, Address]) -> None:
        self.service = service
        self.rows = rows
        methods = [*rows, "OPTIONS"]
        if "GET" in rows:
            methods.insert(1, "HEAD")
        self.allow = ", ".join(methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handled(Request(scope, receive))
        await response(scope, receive, send)

    async def _handled(self, request: Request) -> ASGIApp:
        method = request.method
        row = self.rows.get("GET" if method == "HEAD" else method)
        if row is None:
            if method == "OPTIONS":
                return Response(None, 204, {"Allow": self.allow})
            message = f"{request.scope['path'][:80]} has no {method[:20]}"
            return problem(HttpError(405, "S0102", message, self.allow, {"Allow": self.allow}))
        try:
            for right in row.rights:
                if right in RIGHTS:
                    token_of(request).require(right)
            return await row.handler(self.service, request)
        except SopError as error:
            if error.code in REFUSALS:
                self.service.audit.note("refused", who_of(request), method=method, path=_path(request), code=error.code)
            return problem(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            return _failed(error)


def _path(request: Request) -> str:
    path: str = request.scope["path"]
    return path[:200]


def _failed(error: Exception) -> Response:
    """An error with the findings of a compile; else a fault of ours, which is logged."""
    diagnostics = sys.modules.get("sopc.diagnostics")
    if diagnostics is not None and isinstance(error, diagnostics.CompileError):
        return problem(of_findings(error))
    if isinstance(error, RecursionError):
        return problem(HttpError(422, "C0103", "the input is nested too deeply", "split it into several steps"))
    logging.getLogger("sopvm").error("a request failed by a fault of the server", exc_info=error)
    return problem(HttpError(500, "S0100", "the server failed at this request", "its log says why"))


async def no_such_address(scope: Scope, receive: Receive, send: Send) -> None:
    error = HttpError(404, "S0101", f"there is nothing at {scope['path'][:80]}", "/openapi.json lists the addresses")
    await problem(error)(scope, receive, send)


def who_of(request: Request) -> Who:
    """Who makes the request, for the audit."""
    client = request.client
    return Who(token_of(request), "" if client is None else client.host)


def token_of(request: Request) -> Token:
    return cast(Token, request.scope["token"])


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(value) + b"\n", status, headers, "application/json")


def address(*parts: str) -> str:
    """The path of these parts for a header: ASCII, with a slash inside a part as `%2F`."""
    return "".join(["/" + quote(part, safe="") for part in parts])


def query_of(request: Request) -> list[tuple[str, str]]:
    """The pairs of the query string, in order.

    Raises:
        HttpError: S0108 when it can't be read.
    """
    text = request.scope["query_string"].decode("latin-1")
    if not text:
        return []
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise HttpError(400, "S0108", "the query string can't be read", "name=value&…, in UTF-8, %-encoded") from error


def options_of(request: Request, *names: str) -> dict[str, str]:
    """The options of the query by name.

    Raises:
        HttpError: S0108 for an unknown option, or one given twice.
    """
    found: dict[str, str] = {}
    for name, value in query_of(request):
        if name not in names:
            raise HttpError(400, "S0108", f"there is no option {name[:40]!r} here", ", ".join(names) or "there is none")
        if name in found:
            raise HttpError(400, "S0108", f"{name} is given twice", "give it once")
        found[name] = value
    return found


def flag(text: str | None, name: str) -> bool:
    if text not in (None, "true", "false", "1", "0", ""):
        raise HttpError(400, "S0108", f"{name} is true or false, not {text[:40]!r}" if text else name)
    return text in ("true", "1", "")


async def body_of(service: Service, request: Request) -> bytes:
    """The whole body.

    Raises:
        HttpError: S0104 when it is too large, S0107 when it comes too slowly.
    """
    most = min(service.settings.max_body, token_of(request).max_body or service.settings.max_body)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise _too_large(most)
    data = bytearray()
    try:
        async with timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most:
                    raise _too_large(most)
    except TimeoutError as error:
        message = f"the body did not come within {BODY_SECONDS:g} seconds"
        raise HttpError(408, "S0107", message, headers={"Connection": "close"}) from error
    return bytes(data)


def _too_large(most: int) -> HttpError:
    return HttpError(413, "S0104", f"the body is larger than {most:,} bytes", headers={"Connection": "close"})


def media_type(request: Request) -> str:
    """The media type of the body, in lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
