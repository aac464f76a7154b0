"""`/databases`: the names that scripts may use and what each holds, but never its URL or password."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from runtime.api.problems import HttpError
from runtime.api.resource import as_json, token_of
from runtime.api.service import Service
from runtime.api.tokens import Token
from runtime.query.schema import described


async def list_databases(service: Service, request: Request) -> Response:
    token = token_of(request)
    return as_json({"databases": [{"name": name} for name in service.seen_by(token).database_names()]})


async def show_database(service: Service, request: Request) -> Response:
    """Its stores, their fields and keys."""
    token = token_of(request)
    name = request.path_params["name"]
    known_database(service, token, name)
    return as_json({"name": name, "stores": await service.call(stores_of, service, token, name)})


def known_database(service: Service, token: Token, name: str) -> None:
    """Check that the token's user has a database of this name.

    Raises:
        HttpError: C0204.
    """
    if name not in service.seen_by(token).database_names():
        raise HttpError(404, "C0204", f"there is no database {name[:60]!r} here", "/databases lists them")


def stores_of(service: Service, token: Token, name: str) -> dict[str, Any]:
    if service.seen_by(token).is_unmade(name):
        return {}
    with service.lent(token, name) as database:
        return described(database.schema())
