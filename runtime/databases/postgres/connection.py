"""An address → a connection with the session that generated SQL counts on.

While a statement runs, the connection looks up every few milliseconds: `look` is called, so that what was said before
is seen, and a run that was told to stop cancels the statement.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Final

import psycopg
from psycopg import pq

from runtime.acting import Acting
from runtime.databases.postgres.errors import not_opened, translated
from runtime.databases.postgres.url import Address
from runtime.databases.postgres.values import adapt
from runtime.databases.tables import quote_identifier
from runtime.errors import DatabaseError

_LOOK_SECONDS: Final = 0.02
# A role `none` would be the connection's user, and of a long name PostgreSQL takes the first 63 bytes.
_ACT: Final = b"select set_config('role', $1, false), set_config('request.jwt.claims', $2, false), current_user::text"
_CANCEL_SECONDS: Final = 3.0  # a server that does not answer by then is not waited for

# A constant of the language looks the same whatever the server's settings, and a statement reads and writes the named
# schema (and the catalogue) only.
_SESSION: Final = """
set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set extra_float_digits = 3;
set standard_conforming_strings = on; set client_min_messages = 'error'; set search_path = {schema}, pg_temp
"""
# Not `discard all`: it drops prepared statements, of which psycopg would not hear.
_RENEWAL: Final = f"close all; reset role; reset all; discard temp; discard sequences; {_SESSION}"
_SCHEMA: Final = """
select n.nspname, has_schema_privilege(n.oid, 'usage'), current_setting('transaction_read_only') = 'on',
  (select c.collname from pg_collation as c where c.collname in ('pg_unicode_fast', 'und-x-icu', 'pg_c_utf8')
   order by position('pg_c' in c.collname), c.collname limit 1)
from pg_namespace as n where n.nspname = coalesce($1::text, current_schema()::text)
"""

Row = tuple[Any, ...]

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it would say there is raised as well


class Connection(psycopg.Connection[Row]):
    """look: called while a statement runs; what it raises ends the statement, and is raised there. stopped: the
    statement under way ends soon, with D0403. schema: what names without a schema are looked up in.
    casing: a collation that knows upper and lower case of all letters, if there is one.
    only_reads: the server takes no writes. standby: it follows another server, and can't work SERIALIZABLE.
    acting: whose rights it has instead of those of its user."""

    name = ""
    schema = ""
    casing = ""
    only_reads = False
    standby = False
    stopped = False
    look: Callable[[], None] | None = None
    acting: Acting | None = None

    def act_as(self, acting: Acting) -> None:
        """Do all that follows with the rights of a role. Raises psycopg.Error."""
        row = self.execute(_ACT, [acting.role, acting.claims]).fetchone()
        if row is None or row[-1] != acting.role:
            raise psycopg.errors.InvalidParameterValue("the server took another role")
        self.acting = acting

    @contextmanager
    def as_itself(self) -> Iterator[None]:
        """Do what is inside with the rights of the connection's user. Raises psycopg.Error."""
        acting = self.acting
        if acting is None:
            yield
            return
        self.execute(b"set role none")
        try:
            yield
        finally:
            if self.info.transaction_status != pq.TransactionStatus.INERROR:  # whose rollback brings the role back
                try:
                    self.act_as(acting)
                except psycopg.Error:
                    self.close()  # nothing may run without the role
                    raise

    def wait(self, gen: Generator[Any, Any, Any], interval: float = _LOOK_SECONDS, *rest: Any, **named: Any) -> Any:
        """rest, named: what psycopg passes since some 3.3.x, a timeout."""
        return super().wait(self._watched(gen), _LOOK_SECONDS, *rest, **named)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The generator, looking up whenever it has waited for long."""
        error: BaseException | None = None
        deadline = 0.0
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and error is None:
                    error = self._reason_to_stop()
                    if error is not None:
                        deadline = monotonic() + _CANCEL_SECONDS
                        with suppress(psycopg.Error):
                            self.cancel_safe(timeout=_CANCEL_SECONDS)
                elif error is not None and monotonic() > deadline:
                    self.pgconn.finish()
                    raise error
                state = gen.send(ready)
        except StopIteration as stop:
            if error is not None:
                raise error from None
            return stop.value
        except psycopg.Error as failure:
            if error is not None:
                raise error from failure
            raise

    def _reason_to_stop(self) -> BaseException | None:
        if self.stopped:
            return DatabaseError("D0403", f"a statement on `{self.name}` was interrupted")
        if self.look is not None:
            try:
                self.look()
            except BaseException as error:
                return error
        return None


def open_connection(address: Address, name: str, *, create: bool = False) -> Connection:
    """A connection in autocommit mode, its session as generated SQL needs it.

    name: what the script calls the database. create: make the schema if it is not there. DatabaseError D0121 to D0124
    when there is no connection to be had.
    """
    params: dict[str, Any] = dict(address.params)
    try:
        made = Connection.connect(**params, autocommit=True, cursor_factory=psycopg.RawCursor)
    except psycopg.Error as error:
        raise not_opened(error, name) from error
    made.name = name
    try:
        _set_up(made, address, create)
    except psycopg.Error as error:
        made.close()
        raise translated(error, name) from error
    except BaseException:
        made.close()
        raise
    return made


def _set_up(connection: Connection, address: Address, create: bool) -> None:
    name = connection.name
    adapt(connection)
    connection.standby = connection.info.parameter_status("in_hot_standby") == "on"
    found = connection.execute(_SCHEMA, [address.schema]).fetchone()
    if found is None and create and address.schema is not None:
        connection.execute(f"create schema if not exists {quote_identifier(address.schema)}".encode())
        found = connection.execute(_SCHEMA, [address.schema]).fetchone()
    if found is None:
        wanted = f"has no schema `{address.schema}`" if address.schema else "has no schema that its user sees"
        raise DatabaseError(
            "D0124", f"`{name}`: the database `{connection.info.dbname}` {wanted}", "`?schema=…` in its URL names one"
        )
    connection.schema, usable, connection.only_reads, casing = found
    connection.casing = casing or ""
    if connection.schema.startswith("pg_"):
        message = f"`{name}`: the schema `{connection.schema}` is the server's own, not one of stores"
        raise DatabaseError("D0124", message, "`?schema=…` in its URL names another")
    if not usable:
        raise DatabaseError(
            "D0321",
            f"the user of `{name}` lacks a privilege: the schema `{connection.schema}` may not be used",
            "a `grant usage on schema` by the owner gives it",
        )
    connection.execute(_SESSION.format(schema=quote_identifier(connection.schema)).encode())


def renew(connection: Connection) -> bool:
    """Make the session as it was when it was new; False when the connection is of no use any more."""
    connection.look, connection.stopped, connection.acting = None, False, None
    try:
        connection.execute(_RENEWAL.format(schema=quote_identifier(connection.schema)).encode(), prepare=False)
    except psycopg.Error:
        return False
    return True
