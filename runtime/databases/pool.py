"""Database names → open connections that are used again by later runs, one run at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, Final

from runtime.acting import Acting
from runtime.databases.acting import acting_as
from runtime.databases.protocol import Database
from runtime.errors import DatabaseError

MAX_IDLE: Final = 16  # of one database; more are closed when their run ends


class Pool:
    """connect: opens a database by name. Safe to use from several threads.

    A database is reused only when it has a method `renew() -> bool`. `renew` resets the connection to the state of a
    new one, schema and role included; False means that the connection must be closed.
    """

    def __init__(self, connect: Callable[[str], Database]) -> None:
        self._connect = connect
        self._idle: dict[str, list[Database]] = {}
        self._lent: dict[int, str] = {}
        self._lock = Lock()
        self._closed = False

    def take(self, name: str, acting: Acting | None = None) -> Database:
        """Return a connection for one run.

        Args:
            name: Of the database.
            acting: For whom; None for the connection's own user.

        Raises:
            SopError: What `connect` and `acting_as` do.
        """
        database = self._kept(name)
        if database is None:
            database = self._connect(name)
            is_usable(database)
        acting_as(database, acting)
        self._lent[id(database)] = name
        return database

    def give_back(self, database: Database) -> None:
        """Its transaction is undone, if one is open."""
        name = self._lent.pop(id(database))
        if hasattr(database, "renew"):
            with suppress(DatabaseError):
                database.rollback()
                with self._lock:
                    idle = self._idle.setdefault(name, [])
                    if len(idle) < MAX_IDLE and not self._closed:
                        idle.append(database)
                        return
        database.close()

    def close(self) -> None:
        """Close the idle ones now, and the others when they are given back."""
        with self._lock:
            self._closed = True
            databases = [database for idle in self._idle.values() for database in idle]
            self._idle.clear()
        for database in databases:
            database.close()

    def _kept(self, name: str) -> Database | None:
        while True:
            with self._lock:
                idle = self._idle.get(name)
                if not idle:
                    return None
                database = idle.pop()
            if is_usable(database):
                return database
            database.close()


def is_usable(database: Any) -> bool:
    """Reset an idle connection by its `renew`; False when it must be closed, or has none."""
    return hasattr(database, "renew") and database.renew()
