"""A SQLite file → the Database protocol, on the standard library's sqlite3.

The connection is in autocommit mode, and transactions are begun and ended here: a segment that may write begins
IMMEDIATE. Waiting for a lock is done here too, in short naps, so that Ctrl-C is heard. Rows stream in batches; a spool
is a temporary table read page by page, so that no cursor is open while the run writes.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from runtime.databases import db_errors
from runtime.databases.bind import Binder
from runtime.databases.change_marks import Mark, mark_of_files
from runtime.databases.protocol import BATCH_ROWS, Statement
from runtime.databases.sqlite.codecs import encoder
from runtime.databases.sqlite.errors import is_busy, translated
from runtime.databases.sqlite.functions import SQL_NAME, Callback
from runtime.databases.sqlite.lease import WORKER, FileLease, ask_to_stop, forget_workers, is_leased, workers
from runtime.databases.sqlite.rows import read_batch, row_reader
from runtime.databases.sqlite.schema import PLACE, read_schema
from runtime.databases.sqlite.sets import row_by_row
from runtime.databases.sqlite.tables import column_type
from runtime.databases.tables import count_sql, create_sql, drop_sql, insert_sql, rename_sql
from runtime.errors import DatabaseError, SopError
from runtime.query.algebra import Query, Write
from runtime.query.codecs import codec_name
from runtime.query.schema import Schema, Store
from runtime.query.set_use import SetUse
from runtime.values.batches import Row
from runtime.values.ids import new_id

T = TypeVar("T")
BUSY_SECONDS: Final = 5.0
# That SQLite waits for a lock by itself. A thread that slept would look again when it gets the interpreter's lock: just
# when another thread of this process has begun to write.
_WAIT_SECONDS: Final = 0.02
_PAUSE_SECONDS: Final = 0.001
# Nobody queues for a file's lock: who waits looks every 10 ms or so, and beside a run of long segments would never find
# it free. So a connection leaves it free for a part of the time that it held it, before it writes again.
_FREE_PART: Final = 0.05
_LONGEST_FREE_SECONDS: Final = 0.02
_PROGRESS_STEPS: Final = 200_000
_OLDEST: Final = (3, 37, 0)


class SQLiteDatabase:
    """One connection to one SQLite file.

    path: the file, which must exist unless `create`. name: what the script calls the database, for messages.
    busy: seconds to wait for another program's lock before D0401. Raises DatabaseError D01xx when it can't be opened.
    """

    engine = "SQLite"
    dialect = "sqlite"
    savepoints = True

    def __init__(
        self, path: Path, *, name: str, read_only: bool = False, create: bool = False, busy: float = BUSY_SECONDS
    ) -> None:
        self.name = name
        self.path = path
        self.read_only = read_only
        self._busy = busy
        self._callback = Callback()
        self._schema: Schema | None = None
        self._spools = 0
        self._relaxed = False
        self._interrupted = 0
        self._readers: dict[tuple[int, bool], tuple[Statement, Callable[[list[Row]], list[Row]]]] = {}
        self._logged_ahead = read_only
        self._began = self._ended = 0.0  # the last transaction
        self._bound = Binder(encoder)
        _check_file(path, name, create=create)
        self._file: tuple[int, int] | None = None
        self._version = -1
        mode = "ro" if read_only else "rwc" if create else "rw"
        uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
        try:
            self._connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=_WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise _with_path(translated(error, name), path) from error
        try:
            self._set_up()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, DatabaseError):
                raise _with_path(error, path) from error
            raise

    def _set_up(self) -> None:
        connection = self._connection
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._on_progress: Callable[[], None] = _nothing
        # not deterministic: SQLite would work constant calls out beforehand, in branches never taken too
        connection.create_function(SQL_NAME, -1, self._callback, deterministic=False)
        # Python runs signal handlers between the steps of a long statement, and one begun after `interrupt` ends too
        connection.set_progress_handler(self._progressed, _PROGRESS_STEPS)
        self._run("PRAGMA foreign_keys = ON")
        self._run("PRAGMA trusted_schema = OFF")
        self._run("SELECT 1 FROM main.sqlite_schema LIMIT 1").close()

    # ── schema and SQL ─────────────────────────────────────────────────────────────────────────────────────────

    def schema(self) -> Schema:
        if self._schema is None:
            self._schema = self._retry_while_locked(read_schema, self._connection)
        return self._schema

    def change_mark(self) -> Mark:
        return mark_of_files(self.path, (self.path, self.path.with_name(f"{self.path.name}-wal")))

    def prepare(self, query: Query | Write) -> Statement:
        from runtime.databases.sql.generate import generate
        from runtime.databases.sqlite.expressions import SQLiteExpressions

        return generate(query, self.schema(), SQLiteExpressions)

    # ── transactions ───────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, *, write: bool) -> None:
        if not write:
            self._run("BEGIN")
            self._began = time.monotonic()
            return
        if self.read_only:
            raise db_errors.read_only(self.name)
        if not self._logged_ahead:
            # some file systems can't; then the default journal does
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA journal_mode = WAL").close()
            self._logged_ahead = True
        to_wait = self._ended + min(_FREE_PART * (self._ended - self._began), _LONGEST_FREE_SECONDS) - time.monotonic()
        if to_wait > 0:
            time.sleep(to_wait)
        self._run("BEGIN IMMEDIATE")
        self._began = time.monotonic()

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def _end(self, sql: str) -> None:
        if self._connection.in_transaction:
            self._run(sql)
            self._ended = time.monotonic()

    def savepoint(self, depth: int) -> None:
        self._run(f"SAVEPOINT sop_{int(depth)}")

    def release(self, depth: int) -> None:
        self._run(f"RELEASE sop_{int(depth)}")

    def rollback_to(self, depth: int) -> None:
        self._run(f"ROLLBACK TO sop_{int(depth)}")
        self._run(f"RELEASE sop_{int(depth)}")

    def isolate_next_statement(self) -> None:
        """Nothing to do: SQLite undoes only the statement that fails."""

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

    def query(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, self._reader(statement, json=False))

    def query_json(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, self._reader(statement, json=True))

    def _reader(self, statement: Statement, *, json: bool) -> Callable[[list[Row]], list[Row]]:
        known = self._readers.get((id(statement), json))  # by identity, as in `Binder`
        if known is None:
            known = self._readers[id(statement), json] = statement, row_reader(statement, json=json)
        return known[1]

    def _batches(
        self, statement: Statement, params: Sequence[Any], read: Callable[[list[Row]], list[Row]]
    ) -> Iterator[list[Row]]:
        cursor = self._run(statement.sql, self._bound(statement, params))
        return self._at_once(cursor, read) if statement.few else self._fetch(cursor, read)

    def _at_once(self, cursor: sqlite3.Cursor, read: Callable[[list[Row]], list[Row]]) -> Iterator[list[Row]]:
        """All rows of a statement that gives few."""
        rows: list[Row] = []
        try:
            rows.extend(cursor)
        except (sqlite3.Error, SopError) as error:
            return self._failed_after(read_batch(read, rows), self._failure(error))
        cursor.close()
        if len(rows) < 2:
            return iter([read(rows)] if rows else [])
        return read_batch(read, rows)

    def _failed_after(self, batches: Iterator[list[Row]], failure: BaseException) -> Iterator[list[Row]]:
        yield from batches
        raise failure

    def _fetch(self, cursor: sqlite3.Cursor, read: Callable[[list[Row]], list[Row]]) -> Iterator[list[Row]]:
        """The first row at once, the others by the batch; when a row fails, those before it first."""
        size = 1
        try:
            while True:
                rows: list[Row] = []
                failure: BaseException | None = None
                try:
                    rows.extend(islice(cursor, size))
                except (sqlite3.Error, SopError) as error:
                    failure = self._failure(error)
                if rows:
                    yield from read_batch(read, rows)
                if failure is not None:
                    raise failure
                if not rows:
                    return
                size = BATCH_ROWS
        finally:
            cursor.close()

    def spool(self, statement: Statement, params: Sequence[Any]) -> SQLiteSpool:
        self._spools += 1
        name = f"sop_spool_{self._spools}"
        fields = ", ".join(f"c{index}" for index in range(len(statement.columns)))
        self._run(f"CREATE TABLE temp.{name} ({fields})")
        self._run(f"INSERT INTO temp.{name} {statement.sql}", self._bound(statement, params))
        return SQLiteSpool(self, name, row_reader(statement, json=False))

    def page(self, table: str, start: int) -> list[Row]:
        """Raw rows of a spool from position `start` on, at most a batch of them."""
        sql = f"SELECT * FROM temp.{table} WHERE rowid > ?1 ORDER BY rowid LIMIT {BATCH_ROWS}"
        cursor = self._run(sql, (start,))
        rows = cursor.fetchall()
        cursor.close()
        return rows

    def drop_spool(self, table: str) -> None:
        """Undone spools are gone already; one that a read still holds goes with the connection."""
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{table}")

    def hold_definitions(self, read: Sequence[str], written: Sequence[str]) -> None:
        """A transaction does that already."""

    def row_by_row(self, use: SetUse) -> str | None:
        try:
            return row_by_row(self._connection, use)
        except sqlite3.Error as error:
            raise translated(error, self.name) from error

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        if statement.each:
            return self.execute_many(statement, [[record[name] for name in statement.each] for record in params[0]])
        cursor = self._run(statement.sql, self._bound(statement, params), statement.store)
        changed = cursor.rowcount
        cursor.close()
        return max(changed, 0)

    def execute_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        return self._many(statement.sql, (self._bound(statement, row) for row in rows), statement.store)

    def _many(self, sql: str, rows: Iterable[Sequence[Any]], store: str) -> int:
        """Once for each row; an error says which of them."""
        done = -1

        def counted() -> Iterator[Sequence[Any]]:
            nonlocal done
            for row in rows:
                done += 1
                yield row

        try:
            cursor = self._connection.executemany(sql, counted())
        except (sqlite3.Error, SopError, UnicodeEncodeError, OverflowError) as error:
            failure = self._failure(error, store)
            if isinstance(failure, DatabaseError) and done >= 0:
                failure.row = done
            raise failure from error
        changed = cursor.rowcount
        cursor.close()
        return max(changed, 0)

    def on_progress(self, callback: Callable[[], None]) -> None:
        self._on_progress = callback
        self._interrupted = 0

    def _progressed(self) -> bool:
        """Whether the statement under way has to end."""
        try:
            self._on_progress()
        except BaseException as error:  # raised again where the statement was begun: SQLite would lose it
            self._callback.keep(error)
            return True
        return bool(self._interrupted)

    def interrupt(self) -> None:
        self._interrupted = 1
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()

    def renew(self) -> bool:
        """See runtime/databases/pool.py. A file that took this one's place, or a spool that may be left, ends it."""
        try:
            stat = os.stat(self.path)  # noqa: PTH116 (half the time of a pathlib call, before every run)
            file = stat.st_dev, stat.st_ino
            if self._spools or self._file not in (None, file):
                return False
            self._file = file
            self._interrupted = 0
            self._on_progress = _nothing
            if self._relaxed:
                self._run("PRAGMA synchronous = FULL").close()
                self._relaxed = False
            version = self._run("PRAGMA schema_version").fetchone()[0]
        except (DatabaseError, OSError):
            return False
        if version != self._version:
            self._version = version
            self.forget_schema()
        return True

    # ── stores, for imports ────────────────────────────────────────────────────────────────────────────────────

    def create_store(self, store: Store, *, replace: bool = False) -> None:
        """A new table with the store's fields and primary key; replace: drop one of that name first."""
        if replace:
            self._run(drop_sql(PLACE, store.name), store=store.name).close()
        self._run(create_sql(PLACE, store, column_type), store=store.name).close()
        self.forget_schema()

    def drop_store(self, store: str) -> None:
        self._run(drop_sql(PLACE, store), store=store).close()
        self.forget_schema()

    def rename_store(self, store: str, new: str) -> None:
        self._run(rename_sql(PLACE, store, new), store=store).close()
        self.forget_schema()

    def plain_sql(self, sql: str) -> list[Row]:
        """A statement of an import's own; the rows of a SELECT."""
        return self.own(sql, ())

    def insert_rows(self, store: Store, rows: Sequence[Sequence[Any]]) -> int:
        """Rows of VM values, of the store's fields in their order; how many there were."""
        if not rows:
            return 0
        encoders = [encoder(codec_name(field.type, stored=True)) for field in store.fields]
        columns = [map(encode, column) for encode, column in zip(encoders, zip(*rows, strict=True), strict=True)]
        return self._many(insert_sql(PLACE, store), zip(*columns, strict=True), store.name)

    def count_rows(self, store: str) -> int:
        return int(self._run(count_sql(PLACE, store)).fetchone()[0])

    def forget_schema(self) -> None:
        """Read the schema again when it is next asked for."""
        self._schema = None

    # ── kept runs ──────────────────────────────────────────────────────────────────────────────────────────────

    def own(self, sql: str, values: Sequence[Any]) -> list[Row]:
        cursor = self._run(sql, values)
        try:
            return cursor.fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            cursor.close()

    def own_change(self, sql: str, values: Sequence[Any]) -> int:
        return self._run(sql, values).rowcount

    def own_with_next(self, sql: str) -> None:
        self._run(sql).close()

    def lease(self, run: str) -> FileLease | None:
        return FileLease.take(self.path, run)

    def is_leased(self, run: str) -> bool:
        return is_leased(self.path, run)

    def take(self, which: str, changes: str, pause: float) -> tuple[str, int, FileLease] | None:
        for run, epoch in self.own(f"select run, epoch from sop_runs where {which} order by created", ()):
            lease = None if is_leased(self.path, run) else self.lease(run)
            if lease is not None:
                try:
                    change = f"update sop_runs set {changes} where run = ?2 and epoch = ?3 and {which}"
                    if self.own_change(change, [pause, run, epoch]):
                        return run, epoch + 1, lease
                except BaseException:
                    lease.release()
                    raise
                lease.release()  # another process had it since the query
        return None

    def serve(self) -> FileLease:
        forget_workers(self.path)
        lease = self.lease(f"{WORKER}{new_id()}")
        assert lease is not None
        return lease

    def is_served(self) -> bool:
        return any(is_leased(self.path, name) for name in workers(self.path))

    def ask_to_stop(self, run: str) -> bool:
        return ask_to_stop(self.path, run)

    def relax(self) -> None:
        self._run("PRAGMA synchronous = NORMAL").close()
        self._relaxed = True

    def reconnect(self) -> None:
        """Nothing to do: a file's connection is not lost."""

    # ── the connection ─────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, sql: str, values: Sequence[Any] = (), store: str = "") -> sqlite3.Cursor:
        """A cursor on the statement, begun; waits for locks."""
        return self._retry_while_locked(self._connection.execute, sql, values, store=store)

    def _retry_while_locked(self, function: Callable[..., T], *args: Any, store: str = "") -> T:
        """What the function gives; it is called again while another connection holds a lock."""
        deadline = None
        while True:
            try:
                return function(*args)
            except (sqlite3.Error, SopError, UnicodeEncodeError, OverflowError) as error:
                if isinstance(error, sqlite3.Error) and is_busy(error) and not self._interrupted:
                    now = time.monotonic()
                    deadline = deadline or now + self._busy
                    if now < deadline:
                        time.sleep(_PAUSE_SECONDS)
                        continue
                raise self._failure(error, store) from error

    def _failure(self, error: Exception, store: str = "") -> BaseException:
        """What to raise: the cause in Python when there was one."""
        cause = self._callback.take_error()
        if isinstance(error, sqlite3.OperationalError) and cause is not None:
            return cause
        return error if isinstance(error, SopError) else translated(error, self.name, store)


def _nothing() -> None:
    """For statements that nobody watches."""


class SQLiteSpool:
    """Rows in a temporary table; row n is at position n - 1."""

    def __init__(self, database: SQLiteDatabase, table: str, read: Callable[[list[Row]], list[Row]]) -> None:
        self._database = database
        self._table = table
        self._read = read

    def batches(self, start: int) -> Iterator[list[Row]]:
        while rows := self._database.page(self._table, start):
            start += len(rows)
            yield from read_batch(self._read, rows)

    def drop(self) -> None:
        self._database.drop_spool(self._table)


def _with_path(error: SopError, path: Path) -> SopError:
    """The error of a file that can't be opened, with the file."""
    if error.code not in ("D0102", "D0103"):
        return error
    return DatabaseError(error.code, f"{error.message}: {path}", error.hint)


def _check_file(path: Path, name: str, *, create: bool) -> None:
    if sqlite3.sqlite_version_info < _OLDEST:
        raise DatabaseError("D0103", f"SQLite {sqlite3.sqlite_version} is too old, 3.37 is needed")
    if path.is_dir():
        raise DatabaseError("D0103", f"`{name}` can't be opened: {path} is a folder")
    if not path.exists() and not create:
        raise DatabaseError(
            "D0101", f"the database `{name}` does not exist: there is no file {path}", "check the URL given for it"
        )
