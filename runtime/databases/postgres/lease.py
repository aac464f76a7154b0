"""A server and a run's id → the lease of that run: a row of its own, renewed from a connection of its own.

Segments are SERIALIZABLE transactions and never read or write that row: a renewal would fail every longer one. The rows
are those of the runs that may go on, so a worker finds them without an index on the status of all runs: with one, each
run's end would conflict with the segments of others whose keys are on the same page of an index. Clocks are the
server's. A lease ends when it was not renewed for LEASE_SECONDS, or at once where the server shows its sessions
and the holder's is gone. The lease only says who may try: a process that lost its own is kept from committing by the
epoch of the run's row (runtime/runs/store.py).
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from typing import Final, Self

import psycopg

from runtime.databases.postgres.connection import Connection, open_connection
from runtime.databases.postgres.errors import translated
from runtime.databases.postgres.url import Address
from runtime.errors import DatabaseError
from runtime.values.ids import new_id

LEASE_SECONDS: Final = 15
_RENEWALS: Final = 3  # within that time
_LOOK_SECONDS: Final = 1.0  # between two looks whether the run is to end
_LOOKS: Final = int(LEASE_SECONDS / _RENEWALS / _LOOK_SECONDS)  # of which one renews the lease
_ENDS: Final = f"clock_timestamp() + interval '{LEASE_SECONDS} seconds'"
_LIVE: Final = """sop_leases.expires >= clock_timestamp() and
 (not exists (select 1 from pg_stat_activity where pid = pg_backend_pid())
  or exists (select 1 from pg_stat_activity where pid = sop_leases.session))"""
_TAKE: Final = f"""
insert into sop_leases (run, holder, session, expires)
%s on conflict (run) do update set holder = excluded.holder, session = excluded.session, expires = excluded.expires,
 stop = false
where not ({_LIVE}) returning run
"""
_TAKE_THIS: Final = _TAKE % f"values ($2, $1, pg_backend_pid(), {_ENDS})"
# The row is locked, so that workers do not wait for each other; that of the lease decides.
_TAKE_NEXT: Final = f"""
with found as (
  select sop_runs.run from sop_leases join sop_runs on sop_runs.run = sop_leases.run
  where {{which}} and not ({_LIVE}) order by created limit 1 for update of sop_runs skip locked),
leased as ({_TAKE % f"select run, $2, pg_backend_pid(), {_ENDS} from found"})
update sop_runs set {{changes}} from leased where sop_runs.run = leased.run returning sop_runs.run, sop_runs.epoch
"""
_RENEW: Final = f"""
update sop_leases set expires = {_ENDS}, session = pg_backend_pid() where run = $1 and holder = $2
"""
_GIVE_BACK: Final = "update sop_leases set expires = 'epoch' where run = $1 and holder = $2"
ASK_TO_STOP: Final = f"update sop_leases set stop = true where run = $1 and {_LIVE}"
_MUST_STOP: Final = "select 1 from sop_leases where run = $1 and holder = $2 and stop"
_RELEASE: Final = "delete from sop_leases where run = $1 and holder = $2"
# One row for each run that may go on, as after a process that died at its end, or one of an earlier release
_TIDY: Final = (
    f"delete from sop_leases where not ({_LIVE}) and not exists (select 1 from sop_runs where sop_runs.run ="
    " sop_leases.run and status in ('pending', 'running', 'waiting'))",
    "insert into sop_leases (run, holder, session, expires) select run, '', 0, 'epoch' from sop_runs"
    " where status in ('pending', 'running', 'waiting') on conflict do nothing",
)
IS_LEASED: Final = f"select run from sop_leases where run = $1 and {_LIVE}"
IS_SERVED: Final = f"select run from sop_leases where left(run, 1) = '@' and {_LIVE} limit 1"
_WORKER: Final = "@worker-"  # begins the name of a worker's own lease; no run's id holds an @


class PostgresLease:
    """A row that a thread renews.

    connection: by which; closed in the end if it is its `own`.
    """

    def __init__(
        self, address: Address, name: str, run: str, holder: str, connection: Connection, *, own: bool
    ) -> None:
        self._address = address
        self._name = name
        self._values = [run, holder]
        self._connection = connection
        self._own = own
        self._over = Event()
        self._stopped = False
        self._thread = Thread(target=self._renew, name=f"lease of {run}", daemon=True)
        self._thread.start()

    @classmethod
    def take(cls, address: Address, name: str, run: str) -> Self | None:
        """None while another process has it. Raises DatabaseError."""
        holder = new_id()
        connection = open_connection(address, name)
        try:
            taken = connection.execute(_TAKE_THIS.encode(), [holder, run]).fetchall()
        except psycopg.Error as error:
            connection.close()
            raise translated(error, name) from error
        if not taken:
            connection.close()
            return None
        return cls(address, name, run, holder, connection, own=True)

    @classmethod
    def serve(cls, address: Address, name: str) -> Self:
        lease = cls.take(address, name, f"{_WORKER}{new_id()}")
        assert lease is not None
        with suppress(psycopg.Error):  # another worker does so now
            for sql in _TIDY:
                lease._connection.execute(sql.encode())
        return lease

    @classmethod
    def take_next(
        cls, address: Address, connection: Connection, which: str, changes: str, pause: float
    ) -> tuple[str, int, Self] | None:
        """See runtime/databases/protocol.py. connection: in no transaction, and used for nothing but such statements
        while the lease lasts."""
        holder = new_id()
        sql = _TAKE_NEXT.format(which=which, changes=changes)
        try:
            with connection.pipeline():
                connection.execute(b"begin isolation level read committed")
                found = connection.execute(sql.encode(), [pause, holder])
                connection.execute(b"commit")
            row = found.fetchone()
        except psycopg.Error as error:
            with suppress(psycopg.Error):
                connection.rollback()
            raise translated(error, connection.name) from error
        if row is None:
            return None
        return row[0], row[1], cls(address, connection.name, row[0], holder, connection, own=False)

    def _renew(self) -> None:
        looks = 0
        while not self._over.wait(_LOOK_SECONDS):
            looks += 1
            try:
                if self._connection.closed:
                    self._connection, self._own = open_connection(self._address, self._name), True
                if looks % _LOOKS == 0:
                    self._connection.execute(_RENEW.encode(), self._values)
                if self._connection.execute(_MUST_STOP.encode(), self._values).fetchone() is not None:
                    self._stopped = True
            except (psycopg.Error, DatabaseError):
                self._connection.close()  # the server is away; the next renewal tries again

    def must_stop(self) -> bool:
        return self._stopped

    def release(self, *, is_open: bool = False) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        with suppress(psycopg.Error):  # it ends by itself
            self._connection.execute((_GIVE_BACK if is_open else _RELEASE).encode(), self._values)
        if self._own:
            self._connection.close()
