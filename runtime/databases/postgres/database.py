"""A schema of a PostgreSQL database → the Database protocol, on psycopg 3.

Every segment is one SERIALIZABLE transaction. Rows stream through cursors on the server, several of them open at once.
Only what other servers of this protocol speak too is used: no LISTEN, no advisory locks, no two-phase commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import pq

from runtime.acting import Acting
from runtime.databases import db_errors
from runtime.databases.bind import Binder
from runtime.databases.change_marks import Mark
from runtime.databases.postgres.connection import Connection, open_connection, renew
from runtime.databases.postgres.copy import copy_text, row_of
from runtime.databases.postgres.errors import translated
from runtime.databases.postgres.lease import ASK_TO_STOP, IS_LEASED, IS_SERVED, PostgresLease
from runtime.databases.postgres.plain import FEW, copied_fields, is_plain, locks
from runtime.databases.postgres.schema import column_type, read_schema
from runtime.databases.postgres.sets import row_by_row
from runtime.databases.postgres.url import Address
from runtime.databases.postgres.values import encoder, row_reader
from runtime.databases.protocol import BATCH_ROWS, Statement
from runtime.databases.spool_file import FileSpool
from runtime.databases.tables import count_sql, create_sql, drop_sql, field_list, qualified_name, rename_sql
from runtime.errors import DatabaseError, SopError
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema, Store
from runtime.query.set_use import SetUse
from runtime.values.batches import Row

Read = Callable[[list[Row]], list[Row]]
Found = Callable[[Read], Iterator[list[Row]]]
FIRST_ROWS: Final = 1
_COUNTS: Final = b"""
select c.relname, pg_relation_filenode(c.oid), pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid),
       pg_stat_get_tuples_deleted(c.oid)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'm', 'p') order by 1
"""
_FAILURES: Final = (psycopg.Error, SopError, UnicodeEncodeError)


class PostgresDatabase:
    """One connection to one PostgreSQL database, seeing one of its schemas.

    name: what the script calls the database, for messages. create: make the schema if it is not there.
    Raises DatabaseError D01xx when it can't be opened.
    """

    engine = "PostgreSQL"
    savepoints = True

    def __init__(self, address: Address, *, name: str, read_only: bool = False, create: bool = False) -> None:
        self.name = name
        self._address = address
        self._connection: Connection = open_connection(address, name, create=create)
        self.dialect = f"postgres {self._connection.casing}"
        self._place = (self._connection.schema,)
        self.read_only = read_only or self._connection.only_reads
        self._schema: Schema | None = None
        self._cursors = 0
        self._streams = 0  # that are open in a transaction of their own
        self._isolated = False
        self._relaxed = False
        self.comment = ""  # see runtime/vm/watched_data.py
        self._queued: list[str] = []  # statements of ours that go with the next
        self._readers: dict[tuple[int, bool], tuple[Statement, Read]] = {}
        self._bound = Binder(encoder)
        self._copies: dict[int, tuple[Statement, Store | None]] = {}
        self._locks: str | None = None  # SQL that each segment begins with; None when it may not
        self._holds = False  # whether this one has these locks

    # ── schema and SQL ─────────────────────────────────────────────────────────────────────────────────────────

    def schema(self) -> Schema:
        if self._schema is None:
            try:
                with self._connection.as_itself():
                    self._schema = read_schema(self._connection, self._connection.schema)
            except psycopg.Error as error:
                raise translated(error, self.name) from error
        return self._schema

    def change_mark(self) -> Mark:
        """By what the server counts; it counts a change within a second or so of its commit."""
        info = self._connection.info
        place = f"postgresql://{info.host}:{info.port}/{info.dbname}/{self._connection.schema}"
        try:
            rows = self._connection.execute(_COUNTS, [self._connection.schema]).fetchall()
        except psycopg.Error as error:
            raise translated(error, self.name) from error
        if self._connection.acting is not None:  # what one caller sees is kept for no other
            return Mark(f"{place} {self._connection.acting}", repr(rows), settled=False)
        return Mark(place, repr(rows))

    def prepare(self, query: Query | Write) -> Statement:
        from runtime.databases.postgres.expressions import expressions_with
        from runtime.databases.sql.generate import generate

        return generate(query, self.schema(), expressions_with(self.dialect.partition(" ")[2]))

    # ── transactions ───────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, *, write: bool) -> None:
        if write and self.read_only:
            raise db_errors.read_only(self.name)
        level = "repeatable read" if self._connection.standby else "serializable"
        begin = f"begin isolation level {level} {'read write' if write else 'read only'}{self.comment}"
        self._copies.clear()
        self._holds = self._begun_with_locks(begin)
        if not self._holds:
            self._run(begin)

    def hold_definitions(self, read: Sequence[str], written: Sequence[str]) -> None:
        self._locks = locks(self._place, read, written)

    def _begun_with_locks(self, begin: str) -> bool:
        """Begin in one trip with the locks, before the segment's snapshot is taken; False where they can't be had."""
        if self._locks is None:
            return False
        try:
            self._connection.execute(f"{begin}; {self._locks}".encode(), prepare=False)
        except psycopg.Error as error:
            self.rollback()
            if not (self._connection.closed or isinstance(error, psycopg.errors.LockNotAvailable)):
                self._locks = None  # they are not allowed, and will not be
            return False
        return True

    def commit(self) -> None:
        if self._is(pq.TransactionStatus.IDLE):
            return
        try:
            self._run("commit")
        except DatabaseError as error:
            if error.code != "D0421":
                raise
            message = f"{error.message}, while it committed: whether the segment's writes were kept is not known"
            raise DatabaseError(error.code, message, "look at the data before the script is run again") from error

    def rollback(self) -> None:
        if self._connection.closed or self._is(pq.TransactionStatus.IDLE):
            return
        try:
            self._run("rollback")
        except DatabaseError as error:
            if error.code != "D0421":
                raise
            self._connection.close()  # its transaction went with the connection

    def savepoint(self, depth: int) -> None:
        self._run(f"savepoint sop_{int(depth)}")

    def release(self, depth: int) -> None:
        self._run(f"release sop_{int(depth)}")

    def rollback_to(self, depth: int) -> None:
        self._run(f"rollback to sop_{int(depth)}")
        self._run(f"release sop_{int(depth)}")

    # ── reading ────────────────────────────────────────────────────────────────────────────────────────────────

    def isolate_next_statement(self) -> None:
        self._isolated = True

    def query(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, json=False)

    def query_json(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        return self._batches(statement, params, json=True)

    def _reader(self, statement: Statement, json: bool) -> Read:
        known = self._readers.get((id(statement), json))  # by identity, as Binder does
        if known is None:
            known = self._readers[id(statement), json] = statement, row_reader(statement.columns, json=json)
        return known[1]

    def _batches(self, statement: Statement, params: Sequence[Any], *, json: bool) -> Iterator[list[Row]]:
        """The query begins to run here, not when the first batch is asked for."""
        isolated, self._isolated = self._isolated, False
        try:
            values = self._bound(statement, params)
            found = (self._at_once if statement.few else self._streamed)(statement, values, isolated)
        except _FAILURES as error:
            raise translated(error, self.name) from error
        return found(self._reader(statement, json))

    def _at_once(self, statement: Statement, values: Sequence[Any], isolated: bool) -> Found:
        with self._isolating(isolated):
            cursor = self._connection.execute(statement.sql.encode(), values)
        rows = cursor.fetchall()
        return lambda read: iter([read(rows)] if rows else [])

    def _streamed(self, statement: Statement, values: Sequence[Any], isolated: bool) -> Found:
        connection = self._connection
        alone = self._is(pq.TransactionStatus.IDLE) or self._streams > 0
        if alone and not self._streams:
            connection.execute("begin read only")
        self._cursors += 1
        name = f"sop_{self._cursors}"
        declare = f"declare {name} no scroll cursor for {statement.sql}{self.comment}"
        try:
            with self._isolating(isolated), connection.pipeline():  # one trip to the server for both
                connection.execute(declare.encode(), values, prepare=False)
                cursor = connection.execute(f"fetch {FIRST_ROWS} from {name}".encode())
            rows = cursor.fetchall()
        except psycopg.Error:
            if alone and not self._streams:
                self.rollback()
            raise
        self._streams += alone
        return lambda read: self._fetch(name, rows, read, alone, isolated)

    def _fetch(self, name: str, rows: list[Row], read: Read, alone: bool, isolated: bool) -> Iterator[list[Row]]:
        """The first rows at once, the others by the batch."""
        wanted = FIRST_ROWS
        fetch = f"fetch {BATCH_ROWS} from {name}".encode()
        try:
            while rows:
                yield read(rows)
                if len(rows) < wanted:
                    return
                wanted = BATCH_ROWS
                try:
                    with self._isolating(isolated):
                        more = self._connection.execute(fetch)
                    rows = more.fetchall()
                except _FAILURES as error:
                    raise translated(error, self.name) from error
        finally:
            self._end_stream(name, alone)

    @contextmanager
    def _isolating(self, isolated: bool) -> Iterator[None]:
        """If isolated, an error inside leaves the transaction as it was before: a savepoint goes around."""
        if not isolated:
            yield
            return
        try:
            with self._connection.pipeline():
                self._connection.execute("savepoint sop_statement", prepare=False)
                yield  # what is queued behind an error is never prepared, and psycopg would take it for prepared
                self._connection.execute("release sop_statement", prepare=False)
        except psycopg.Error:
            if self._is(pq.TransactionStatus.INERROR):
                self._run("rollback to sop_statement")
                self._run("release sop_statement")
            raise

    def _end_stream(self, name: str, alone: bool) -> None:
        """Close the cursor, and the transaction that was begun for it."""
        self._streams -= alone
        if alone and not self._streams:
            self.rollback()
        elif self._is(pq.TransactionStatus.INTRANS):
            self._run(f"close {name}")

    def spool(self, statement: Statement, params: Sequence[Any]) -> FileSpool:
        return FileSpool(self.query(statement, params))

    # ── writing ────────────────────────────────────────────────────────────────────────────────────────────────

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        self._isolated = False
        if statement.each:
            return self.execute_many(statement, [[record[name] for name in statement.each] for record in params[0]])
        try:
            cursor = self._connection.execute(statement.sql.encode(), self._bound(statement, params))
        except _FAILURES as error:
            raise translated(error, self.name, statement.store) from error
        return max(cursor.rowcount, 0)

    def execute_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        if len(rows) >= FEW and self._copied(statement, rows):
            return len(rows)
        cursor = self._connection.cursor()
        bound = -1

        def values() -> Iterator[Sequence[Any]]:
            nonlocal bound
            for bound, row in enumerate(rows):  # noqa: B007
                yield self._bound(statement, row)

        try:
            cursor.executemany(statement.sql.encode(), values())
        except _FAILURES as error:
            failure = translated(error, self.name, statement.store)
            if isinstance(failure, DatabaseError):
                # each row before the one that failed has changed one row
                failure.row = max(cursor.rowcount, 0) if isinstance(error, psycopg.errors.Error) else bound
            raise failure from error
        return max(cursor.rowcount, 0)

    def _copied(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> bool:
        """Insert the rows by COPY. False, and nothing is written, where COPY might do something else than the statement
        or some row is refused: by the statement it is known which."""
        if not self._holds or not self._is(pq.TransactionStatus.INTRANS):
            return False
        known = self._copies.get(id(statement))  # by identity, as Binder does
        if known is None:
            store = copied_fields(self.schema(), statement.store, statement.fields)
            plain = store is not None and self._is_plain(statement)
            known = self._copies[id(statement)] = statement, store if plain else None
        store = known[1]
        if store is None:
            return False
        try:
            text = copy_text(store, rows)
        except (SopError, ValueError, ArithmeticError, TypeError, AttributeError):  # as the statement will say
            return False
        self._run("savepoint sop_copy")
        try:
            self._copy(store, text)
        except psycopg.OperationalError as error:  # the connection is gone, or the segment has to be run again
            raise translated(error, self.name, store.name) from error
        except psycopg.Error:
            self._run("rollback to sop_copy")
            self._run("release sop_copy")
            return False
        self._run("release sop_copy")
        return True

    def row_by_row(self, use: SetUse) -> str | None:
        if self._is(pq.TransactionStatus.INTRANS) and not self._holds:
            return "its stores can't be locked against changes of their definition"
        try:
            return row_by_row(self._connection, self._place[0], use)
        except psycopg.Error as error:
            raise translated(error, self.name) from error

    def _is_plain(self, insert: Statement) -> bool:
        try:
            return is_plain(self._connection, self._place[0], insert.store, insert.fields)
        except psycopg.Error as error:
            raise translated(error, self.name, insert.store) from error

    def execute_batches(self, runs: Sequence[tuple[Statement, Sequence[Sequence[Any]]]]) -> None:
        sent: list[tuple[Statement, list[Any]]] = []
        refused: DatabaseError | None = None  # for a value that can't be sent, once all before it has been
        for statement, rows in runs:
            sent.append((statement, []))
            try:
                sent[-1][1].extend(self._bound(statement, row) for row in rows)
            except DatabaseError as error:
                refused = error
                refused.run, refused.row = len(sent) - 1, len(sent[-1][1])
                break
        self._pipeline(sent)
        if refused is not None:
            raise refused

    def _pipeline(self, runs: Sequence[tuple[Statement, Sequence[Any]]]) -> None:
        cursors = [self._connection.cursor() for _ in runs]
        try:
            with self._connection.pipeline():
                for cursor, (statement, values) in zip(cursors, runs, strict=True):
                    if values:
                        cursor.executemany(statement.sql.encode(), values)
        except _FAILURES as error:
            # each row before the one that failed has changed one row
            done = [max(cursor.rowcount, 0) for cursor in cursors]
            run = next((index for index, (_, values) in enumerate(runs) if done[index] < len(values)), 0)
            failure = translated(error, self.name, runs[run][0].store)
            if isinstance(failure, DatabaseError):
                failure.run, failure.row = run, done[run]
            raise failure from error

    def on_progress(self, callback: Callable[[], None]) -> None:
        self._connection.look, self._connection.stopped = callback, False

    def interrupt(self) -> None:
        self._connection.stopped = True

    def act_as(self, acting: Acting) -> None:
        try:
            self._connection.act_as(acting)
        except psycopg.Error as error:
            if error.sqlstate not in ("22023", "42501"):  # no such role, or not a member of it
                raise translated(error, self.name) from error
            message = f"the user of `{self.name}` may not act as the role {acting.role}"
            raise DatabaseError("D0321", message, "`grant ROLE to USER` by the owner lets it") from error

    def close(self) -> None:
        self._connection.close()

    def renew(self) -> bool:
        """See runtime/databases/pool.py."""
        self._schema, self._locks, self.comment = None, None, ""
        return not self._connection.closed and renew(self._connection)

    # ── stores, for imports ────────────────────────────────────────────────────────────────────────────────────

    def create_store(self, store: Store, *, replace: bool = False) -> None:
        """A new table with the store's fields and primary key; replace: drop one of that name first."""
        if replace:
            self._run(drop_sql(self._place, store.name), store.name)
        self._run(create_sql(self._place, store, column_type), store.name)
        self.forget_schema()

    def drop_store(self, store: str) -> None:
        self._run(drop_sql(self._place, store), store)
        self.forget_schema()

    def rename_store(self, store: str, new: str) -> None:
        self._run(rename_sql(self._place, store, new), store)
        self.forget_schema()

    def plain_sql(self, sql: str) -> list[Row]:
        """A statement of an import's own; the rows of a SELECT."""
        cursor = self._run(sql)
        return cursor.fetchall() if cursor.description is not None else []

    def insert_rows(self, store: Store, rows: Sequence[Sequence[Any]]) -> int:
        """Rows of VM values, of the store's fields in their order, by COPY; how many there were."""
        if not rows:
            return 0
        try:
            return self._copy(store, copy_text(store, rows))
        except _FAILURES as error:
            failure = translated(error, self.name, store.name)
            if isinstance(failure, DatabaseError) and isinstance(error, psycopg.Error):
                failure.row = row_of(error.diag.context)
            raise failure from error

    def _copy(self, store: Store, text: bytes) -> int:
        command = f"copy {qualified_name(self._place, store.name)} ({field_list(store)}) from stdin"
        cursor = self._connection.cursor()
        with cursor.copy(command.encode()) as copy:
            copy.write(text)
        return max(cursor.rowcount, 0)

    def count_rows(self, store: str) -> int:
        row = self._run(count_sql(self._place, store)).fetchone()
        assert row is not None
        return int(row[0])

    def forget_schema(self) -> None:
        """Read the schema again when it is next asked for."""
        self._schema = None

    # ── kept runs ──────────────────────────────────────────────────────────────────────────────────────────────

    def own(self, sql: str, values: Sequence[Any]) -> list[Row]:
        cursor = self._own(sql, values)
        return cursor.fetchall() if cursor.description is not None else []

    def own_change(self, sql: str, values: Sequence[Any]) -> int:
        return self._own(sql, values).rowcount

    def own_with_next(self, sql: str) -> None:
        self._queued.append(sql)

    def _own(self, sql: str, values: Sequence[Any]) -> psycopg.Cursor[Row]:
        queued, self._queued = self._queued, []
        try:
            if self._connection.acting is not None:
                for each in queued:  # the first may end the state of an error, in which no role can be changed
                    self._connection.execute(each.encode())
                with self._connection.as_itself():
                    return self._connection.execute(sql.encode(), values)
            if not queued:
                return self._connection.execute(sql.encode(), values)
            with self._connection.pipeline():
                for each in queued:
                    self._connection.execute(each.encode())
                return self._connection.execute(sql.encode(), values)
        except _FAILURES as error:
            raise translated(error, self.name) from error

    def lease(self, run: str) -> PostgresLease | None:
        return PostgresLease.take(self._address, self.name, run)

    def is_leased(self, run: str) -> bool:
        return bool(self.own(IS_LEASED, [run]))

    def take(self, which: str, changes: str, pause: float) -> tuple[str, int, PostgresLease] | None:
        return PostgresLease.take_next(self._address, self._connection, which, changes, pause)

    def serve(self) -> PostgresLease:
        return PostgresLease.serve(self._address, self.name)

    def is_served(self) -> bool:
        return bool(self.own(IS_SERVED, []))

    def ask_to_stop(self, run: str) -> bool:
        return self.own_change(ASK_TO_STOP, [run]) == 1

    def relax(self) -> None:
        self._relaxed = True
        self._run("set synchronous_commit = off")

    def reconnect(self) -> None:
        before = self._connection
        before.close()
        self._connection = open_connection(self._address, self.name)
        self._connection.look, self._connection.stopped = before.look, before.stopped
        if self._relaxed:
            self.relax()
        if before.acting is not None:
            self.act_as(before.acting)
        self._streams, self._queued = 0, []

    # ── the connection ─────────────────────────────────────────────────────────────────────────────────────────

    def _is(self, status: pq.TransactionStatus) -> bool:
        return self._connection.info.transaction_status == status

    def _run(self, sql: str, store: str = "") -> psycopg.Cursor[Row]:
        try:
            return self._connection.execute(sql.encode())
        except _FAILURES as error:
            raise translated(error, self.name, store) from error
