"""Who began a run ↔ the column of its row that says so: who may see it, and which databases its names stand for."""

from __future__ import annotations

from typing import Final

import msgspec

from runtime.acting import Acting


class Owner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who began a run.

    Attributes:
        token: Id of the token of the service that began it; empty for the command line and a service without tokens.
        name: Of that token.
        scope: Of that token.
        bound: A database name in the run's scripts → the name that it stands for in the settings; those that are left
            out stand for themselves.
        databases: The names in its scripts; None where an earlier release kept the run.
        trace: The `traceparent` of its trace; empty without one.
        acting: Whom databases take it for, also when the run goes on elsewhere.
    """

    token: str = ""
    name: str = ""
    scope: str = ""
    bound: dict[str, str] = {}
    databases: tuple[str, ...] | None = None
    acting: Acting | None = None
    trace: str = ""

    def place(self, database: str) -> str:
        """Return what a database name of the run's scripts stands for in the settings."""
        return self.bound.get(database, database)


NOBODY: Final = Owner()


def write_owner(owner: Owner) -> str:
    """As the column holds it."""
    return msgspec.json.encode(owner).decode()


def owned_by(token: str) -> str:
    """The pattern of `like` for the column of runs that a token began. token: its id, hex digits."""
    return f'{{"token":"{token}"%'


def read_owner(text: str | None) -> Owner:
    """As the column says; one that nobody but the command line and an administrator sees where it can't be read."""
    try:
        return NOBODY if text is None else msgspec.json.decode(text, type=Owner)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NOBODY
