"""A server and a run's id → the lease of that run: a row of its own, renewed from a connection of its own.

Segments are SERIALIZABLE transactions and never read or write that row: a renewal would fail every longer one. Clocks
are the server's. A lease ends when it was not renewed for LEASE_SECONDS, or at once where the server shows its sessions
and the holder's is gone. The lease only says who may try: a process that lost its own is kept from committing by the
epoch of the run's row (runtime/runs/store.py).
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final, Self

import psycopg

from runtime.databases.postgres.connection import open_connection
from runtime.databases.postgres.errors import translated
from runtime.databases.postgres.url import Address
from runtime.errors import DatabaseError

LEASE_SECONDS: Final = 15
_RENEWALS: Final = 3  # within that time
_ENDS: Final = f"clock_timestamp() + interval '{LEASE_SECONDS} seconds'"
_LIVE: Final = """sop_leases.expires >= clock_timestamp() and
 (not exists (select 1 from pg_stat_activity where pid = pg_backend_pid())
  or exists (select 1 from pg_stat_activity where pid = sop_leases.session))"""
_TAKE: Final = f"""
insert into sop_leases (run, holder, session, expires) values ($1, $2, pg_backend_pid(), {_ENDS})
on conflict (run) do update set holder = excluded.holder, session = excluded.session, expires = excluded.expires
where not ({_LIVE}) returning run
"""
_RENEW: Final = f"""
update sop_leases set expires = {_ENDS}, session = pg_backend_pid() where run = $1 and holder = $2
"""
_RELEASE: Final = "delete from sop_leases where run = $1 and holder = $2"
IS_LEASED: Final = f"select run from sop_leases where run = $1 and {_LIVE}"


class PostgresLease:
    """A row that a thread renews."""

    def __init__(self, address: Address, name: str, run: str, holder: str, connection: psycopg.Connection[Any]) -> None:
        self._address = address
        self._name = name
        self._values = [run, holder]
        self._connection = connection
        self._over = Event()
        self._thread = Thread(target=self._renew, name=f"lease of {run}", daemon=True)
        self._thread.start()

    @classmethod
    def take(cls, address: Address, name: str, run: str) -> Self | None:
        """None while another process has it. Raises DatabaseError."""
        from runtime.values.ids import new_id

        holder = new_id()
        connection = open_connection(address, name)
        try:
            taken = connection.execute(_TAKE.encode(), [run, holder]).fetchall()
        except psycopg.Error as error:
            connection.close()
            raise translated(error, name) from error
        if not taken:
            connection.close()
            return None
        return cls(address, name, run, holder, connection)

    def _renew(self) -> None:
        while not self._over.wait(LEASE_SECONDS / _RENEWALS):
            try:
                if self._connection.closed:
                    self._connection = open_connection(self._address, self._name)
                self._connection.execute(_RENEW.encode(), self._values)
            except (psycopg.Error, DatabaseError):
                self._connection.close()  # the server is away; the next renewal tries again

    def release(self) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        with suppress(psycopg.Error):  # it ends by itself
            self._connection.execute(_RELEASE.encode(), self._values)
        self._connection.close()
