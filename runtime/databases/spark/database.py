"""A Spark Connect server → the Database protocol, on Spark's client. It is only read.

There are no transactions: a segment may see files of several moments. Files that change while a segment reads them
are told (D0402), so that no rows of two moments pass for those of one. Tables of a catalogue are the server's to keep
apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

from msgspec import Raw

from runtime.databases import db_errors
from runtime.databases.bind import Binder
from runtime.databases.change_marks import Mark
from runtime.databases.codec_base import Codec, encode_limit
from runtime.databases.duckdb.codecs import encoder as typed_encoder
from runtime.databases.duckdb.codecs import row_reader
from runtime.databases.protocol import BATCH_ROWS, Statement
from runtime.databases.spark.connection import Connection, rows_of
from runtime.databases.spark.schema import files_of, mark_of, places_of, quoted, read_catalog, read_folder, view_sql
from runtime.databases.spark.types import MOST_ROWS
from runtime.databases.spark.url import Address
from runtime.databases.spool_file import FileSpool
from runtime.errors import DatabaseError
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema
from runtime.values.batches import Row

_BACK_SECONDS: Final = 30.0  # a server that was lost is waited for
_NAP_SECONDS: Final = 0.2
Result = TypeVar("Result")


class SparkDatabase:
    """One session on a server, as one run uses it. Raises DatabaseError D01xx when the server can't be used."""

    engine = "Spark"
    read_only = True
    savepoints = False

    def __init__(self, address: Address, *, name: str) -> None:
        self.name = name
        self._connection = Connection(address, name)
        self.dialect = self._connection.server
        self._bound = Binder(encoder)
        self._schema: Schema | None = None
        self._places: dict[str, str] = {}  # of the stores of a folder
        self._viewed: set[str] = set()
        self._mark: Mark | None = None  # of the folder when the segment first read
        self._is_new = True  # whether the segment has not read yet
        if address.path:
            try:
                self._places = places_of(self._connection, files_of(self._connection))
            except BaseException:
                self._connection.close()
                raise

    # ── schema and SQL ─────────────────────────────────────────────────────────────────────────────────────────

    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = (
                read_folder(self._connection, self._places) if self._places else read_catalog(self._connection)
            )
        return self._schema

    def schema_mark(self) -> Mark | None:
        """See runtime/databases/kept_schema.py."""
        if not self._places:
            return None
        mark = self.change_mark()
        return mark._replace(state=f"{self.dialect} {mark.state}")

    def adopt_schema(self, schema: Schema) -> None:
        self._schema = schema

    def change_mark(self) -> Mark:
        """Of a catalogue nothing is known, so that each mark differs from the one before."""
        if self._places:
            return mark_of(self._connection, files_of(self._connection))
        return Mark(f"{self._connection.address.place} {'.'.join(self._connection.place)}", str(time.time_ns()), False)

    def prepare(self, query: Query | Write) -> Statement:
        from runtime.databases.spark.expressions import WRITERS
        from runtime.databases.sql.generate import generate

        return generate(query, self.schema(), WRITERS[self.dialect])

    # ── segments ───────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, *, write: bool) -> None:
        if write:
            raise db_errors.read_only(self.name)
        self._is_new = True

    def _look(self) -> None:
        """Note what the files of the folder are, before the first query of a segment: many have none."""
        if self._places and self._is_new:
            before, self._mark = self._mark, self.change_mark()
            if before != self._mark:
                self._viewed.clear()  # a view knows its files as they were when it was made
        self._is_new = False

    def commit(self) -> None:
        """There is nothing to keep."""

    def rollback(self) -> None:
        """There is nothing to undo."""

    def savepoint(self, depth: int) -> None:
        """See rollback."""

    def release(self, depth: int) -> None:
        """See rollback."""

    def rollback_to(self, depth: int) -> None:
        """See rollback."""

    def isolate_next_statement(self) -> None:
        """See rollback."""

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

    def query(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, row_reader(statement.columns, json=False))

    def query_json(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]] | Iterator[list[Raw]]:
        return self._batches(statement, params, row_reader(statement.columns, json=True))

    def _batches(
        self, statement: Statement, params: Sequence[Any], read: Callable[[list[Row]], list[Row]]
    ) -> Iterator[list[Row]]:
        """The query begins to run here, not when the first batch is asked for."""
        return self._read(self._begun(statement.sql, self._bound(statement, params)), read)

    def _begun(self, sql: str, values: list[Any]) -> Iterator[Any]:
        """The result of a query."""

        def begun() -> Iterator[Any]:
            self._look()
            self._make_views(sql)
            return self._connection.batches(sql, values)

        try:
            return self._asked(begun)
        except DatabaseError as error:
            if error.code == "D0308":  # a file that is another by now may look damaged to the server
                self._check_files()
            raise

    def _asked(self, ask: Callable[[], Result]) -> Result:
        """What the server says, asked again where it was lost before it said anything."""
        deadline = time.monotonic() + _BACK_SECONDS
        viewed = bool(self._viewed)  # of which a server that has begun again knows nothing
        while True:
            try:
                return ask()
            except DatabaseError as error:
                is_lost = error.code in ("D0421", "D0121") or (error.code == "D0201" and viewed)
                if not is_lost or time.monotonic() > deadline:
                    raise
                viewed = False
                self._reopen()

    def _reopen(self) -> None:
        self._viewed.clear()
        self._connection.on_progress()
        time.sleep(_NAP_SECONDS)
        try:
            self._connection.open()
        except DatabaseError as error:
            if error.code != "D0121":
                raise

    def _make_views(self, sql: str) -> None:
        """Views of the files that a statement may name."""
        for store, path in self._places.items():
            if store not in self._viewed and quoted(store) in sql:
                self._connection.run(view_sql(store, path))
                self._viewed.add(store)

    def _read(self, tables: Iterator[Any], read: Callable[[list[Row]], list[Row]]) -> Iterator[list[Row]]:
        try:
            for table in tables:
                for start in range(0, table.num_rows, BATCH_ROWS):
                    yield read(_rows(table.slice(start, BATCH_ROWS)))
        except DatabaseError as error:
            if error.code == "D0308":
                self._check_files()
            raise
        self._check_files()

    def _check_files(self) -> None:
        """Raise D0402 where a file of the folder is not what it was when the segment began."""
        if self._mark is not None and self.change_mark().state != self._mark.state:
            raise db_errors.changed_meanwhile(self.name)

    def spool(self, statement: Statement, params: Sequence[Any]) -> FileSpool:
        return FileSpool(self.query(statement, params))

    def count_rows(self, store: str) -> int:
        sql = f"SELECT count(*) FROM {'.'.join(map(quoted, (*self.schema().place, store)))}"
        self._make_views(sql)
        [(count,)] = self._connection.rows(sql)
        return int(count)

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        raise db_errors.read_only(self.name)

    def execute_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        raise db_errors.read_only(self.name)

    # ── the connection ─────────────────────────────────────────────────────────────────────────────────────────

    def on_progress(self, callback: Callable[[], None]) -> None:
        self._connection.on_progress, self._connection.interrupted = callback, False

    def interrupt(self) -> None:
        self._connection.interrupt()

    def renew(self) -> bool:
        """See runtime/databases/pool.py."""
        self._connection.on_progress, self._connection.interrupted = _nothing, False
        self._schema = self._mark = None
        try:
            if self._places:
                self._places = places_of(self._connection, files_of(self._connection))
                self._viewed.clear()
            else:
                self._connection.rows("SELECT 1")
        except DatabaseError:
            return False
        return True

    def close(self) -> None:
        self._connection.close()


def encoder(form: str) -> Codec:
    """The function that encodes a VM value (or null) for a literal of runtime/databases/spark/plans.py."""
    if form[0] == "c":
        return lambda value: min(encode_limit(value), MOST_ROWS)
    encode = typed_encoder(form)
    return lambda value: _plain(encode(value))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_plain, value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, date) else value


def _rows(table: Any) -> list[Row]:
    try:
        return rows_of(table)
    except (OverflowError, ValueError) as error:
        message = "a stored date or timestamp is not one of the language: its year is not from 1 to 9999"
        raise DatabaseError("D0202", message, "correct the stored value") from error


def _nothing() -> None:
    """For connections that nobody uses."""
