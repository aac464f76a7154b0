"""A service and the table of addresses → the ASGI application: a router behind the guard."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote

from starlette.convertors import CONVERTOR_TYPES, Convertor
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from runtime.api.addresses import ADDRESSES
from runtime.api.guard import Guard
from runtime.api.resource import ANYBODY, PAGE, Address, Resource, no_such_address
from runtime.api.service import Service


class NameConvertor(Convertor[str]):
    """One part of a path, still percent-encoded, so that `%2F` is part of a name and `/` is not."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


CONVERTOR_TYPES["name"] = NameConvertor()
_NAMES: Final = re.compile(r"\{(name|store)\}")  # parts of a path that may be any text


def make_app(service: Service, hosts: Collection[str] | None) -> ASGIApp:
    """Return the ASGI application.

    Args:
        hosts: host names that requests may use; None allows any.
    """

    rows: dict[str, dict[str, Address]] = {}
    for row in ADDRESSES:
        rows.setdefault(row.path, {})[row.method] = row
    routes = [Route(_NAMES.sub(r"{\1:name}", path), Resource(service, found)) for path, found in rows.items()]
    router = Router(routes, redirect_slashes=False, default=no_such_address)
    free = {right: frozenset(row.path for row in ADDRESSES if right in row.rights) for right in (ANYBODY, PAGE)}
    shared = service.tokens, service.jwts, service.proxies, service.rates, service.metrics, service.audit
    return Guard(router, *shared, hosts, free[ANYBODY], free[PAGE])
