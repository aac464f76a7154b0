"""A request's scope → its connection, which can be cut: an answer that breaks off must not look like a whole one."""

from __future__ import annotations

from typing import Final, Protocol

from starlette.responses import Response
from starlette.types import Scope

EXTENSION: Final = "sop.connection"  # its name in scope["extensions"]


class Connection(Protocol):
    """stalled: seconds in which the client read nothing, so that the server closed the connection; None otherwise."""

    stalled: float | None

    async def cut(self, failure: Response) -> None:
        """End the answer under way where it is, so that its client sees that something is missing.

        failure: the answer that the request would have had, were its head not sent; for who is at this machine.
        """
        ...


class Broken(Exception):
    """An answer broke off. A server that knows no other way to cut a connection does so when it sees an exception."""


async def cut(scope: Scope, failure: Response) -> None:
    """See `Connection.cut`."""
    connection = connection_of(scope)
    if connection is None:
        raise Broken(bytes(failure.body).decode(errors="replace").strip())
    await connection.cut(failure)


def connection_of(scope: Scope) -> Connection | None:
    """None below servers other than ours."""
    found: Connection | None = scope.get("extensions", {}).get(EXTENSION)
    return found
