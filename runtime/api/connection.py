"""A request's scope → its connection. It can be cut, so that an incomplete answer does not look complete."""

from __future__ import annotations

from typing import Final, Protocol

from starlette.responses import Response
from starlette.types import Scope

EXTENSION: Final = "sop.connection"  # the key in scope["extensions"]


class Connection(Protocol):
    """`stalled`: the seconds in which the client read nothing, if the server closed the connection for that; else
    None."""

    stalled: float | None

    async def cut(self, failure: Response) -> None:
        """Break off the answer, so that the client notices that it is incomplete.

        Args:
            failure: the answer that would have been sent if no head had been; for callers on this machine.
        """
        ...


class Broken(Exception):
    """An answer broke off. Servers without another way to cut a connection do so when they see an exception."""


async def cut(scope: Scope, failure: Response) -> None:
    """See `Connection.cut`."""
    connection = connection_of(scope)
    if connection is None:
        raise Broken(bytes(failure.body).decode(errors="replace").strip())
    await connection.cut(failure)


def connection_of(scope: Scope) -> Connection | None:
    """The connection of a request; None under servers other than ours."""
    found: Connection | None = scope.get("extensions", {}).get(EXTENSION)
    return found
