"""What the VM asks of a database, whatever its engine: transactions, streams of row batches, writes, spools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec
from msgspec import Raw

from runtime.databases.change_marks import Mark
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema, Store
from runtime.query.set_use import SetUse
from runtime.values.batches import Row
from runtime.values.types import Type

BATCH_ROWS = 2048


class Statement(msgspec.Struct, frozen=True):
    """SQL ready to run, as the library caches it.

    sql: with positional placeholders. binds: for each placeholder the param's index, or (when negative) the
    constant at -1 - index, which is bound as it is. columns: names and types of the rows (empty for a write).
    reads: for each column the form of its values (runtime/query/codecs.py).
    records: where the engine can write records by itself, SQL that gives each row as the JSON text of its record.
    forms: for each placeholder the codec name of its param (runtime/query/codecs.py).
    each: when not empty, the one param is a list of records, and the statement runs once for each of them with these
    fields as its params. store: what a write writes to, for messages. few: it gives no more than a batch of rows.
    fields: of an insert that does nothing else, in the order of its params.
    keys: the params that say which row an upsert updates.
    """

    sql: str
    binds: tuple[int, ...]
    constants: tuple[bool | int | float | str | None, ...]
    columns: tuple[tuple[str, Type], ...] = ()
    reads: tuple[str, ...] = ()
    records: str = ""
    forms: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    store: str = ""
    few: bool = False
    fields: tuple[str, ...] = ()
    keys: tuple[int, ...] = ()


class Spool(Protocol):
    """Rows as they were when it was made, kept by the database; unaffected by later writes."""

    def batches(self, start: int) -> Iterator[list[Row]]:
        """Rows from position `start` (0-based) on."""
        ...

    def drop(self) -> None:
        """Forget the rows."""
        ...


class Database(Protocol):
    """One connection, used by one run. Values in and out are the VM's (runtime/values/operators.py): int, float, bool,
    str, Decimal, date, datetime (UTC), timedelta, None. Every method raises DatabaseError.

    Attributes:
        name: What scripts call it.
        engine: Its name, for messages.
        dialect: Which SQL it is asked in.
        read_only: Whether it refuses writes.
        savepoints: Whether it can undo a part of a segment; a script that needs savepoints is refused on an engine
            without them.
    """

    name: str
    engine: str
    dialect: str
    read_only: bool
    savepoints: bool

    def schema(self) -> Schema:
        """Read its stores; they are read once."""
        ...

    def change_mark(self) -> Mark:
        """Return what differs once data that this connection reads may have changed."""
        ...

    def begin(self, *, write: bool) -> None:
        """Open the segment's transaction.

        Args:
            write: Whether it may write (SQLite then begins IMMEDIATE).
        """
        ...

    def commit(self) -> None:
        """Make the segment's writes permanent."""
        ...

    def rollback(self) -> None:
        """Undo the segment; does nothing when none is open."""
        ...

    def savepoint(self, depth: int) -> None:
        """Set a savepoint; `depth` counts those that are open."""
        ...

    def release(self, depth: int) -> None:
        """Drop a savepoint and keep what was written since."""
        ...

    def rollback_to(self, depth: int) -> None:
        """Undo what was written since savepoint(depth) and drop that savepoint."""
        ...

    def isolate_next_statement(self) -> None:
        """Let an error of the next statement undo that statement alone: the script will catch it."""
        ...

    def prepare(self, query: Query | Write) -> Statement:
        """SQL for this engine and schema (imports the SQL generator: call it only when the cache has none)."""
        ...

    def query(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        """Run a query.

        Args:
            statement: Of `prepare`.
            params: Its parameters, VM values.

        Returns:
            Batches of rows, read as they are asked for; closing the iterator closes the cursor.
        """
        ...

    def query_json(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]] | Iterator[list[Raw]]:
        """As `query`, but values are ready for the JSON writer (dates and timestamps may stay text); or, where the
        statement has `records`, whole records in JSON.

        Args:
            statement: Of `prepare`.
            params: Its parameters, VM values.
        """
        ...

    def spool(self, statement: Statement, params: Sequence[Any]) -> Spool:
        """Run a query and keep all its rows.

        Args:
            statement: Of `prepare`.
            params: Its parameters, VM values.
        """
        ...

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        """Run a write, and return the number of rows changed.

        Args:
            statement: Of `prepare`.
            params: Its parameters, VM values.
        """
        ...

    def execute_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        """Run a write once for each row, in order, in bulk where the engine can; return the number of rows changed.

        Args:
            statement: Of `prepare`.
            rows: Parameters of each.
        """
        ...

    def count_rows(self, store: str) -> int:
        """Count the rows of a store."""
        ...

    def on_progress(self, callback: Callable[[], None]) -> None:
        """Set a function to call every few milliseconds while a statement runs; it flushes the output. An exception
        that it raises ends the statement and leaves the method that runs it. An `interrupt` before is forgotten."""
        ...

    def interrupt(self) -> None:
        """Make the running statement fail soon; safe to call from a signal handler or another thread."""
        ...

    def close(self) -> None:
        """Close the connection; an open transaction is undone."""
        ...


class Loadable(Database, Protocol):
    """A database that files are loaded into."""

    def create_store(self, store: Store, *, replace: bool = False) -> None:
        """Make a store.

        Args:
            store: Its name, fields and primary key.
            replace: Drop one of that name first.
        """
        ...

    def drop_store(self, store: str) -> None:
        """Remove a store with its rows.

        Args:
            store: Its name.
        """
        ...

    def rename_store(self, store: str, new: str) -> None:
        """Give a store another name.

        Args:
            store: Its name.
            new: Its new name.
        """
        ...

    def insert_rows(self, store: Store, rows: Sequence[Sequence[Any]]) -> int:
        """Load rows by the engine's bulk path, and return how many there were.

        A DatabaseError says which row failed (from 0) where that is known.

        Args:
            store: The store.
            rows: VM values of the store's fields, in their order.
        """
        ...

    def plain_sql(self, sql: str) -> list[Row]:
        """Run a statement of an import's own, such as on what is remembered of fields (runtime/files/remembered.py).

        Args:
            sql: The statement, in SQL that every engine takes.

        Returns:
            The rows of a SELECT; nothing for others.
        """
        ...

    def forget_schema(self) -> None:
        """Read the schema again when it is next asked for."""
        ...


class Lease(Protocol):
    """The right to go on with a run, which one process has at a time; it ends with the process."""

    def release(self, *, is_open: bool = False) -> None:
        """Let go of it. is_open: the run may go on in another process."""
        ...

    def must_stop(self) -> bool:
        """Whether somebody wants the run to end (`Keeps.ask_to_stop`). It may be asked often."""
        ...


@runtime_checkable
class Keeps(Database, Protocol):
    """A database that runs can be kept in (runtime/runs/store.py)."""

    def own(self, sql: str, values: Sequence[Any]) -> list[Row]:
        """Run one statement on our own tables, in the transaction that is open, else by itself; the rows it gives."""
        ...

    def own_change(self, sql: str, values: Sequence[Any]) -> int:
        """As `own`, of a statement that gives no rows: how many it changed. (On SQLite `returning` would cost four
        times the update.)"""
        ...

    def own_with_next(self, sql: str) -> None:
        """Run a statement without values in one trip with the next `own` or `own_change`."""
        ...

    def lease(self, run: str) -> Lease | None:
        """The lease of a run, None while another process has it."""
        ...

    def is_leased(self, run: str) -> bool: ...

    def take(self, which: str, changes: str, pause: float) -> tuple[str, int, Lease] | None:
        """Lease the oldest run that no process has, and change its row in the same transaction: the run, its epoch then
        and the lease; None if there is none.

        Args:
            which: The SQL condition on the rows of runs.
            changes: What `update … set` takes, with `pause` for `$1`; it adds 1 to the epoch.
            pause: Seconds.
        """
        ...

    def serve(self) -> Lease:
        """Say that a worker serves this database, until the lease is released or the process ends."""
        ...

    def is_served(self) -> bool: ...

    def ask_to_stop(self, run: str) -> bool:
        """Tell the process that has the lease of a run to end the run soon; False when none has it."""
        ...

    def relax(self) -> None:
        """From the next transaction on, commit without waiting for the disk: a crash of the machine may lose the last
        moments, never a part of a transaction."""
        ...

    def reconnect(self) -> None:
        """Open the connection anew after it was lost (D0421), with no transaction. Raises DatabaseError D012x while the
        server can't be reached."""
        ...


@runtime_checkable
class SetSafe(Database, Protocol):
    """A database that can prove by its catalogue that a statement leaves what a loop over rows would have left."""

    def hold_definitions(self, read: Sequence[str], written: Sequence[str]) -> None:
        """Have each segment begin with what keeps others from changing these stores' definitions until it ends, where
        that is needed and can be had.

        Args:
            read: Stores that a loop may read at once.
            written: Stores that may be written in bulk.
        """
        ...

    def row_by_row(self, use: SetUse) -> str | None:
        """Why a loop has to run row by row, as a clause for its author; None where one statement leaves the same. Only
        what is known to be harmless is taken.

        Args:
            use: What the loop reads and writes.
        """
        ...


@runtime_checkable
class Pipelined(Protocol):
    """A database that takes several statements in one trip."""

    def execute_batches(self, runs: Sequence[tuple[Statement, Sequence[Sequence[Any]]]]) -> None:
        """An `execute_many` for each, in order; a DatabaseError says which of them failed, and its row."""
        ...
