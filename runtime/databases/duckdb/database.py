"""A DuckDB file → the Database protocol, on the duckdb package.

A file is opened for reading, and once more for writing when a segment first may write. What DuckDB can't do is refused
before a run starts (runtime/runs/capabilities.py): it has no savepoints, and an error ends its transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Raw

from runtime.databases import db_errors
from runtime.databases.bind import Binder
from runtime.databases.change_marks import Mark, mark_of_files
from runtime.databases.duckdb.codecs import encoder, row_reader
from runtime.databases.duckdb.connections import SETTINGS, Connections
from runtime.databases.duckdb.records import as_written
from runtime.databases.duckdb.rows import Rows
from runtime.databases.duckdb.schema import read_schema
from runtime.databases.duckdb.types import column_type, sql_type
from runtime.databases.library_files import first_bytes, is_duckdb
from runtime.databases.protocol import BATCH_ROWS, Statement
from runtime.databases.spool_file import FileSpool
from runtime.databases.tables import count_sql, create_sql, drop_sql, field_list, qualified_name, rename_sql
from runtime.errors import DatabaseError
from runtime.query.algebra import Query, Write
from runtime.query.codecs import codec_name
from runtime.query.schema import Schema, Store
from runtime.values.batches import Row
from runtime.values.types import Type

BUSY_SECONDS: Final = 5.0


class DuckDBDatabase:
    """One DuckDB file, as one run uses it.

    path: the file, which must exist unless `create`. name: what the script calls the database, for messages. options:
    settings of DuckDB, as from the URL. busy: seconds to wait for another program before D0401. Raises DatabaseError
    D01xx when it can't be opened, UsageError D0105 without the duckdb package.
    """

    engine = "DuckDB"
    dialect = "duckdb"
    savepoints = False

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        options: dict[str, str] | None = None,
        read_only: bool = False,
        create: bool = False,
        busy: float = BUSY_SECONDS,
    ) -> None:
        new = create and not path.exists()
        _check_file(path, name, create=create)
        self.name = name
        self.path = path
        self.read_only = read_only
        self._connections = Connections(path, name, {**(options or {}), **SETTINGS}, busy)
        self._connections.open(write=new)
        self._prepare()

    def _prepare(self) -> None:
        self._schema: Schema | None = None
        self._bound = Binder(encoder)
        self._in_transaction = False

    # ── schema and SQL ─────────────────────────────────────────────────────────────────────────────────────────

    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = read_schema(self._connections.all, self._connections.place)
        return self._schema

    def schema_mark(self) -> Mark | None:
        """See runtime/databases/kept_schema.py."""
        import duckdb

        if self._connections.writable:
            return None
        mark = self.change_mark()
        return mark._replace(state=f"{duckdb.__version__} {self._connections.place} {mark.state}")

    def adopt_schema(self, schema: Schema) -> None:
        self._schema = schema

    def change_mark(self) -> Mark:
        return mark_of_files(self.path, (self.path, self.path.with_name(f"{self.path.name}.wal")))

    def prepare(self, query: Query | Write) -> Statement:
        from runtime.databases.duckdb.expressions import DuckDBExpressions
        from runtime.databases.sql.generate import generate

        return generate(query, self.schema(), DuckDBExpressions)

    # ── transactions ───────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, *, write: bool) -> None:
        if write:
            if self.read_only:
                raise db_errors.read_only(self.name)
            self._connections.acquire_writer_lock()
            try:
                self._be_writable()
            except BaseException:
                self._connections.release_writer_lock()
                raise
        if self._connections.writable:
            self._connections.begin()
            self._in_transaction = True

    def _be_writable(self) -> None:
        if self._connections.writable:
            return
        before = self._schema
        self._connections.open(write=True)
        self.forget_schema()
        if before is not None and before != self.schema():
            raise DatabaseError("D0201", f"the schema of `{self.name}` has changed", "run the script again")

    def commit(self) -> None:
        if self._in_transaction:
            self._connections.commit()
            self._in_transaction = False
        self._connections.release_writer_lock()

    def rollback(self) -> None:
        try:
            if self._in_transaction:
                self._in_transaction = False
                self._connections.rollback()
        finally:
            self._connections.release_writer_lock()

    def savepoint(self, depth: int) -> None:
        """A script that needs one is refused before it starts; where only other databases are read, there is nothing
        to undo."""

    def release(self, depth: int) -> None:
        """See savepoint."""

    def rollback_to(self, depth: int) -> None:
        """See savepoint."""

    def isolate_next_statement(self) -> None:
        """See savepoint."""

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

    def query(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, row_reader(statement.columns, json=False))

    def query_json(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]] | Iterator[list[Raw]]:
        if not statement.records:
            return self.query_rows(statement, params)
        rows = self._connections.rows(statement.records, self._bound(statement, params))
        return self._records(_fetch(rows, lambda batch: batch), statement, params)

    def query_rows(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, row_reader(statement.columns, json=True))

    def _records(
        self, batches: Iterator[list[Row]], statement: Statement, params: Sequence[Any]
    ) -> Iterator[list[Raw]]:
        """Where the text of a record is null, those before it, and then the error that reading the rows gives."""
        for batch in batches:
            texts = [text for (text,) in batch]
            if None in texts:
                if texts[0] is not None:
                    yield [Raw(as_written(text)) for text in texts[: texts.index(None)]]
                for _ in self.query_rows(statement, params):
                    pass
                raise DatabaseError("D0202", f"a value in `{self.name}` is none that a record can hold")
            yield list(map(Raw, map(as_written, texts) if "\\u00" in "".join(texts) else texts))

    def _batches(
        self, statement: Statement, params: Sequence[Any], read: Callable[[list[Row]], list[Row]]
    ) -> Iterator[list[Row]]:
        """The query begins to run here, not when the first batch is asked for."""
        return _fetch(self._connections.rows(statement.sql, self._bound(statement, params)), read)

    def spool(self, statement: Statement, params: Sequence[Any]) -> FileSpool:
        return FileSpool(self.query(statement, params))

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        if statement.each:
            return self.execute_many(statement, [[record[name] for name in statement.each] for record in params[0]])
        return self._connections.changed(statement.sql, self._bound(statement, params), statement.store)

    def execute_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        """One statement for all rows, each of whose params is a list; an upsert of the same row twice takes two."""
        if not statement.binds:  # rows of nothing but defaults
            return sum(self._connections.changed(statement.sql, (), statement.store) for _ in rows)
        changed = start = 0
        while start < len(rows):
            end = _without_repetition(statement, rows, start)
            columns = list(zip(*rows[start:end], strict=True))
            try:
                changed += self._connections.changed(statement.sql, self._bound(statement, columns), statement.store)
            except DatabaseError as error:
                error.row = start if end == start + 1 else None
                raise
            start = end
        return changed

    def on_progress(self, callback: Callable[[], None]) -> None:
        self._connections.on_progress, self._connections.interrupted = callback, False

    def interrupt(self) -> None:
        self._connections.interrupt()

    def close(self) -> None:
        self._connections.close()

    # ── stores, for imports ────────────────────────────────────────────────────────────────────────────────────

    def create_store(self, store: Store, *, replace: bool = False) -> None:
        """A new table with the store's fields and primary key; replace: drop one of that name first."""
        if replace:
            self._connections.changed(drop_sql(self._connections.place, store.name), store=store.name)
        self._connections.changed(create_sql(self._connections.place, store, column_type), store=store.name)
        self.forget_schema()

    def drop_store(self, store: str) -> None:
        self._connections.changed(drop_sql(self._connections.place, store), store=store)
        self.forget_schema()

    def rename_store(self, store: str, new: str) -> None:
        self._connections.changed(rename_sql(self._connections.place, store, new), store=store)
        self.forget_schema()

    def plain_sql(self, sql: str) -> list[Row]:
        """A statement of an import's own; the rows of a SELECT."""
        if sql.startswith("SELECT"):
            return self._connections.all(sql)
        self._connections.changed(sql)
        return []

    def insert_rows(self, store: Store, rows: Sequence[Sequence[Any]]) -> int:
        """Rows of VM values, of the store's fields in their order, by lists; how many there were."""
        return self.insert_into(self._connections.place, store, rows)

    def insert_into(self, place: Sequence[str], store: Store, rows: Sequence[Sequence[Any]]) -> int:
        """As `insert_rows`, wherever the store is."""
        if not rows:
            return 0
        columns = [
            list(map(encoder(codec_name(field.type)), column))
            for field, column in zip(store.fields, zip(*rows, strict=True), strict=True)
        ]
        values = ", ".join(_unnested(field.type) for field in store.fields)
        sql = f"INSERT INTO {qualified_name(place, store.name)} ({field_list(store)}) SELECT {values}"
        return self._connections.changed(sql, columns, store.name)

    def count_rows(self, store: str) -> int:
        return int(self._connections.all(count_sql(self._connections.place, store))[0][0])

    def forget_schema(self) -> None:
        """Read the schema again when it is next asked for."""
        self._schema = None


def _unnested(type_: Type) -> str:
    """A column's values, bound as one list."""
    values = f"unnest(CAST(? AS {sql_type(type_)}[]))"
    return f"to_microseconds({values})" if type_.name == "duration" else values


def _fetch(rows: Rows, read: Callable[[list[Row]], list[Row]]) -> Iterator[list[Row]]:
    """The first row at once, the others by the batch."""
    size = 1
    try:
        while batch := rows.next(size):
            yield read(batch)
            size = BATCH_ROWS
    finally:
        rows.close()


def _without_repetition(statement: Statement, rows: Sequence[Sequence[Any]], start: int) -> int:
    """How far an upsert can go in one statement: up to a row with the same keys as one before it."""
    if not statement.keys:
        return len(rows)
    seen = set()
    for index in range(start, len(rows)):
        key = tuple(rows[index][place] for place in statement.keys)
        if key in seen:
            return index
        seen.add(key)
    return len(rows)


def _check_file(path: Path, name: str, *, create: bool) -> None:
    if path.is_dir():
        raise DatabaseError("D0103", f"`{name}` can't be opened: {path} is a folder", "files:///folder reads its files")
    if not path.exists() and not create:
        raise DatabaseError(
            "D0101", f"the database `{name}` does not exist: there is no file {path}", "check the URL given for it"
        )
    if path.exists() and not _is_duckdb(path):
        raise DatabaseError(
            "D0102", f"`{name}` is not a DuckDB database: {path}", "files:///folder reads CSV, NDJSON and Parquet files"
        )


def _is_duckdb(path: Path) -> bool:
    try:
        return is_duckdb(first_bytes(path))
    except OSError:
        return True  # the engine says what is wrong
