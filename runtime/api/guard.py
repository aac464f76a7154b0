"""Requests → those that are let in: right Host, no page of another site, a valid token if tokens are needed. It also
adds headers that keep a browser from misreading an answer.

On loopback the service needs no token by default, so a page of another site must not reach it through a visitor's
browser: Host is checked against DNS rebinding, Origin and Sec-Fetch-Site against cross-site requests.
"""

from __future__ import annotations

from asyncio import wait_for
from collections.abc import Collection
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.api.audit import Audit, Who
from runtime.api.metrics import Metrics
from runtime.api.page import form_of
from runtime.api.problems import HttpError, problem
from runtime.api.proxies import PREFIX, Proxies
from runtime.api.rates import Rates
from runtime.api.sites import parse_host, same_site
from runtime.api.slowdown import MAX_SECONDS, Slowdown, network_of
from runtime.api.tokens import LOCAL, NOBODY, Token, Tokens, WrongToken, unauthorized
from runtime.errors import SopError, UsageError

if TYPE_CHECKING:
    from runtime.api.jwt_tokens import JwtTokens

MAX_HEADERS: Final = 32_768  # bytes of a request's headers
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
TOKEN_NAMES: Final = ("token", "access_token")  # query parameters that hold tokens; a query may not
_LOOKED_AT: Final = frozenset({b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"authorization"})
_ADDRESSES: Final = (b"location", b"x-run")  # headers that hold an address of ours
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
DATA_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_STORE: Final = (b"cache-control", b"no-store")


class Guard:
    """The ASGI middleware; it puts the token in scope["token"].

    Args:
        jwts: tokens of the issuer of [jwt]; None without one.
        hosts: names that Host may hold; None allows any.
        probes, pages: paths that need no token (rows `ANYBODY` and `PAGE` of the table of addresses).
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        jwts: JwtTokens | None,
        proxies: Proxies,
        rates: Rates,
        metrics: Metrics,
        audit: Audit,
        hosts: Collection[str] | None,
        probes: frozenset[str],
        pages: frozenset[str],
    ) -> None:
        self.probes = probes
        self.pages = pages
        self.app = app
        self.audit = audit
        self.tokens = tokens
        self.jwts = jwts
        self.proxies = proxies
        self.rates = rates
        self.metrics = metrics
        self.slowdown = Slowdown()
        self.hosts = None if hosts is None else {host_name(name) for name in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # the percent-encoded path, so that a script's name may hold a slash (as %2F); see `NameConvertor` in app.py
        scope["path"] = scope.get("raw_path", scope["path"].encode()).decode("latin-1") or "/"
        self.proxies.undo(scope)
        method, path, prefix = scope["method"], scope["path"], scope[PREFIX].encode()
        static = path in self.pages or f"{path.rpartition('/')[0]}/{{name}}" in self.pages

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                if prefix:
                    headers[:] = [(n, prefix + v if n in _ADDRESSES and v[:1] == b"/" else v) for n, v in headers]
                headers.extend(SECURITY_HEADERS)
                names = {name for name, _ in headers}
                if DATA_POLICY[0] not in names:
                    headers.append(DATA_POLICY)
                if NO_STORE[0] not in names:
                    headers.append(NO_STORE)
                self.metrics.request(method, message["status"])
            await send(message)

        try:
            headers = _Headers(scope)
            self._check_host(headers)
            form = form_of(method, path, scope["query_string"].decode("latin-1"), headers.accept)
            _check_site(headers, static or form is not None)
            _check_query(scope)
            if form is not None:
                await form(scope, receive, answer)
                return
            free = static or path in self.probes
            token = scope["token"] = await self._token(headers, free)
            if not free:
                client = scope.get("client")
                self.rates.take(token.id or network_of(client[0] if client else ""))
        except WrongToken as error:
            await problem(await self._later(error, scope, receive))(scope, receive, answer)
            return
        except SopError as error:
            await problem(error)(scope, receive, answer)
            return
        await self.app(scope, receive, answer)

    async def _later(self, error: WrongToken, scope: Scope, receive: Receive) -> HttpError:
        """Return the error when its delay is over or the client has gone; S0203 if too many answers wait already."""
        client = scope.get("client")
        delay = self.slowdown.delay(client[0] if client else "", error.id, monotonic())
        if delay is None:
            headers = {"Retry-After": f"{MAX_SECONDS:.0f}", "Connection": "close"}
            return HttpError(429, "S0203", "too many wrong tokens came from here", "try again later", headers)
        if delay:
            self.audit.note("wrong-token", Who(NOBODY, client[0] if client else ""), claims=error.id)
            self.slowdown.waiting += 1
            try:
                await wait_for(_gone(receive), delay)
            except TimeoutError:
                pass
            finally:
                self.slowdown.waiting -= 1
        return error

    def _check_host(self, headers: _Headers) -> None:
        host = headers.host
        if host is None:
            raise HttpError(400, "S0206", "the request has no Host")
        site = parse_host(host)
        if site is None or (self.hosts is not None and site.host not in self.hosts):
            message = f"this server is not {host[:80]!r}"
            raise HttpError(421, "S0206", message, "--allow-host NAME lets it answer under another name")

    async def _token(self, headers: _Headers, free: bool) -> Token:
        if free:
            return LOCAL
        given = headers.authorization
        if not self.tokens.required():
            return LOCAL
        if given is None:
            raise unauthorized("this server needs a token")
        scheme, _, text = given.partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("this server knows bearer tokens only", "invalid_request")
        text = text.strip()
        if self.jwts is not None and text.count(".") == 2:
            return await self.jwts.check(text)
        return self.tokens.check(text)


class _Headers:
    """The headers that are checked here. Each may appear once: of two, a proxy might use one and we the other."""

    def __init__(self, scope: Scope) -> None:
        found: dict[bytes, str] = {}
        size = 0
        accept = None
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"accept":
                accept = value.decode("latin-1")
            if name in _LOOKED_AT:
                if name in found:
                    raise _twice(name)
                found[name] = value.decode("latin-1")
        if size > MAX_HEADERS:
            raise HttpError(431, "S0116", f"the headers take more than {MAX_HEADERS >> 10} KiB")
        self.host = found.get(b"host")
        self.origin = found.get(b"origin")
        self.site = found.get(b"sec-fetch-site")
        self.mode = found.get(b"sec-fetch-mode")
        self.authorization = found.get(b"authorization")
        self.accept = accept


def _twice(name: bytes) -> HttpError:
    message = f"the request has more than one {name.decode()} header"
    if name == b"authorization":
        return unauthorized(message, "invalid_request")
    return HttpError(400, "S0206", message) if name == b"host" else HttpError(403, "S0205", message)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _check_query(scope: Scope) -> None:
    if any(name.lower() in TOKEN_NAMES for name, _ in parse_qsl(scope["query_string"].decode("latin-1"))):
        message = "a token in an address ends up in logs and histories"
        raise HttpError(400, "S0207", message, "Authorization: Bearer TOKEN")


def _check_site(headers: _Headers, static: bool) -> None:
    """S0205 for a request from another site's page, but not for a link to one of our pages."""
    foreign = headers.site in ("cross-site", "same-site")
    if headers.origin is not None and not same_site(headers.origin, headers.host or ""):
        foreign = True  # also `null`, the origin of sandboxed pages and of files
    if foreign and not (static and headers.mode == "navigate"):
        raise HttpError(
            403, "S0205", "the request comes from a page of another site", "use it from a page of this server"
        )


def host_name(name: str) -> str:
    """A host name as it appears in a Host header: an IPv6 address is in brackets."""
    name = name.partition("%")[0]  # the zone of an address means nothing to other machines
    site = parse_host(f"[{name}]" if ":" in name and not name.startswith("[") else name)
    if site is None or site.port is not None:
        raise UsageError("S0206", f"{name!r} is not the name of a host", "--allow-host scripts.example, without a port")
    return site.host
