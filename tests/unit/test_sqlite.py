"""The SQLite engine: opening, schemas, transactions, spools, locks, and what goes wrong."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from runtime.connect import connect, hide_password
from runtime.databases.protocol import Statement
from runtime.databases.sqlite.codecs import decoder
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.databases.sqlite.rows import json_converter
from runtime.databases.sqlite.schema import type_of
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.library.store import Library
from runtime.query.algebra import Column, Insert, Query, Scan, Where
from runtime.query.algebra import Op as Operator
from runtime.query.schema import ForeignKey, schema_hash
from runtime.values.types import BOOL, INT, TEXT
from tests.harness import compile_text, execute, read_schema, store

Open = Callable[..., SQLiteDatabase]


@pytest.fixture
def open_(tmp_path: Path) -> Iterator[Open]:
    """Make a file with some SQL, and open it."""
    opened: list[SQLiteDatabase] = []

    def make(sql: str = "", **options: Any) -> SQLiteDatabase:
        path = tmp_path / "main.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(sql)
        connection.close()
        database = SQLiteDatabase(path, name="main", **options)
        opened.append(database)
        return database

    yield make
    for database in opened:
        database.close()


def scan(database: SQLiteDatabase, store: str) -> Statement:
    fields = database.schema().stores[store].fields
    columns = tuple((field.name, Column(1, field.name, field.type)) for field in fields)
    return database.prepare(Query("main", Scan(1, "main", store), columns, ()))


def rows(database: SQLiteDatabase, store: str) -> list[tuple[Any, ...]]:
    return [row for batch in database.query(scan(database, store), ()) for row in batch]


def insert(database: SQLiteDatabase, store: str) -> Statement:
    fields = database.schema().stores[store].fields
    form = Insert("main", store, tuple(field.name for field in fields), tuple(field.type for field in fields))
    return database.prepare(form)


NUMBERS = "create table n (v int); insert into n values (1), (2), (3);"


# ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────


def refusal(work: Callable[[], Any]) -> SopError:
    with pytest.raises(SopError) as caught:
        work()
    return caught.value


def test_a_file_that_is_not_there_is_never_made(tmp_path: Path) -> None:
    error = refusal(lambda: connect("sqlite:///none.db", name="hr", base=tmp_path))
    assert error.code == "D0101" and "`hr`" in error.message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"name,pay\n" * 200, b"SQLite format 3\x00" + b"\xff" * 2000])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    assert refusal(lambda: connect("sqlite:///a.db", name="hr", base=tmp_path)).code == "D0102"
    assert (tmp_path / "a.db").read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert refusal(lambda: SQLiteDatabase(tmp_path, name="hr")).code == "D0103"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("hr.db", "D0106"),
        ("sqlite://hr.db", "D0106"),
        ("sqlite:///", "D0106"),
        ("mysql://me:secret@host/db", "D0104"),
        ("duckdb:///", "D0106"),
        ("duckdb:///a.duckdb?memory=1GB", "D0106"),
        ("files://folder", "D0106"),
    ],
)
def test_urls_that_name_nothing_here(tmp_path: Path, url: str, code: str) -> None:
    error = refusal(lambda: connect(url, name="hr", base=tmp_path))
    assert isinstance(error, UsageError) and error.code == code
    assert "secret" not in error.message + str(error.hint)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@host/db",
        "postgresql://me:sec/ret@ret@host/db",
        "postgresql://me@host/db?sslmode=require&password=secret",
    ],
)
def test_passwords_are_masked(url: str) -> None:
    shown = hide_password(url)
    assert "***" in shown and "sec" not in shown and "ret" not in shown and "me" in shown


def test_paths_with_odd_names_open(tmp_path: Path) -> None:
    folder = tmp_path / "a b?#%"
    folder.mkdir()
    SQLiteDatabase(folder / "ü?.db", name="hr", create=True).close()
    connect(f"sqlite:///{quote('ü?.db')}", name="hr", base=folder).close()
    connect(f"sqlite:///{quote(str(folder / 'ü?.db'))}", name="hr", base=Path("elsewhere")).close()
    assert [path.name for path in folder.iterdir()] == ["ü?.db"]


def test_a_damaged_file_is_an_error(open_: Open, tmp_path: Path) -> None:
    database = open_("create table n (v text); insert into n select hex(randomblob(500)) from pragma_function_list;")
    database.close()
    path = tmp_path / "main.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))
    damaged = SQLiteDatabase(path, name="hr")
    assert refusal(lambda: rows(damaged, "n")).code == "D0107"
    damaged.close()


# ── schema ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_schema_is_read(open_: Open) -> None:
    database = open_(
        """
        create table "select" ("a b" text collate nocase not null, "c""d" decimal(10, 2) default 1.5,
                               e integer generated always as (1) virtual, primary key ("a b"));
        create table child (id integer primary key, parent text references "select", x int, y int, unique (x, y));
        create unique index partly on child (x) where y > 0;
        create view seen as select id, x + 1 as next from child;
        create table sop_runs (id int);
        """
    )
    stores = database.schema().stores
    assert list(stores) == ["select", "child", "seen"]
    odd = stores["select"]
    assert [(field.name, str(field.type), field.has_default) for field in odd.fields] == [
        ("a b", "text", False),
        ('c"d', "decimal(10,2)?", True),
        ("e", "int?", True),
    ]
    assert odd.fields[0].collated and odd.fields[2].generated and odd.primary_key == ("a b",)
    child = stores["child"]
    assert child.fields[0].has_default and str(child.fields[0].type) == "int"
    assert child.unique == (("id",), ("x", "y"))
    assert child.foreign_keys == (ForeignKey(("parent",), "select", ("a b",)),)
    assert stores["seen"].read_only and str(stores["seen"].fields[1].type) == "any"


def test_the_hash_of_a_schema_changes_with_it(open_: Open) -> None:
    first = open_("create table a (x int);")
    before = schema_hash(first.schema())
    first.close()
    assert schema_hash(open_("create table b (x int);").schema()) != before


@pytest.mark.parametrize(
    ("declared", "type_"),
    [
        ("VARCHAR(20)", "text"),
        ("bigint", "int"),
        ("double precision", "float"),
        ("NUMERIC", "decimal(38,10)"),
        ("decimal(12,3)", "decimal(12,3)"),
        ("decimal(12)", "decimal(12,0)"),
        ("DATETIME", "timestamp"),
        ("date", "date"),
        ("boolean", "bool"),
        ("json", "any"),
        ("", "any"),
    ],
)
def test_declared_types(declared: str, type_: str) -> None:
    assert str(type_of(declared)) == type_


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("declared", "stored"),
    [
        ("int", "'n/a'"),
        ("int", "1.5"),
        ("int not null", "'x'"),
        ("real", "'x'"),
        ("text", "x'00'"),
        ("date", "'2026-02-30'"),
        ("date", "'2026-01-01 00:00:00'"),
        ("timestamp", "1700000000"),
        ("boolean", "2"),
        ("boolean", "'true'"),
        ("decimal(10,2)", "'abc'"),
    ],
)
def test_a_stored_value_of_another_type_is_an_error(open_: Open, declared: str, stored: str) -> None:
    database = open_(f"create table t (v {declared}); insert into t values ({stored});")
    for read in (database.query, database.query_json):
        batches = read(scan(database, "t"), ())
        error = refusal(lambda batches=batches: list(batches))  # type: ignore[misc]
        assert error.code == "D0202" and "`v`" in error.message


def test_an_infinite_float_is_an_error(open_: Open) -> None:
    database = open_("create table t (v real); insert into t values (1.0), (9e999), (null);")
    assert refusal(lambda: rows(database, "t")).code == "V0103"


def test_json_rows_are_ready_to_be_written(open_: Open) -> None:
    database = open_(
        """create table t (d decimal(10,2), n decimal(5,0), b boolean, s timestamp, j json, f real);
        insert into t values (1.1, 3, 1, '2026-01-31 10:00:00', '{"a":[1]}', 2), (-0.005, null, 0, null, null, null);"""
    )
    (first,), rest = database.query_json(scan(database, "t"), ())
    assert msgspec.json.encode([first, *rest]) == (
        b'[[1.10,3,true,"2026-01-31T10:00:00Z",{"a":[1]},2.0],[-0.01,null,false,null,null,null]]'
    )


@pytest.mark.parametrize("text", ["half \ud800", "a\0b"])
def test_texts_that_no_database_keeps(open_: Open, text: str) -> None:
    database = open_("create table t (v text);")
    assert refusal(lambda: database.execute(insert(database, "t"), [text])).code == "D0307"


# ── transactions and spools ────────────────────────────────────────────────────────────────────────────────────


def test_savepoints_undo_what_came_after_them(open_: Open) -> None:
    database = open_(NUMBERS)
    statement = insert(database, "n")
    database.begin(write=True)
    database.execute(statement, [4])
    database.savepoint(1)
    database.execute(statement, [5])
    database.savepoint(2)
    database.execute(statement, [6])
    database.release(2)
    database.rollback_to(1)
    database.execute(statement, [7])
    database.commit()
    assert [row[0] for row in rows(database, "n")] == [1, 2, 3, 4, 7]
    database.begin(write=True)
    database.execute(statement, [8])
    database.rollback()
    database.rollback()
    assert len(rows(database, "n")) == 5


def test_a_spool_keeps_the_rows_as_they_were(open_: Open) -> None:
    database = open_("create table n (v int); insert into n select value from json_each('[1,2,3]');")
    statement = insert(database, "n")
    database.begin(write=True)
    spool = database.spool(scan(database, "n"), ())
    read = []
    for batch in spool.batches(1):
        for (value,) in batch:
            read.append(value)
            database.savepoint(1)
            inner = database.spool(scan(database, "n"), ())
            assert len([row for batch in inner.batches(0) for row in batch]) == 1 + 2 * len(read)
            database.rollback_to(1)
            database.execute_many(statement, [[value], [value]])
            inner.drop()
    assert read == [2, 3]
    spool.drop()
    database.commit()
    assert len(rows(database, "n")) == 7


def test_a_read_only_database_can_spool_but_not_write(open_: Open, tmp_path: Path) -> None:
    database = open_(NUMBERS, read_only=True)
    database.begin(write=False)
    assert list(database.spool(scan(database, "n"), ()).batches(0)) == [[(1,), (2,), (3,)]]
    assert refusal(lambda: database.execute(insert(database, "n"), [1])).code == "D0305"
    database.rollback()
    assert refusal(lambda: database.begin(write=True)).code == "D0305"
    assert [path.name for path in tmp_path.iterdir()] == ["main.db"]


def test_rows_come_in_batches_the_first_at_once(open_: Open) -> None:
    database = open_(
        "create table n (v int);"
        "with recursive s(v) as (select 1 union all select v + 1 from s where v < 5000) insert into n select v from s;"
    )
    assert [len(batch) for batch in database.query(scan(database, "n"), ())] == [1, 2048, 2048, 903]


# ── locks ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lock_is_waited_for_and_then_reported(open_: Open, tmp_path: Path) -> None:
    database = open_(NUMBERS, busy=0.05)
    other = sqlite3.connect(tmp_path / "main.db", isolation_level=None)
    other.execute("begin exclusive")
    error = refusal(lambda: database.begin(write=True))
    assert (
        error.code == "D0401"
        and "`main` is locked by another program or run" in error.message
        and not getattr(error, "retry", False)
    )
    other.execute("rollback")
    other.close()
    database.begin(write=True)
    database.rollback()


def test_who_waits_gets_its_turn_beside_one_that_writes_all_the_time(open_: Open) -> None:
    """Each transaction of the one begins as soon as the one before has ended, as a run's segments do."""
    waiting = open_(NUMBERS)
    enough, began = Event(), Event()

    def write_all_the_time() -> None:
        with closing(SQLiteDatabase(waiting.path, name="main")) as database:
            while not enough.is_set():
                database.begin(write=True)
                began.set()
                enough.wait(0.4)
                database.commit()

    thread = Thread(target=write_all_the_time)
    thread.start()
    try:
        assert began.wait(60)
        for _ in range(3):
            waiting.begin(write=True)
            waiting.commit()
    finally:
        enough.set()
        thread.join()


def test_an_interrupt_ends_the_wait_for_a_lock(open_: Open, tmp_path: Path) -> None:
    database = open_(NUMBERS, busy=3600)
    other = sqlite3.connect(tmp_path / "main.db", isolation_level=None)
    other.execute("begin immediate")
    database.interrupt()
    assert refusal(lambda: database.begin(write=True)).code == "D0401"
    other.close()


def test_a_stale_snapshot_is_to_be_tried_again(open_: Open) -> None:
    first = open_("pragma journal_mode = wal;" + NUMBERS)
    second = SQLiteDatabase(first.path, name="main")
    first.begin(write=False)
    assert len(rows(first, "n")) == 3
    second.begin(write=True)
    second.execute(insert(second, "n"), [4])
    second.commit()
    error = refusal(lambda: first.execute(insert(first, "n"), [5]))
    assert error.code == "D0402" and isinstance(error, DatabaseError) and error.retry
    first.rollback()
    second.close()


def test_an_interrupt_stops_a_statement(open_: Open) -> None:
    database = open_(
        "create table n (v int);"
        "with recursive s(v) as (select 1 union all select v + 1 from s where v < 4000) insert into n select v from s;"
    )
    columns = (("v", Column(1, "v", INT.or_null())),)
    batches = database.query(database.prepare(Query("main", Scan(1, "main", "n"), columns, ())), ())
    next(batches)
    database.interrupt()
    assert refusal(lambda: list(batches)).code == "D0403"


# ── constraints ────────────────────────────────────────────────────────────────────────────────────────────────

RULES = """
create table team (name text primary key);
create table staff (id int unique, team text not null references team, pay int check (pay > 0));
insert into team values ('red');
insert into staff values (1, 'red', 10);
"""


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        ([2, None, 1], "D0301", "`team` of `staff` can't be null"),
        ([1, "red", 1], "D0302", "`staff` already has a row with the same `id`"),
        ([2, "blue", 1], "D0303", "a row of `staff`"),
        ([2, "red", -1], "D0304", "`staff` breaks the rule `pay > 0`"),
    ],
)
def test_constraints_are_named(open_: Open, row: list[Any], code: str, said: str) -> None:
    database = open_(RULES)
    statement = insert(database, "staff")
    error = refusal(lambda: database.execute(statement, row))
    assert error.code == code and said in error.message
    batch = refusal(lambda: database.execute_many(statement, [[7, "red", 1], row, [8, "red", 1]]))
    assert isinstance(batch, DatabaseError) and (batch.code, batch.row) == (code, 1)


def test_an_error_of_a_function_in_sql_is_its_own(open_: Open) -> None:
    database = open_(NUMBERS)
    divided = Operator("mod", (Column(1, "v", INT.or_null()), Column(1, "v", INT.or_null())), INT.or_null())
    same = Operator("eq", (divided, divided), BOOL.or_null())
    query = Query("main", Where(Scan(1, "main", "n"), same), (("v", Column(1, "v", INT.or_null())),), ())
    statement = database.prepare(query)
    assert len([row for batch in database.query(statement, ()) for row in batch]) == 3
    database.execute(insert(database, "n"), [0])
    error = refusal(lambda: list(database.query(statement, ())))
    assert error.code == "V0102" and error.message == "division by zero"


def test_no_other_file_can_be_attached(open_: Open) -> None:
    database = open_(NUMBERS)
    attach = Statement("ATTACH DATABASE 'other.db' AS other", (), ())
    assert refusal(lambda: database.execute(attach, ())).code == "D0308"


def test_a_store_dropped_meanwhile_is_reported(open_: Open, tmp_path: Path) -> None:
    database = open_(NUMBERS + "create table t (v text);")
    statement = scan(database, "t")
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection, connection:
        connection.execute("drop table t")
    connection.close()
    assert refusal(lambda: database.query(statement, ())).code == "D0201"
    assert TEXT in {field.type.not_null() for field in database.schema().stores["t"].fields}


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ([1.5, 0, -0.25, 1234567890123.25], ["1.50", "0.00", "-0.25", "1234567890123.25"]),
        ([None, 0.07, None], [None, "0.07", None]),
        ([None], [None]),
        ([-0.0, 1.0], ["0.00", "1.00"]),
        ([0.125, 2.675, -0.125, 0.1 + 0.2], ["0.13", "2.68", "-0.13", "0.30"]),
    ],
)
def test_decimals_are_written_with_the_digits_of_their_scale(stored: list[Any], written: list[str | None]) -> None:
    found = json_converter("s2")(stored)
    assert [None if value is None else bytes(value).decode() for value in found] == written
    exact = [None if value is None else Decimal(value) for value in written]
    assert list(map(decoder("s2"), stored)) == exact
    units = [None if value is None else int(value * 100) for value in exact]
    assert list(map(bytes, filter(None, json_converter("d2")(units)))) == list(map(bytes, filter(None, found)))


@pytest.mark.parametrize(
    ("stored", "code"), [(1e13, "V0104"), (-1e13, "V0104"), ("1", "D0202"), (float("inf"), "D0202")]
)
def test_decimals_that_are_none_are_not_written(stored: Any, code: str) -> None:
    with pytest.raises(SopError) as error:
        json_converter("s2")([0.5, stored])
    assert error.value.code == code


def test_letters_change_case_as_in_the_machine(tmp_path: Path) -> None:
    """SQLite's own lower() and upper() are taken for ASCII alone."""
    texts = ["", "aB", "ZOË", "Zoë", "straße", "İi", "Ǆ", "A" * 5000, "x\x7f~Z", None]
    path = tmp_path / "main.db"
    connection = sqlite3.connect(path)
    connection.execute("create table things (id integer primary key, x text)")
    connection.executemany("insert into things (x) values (?)", [(text,) for text in texts])
    connection.commit()
    connection.close()
    text = "script test()\n  emit from things order by id select lower(x) as a, upper(x) as b\nend\n"
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, read_schema(path)))
        raw, code = execute(library, "test", path)
    records = [json.loads(line)["result"] for line in raw.splitlines()[1:-1]]
    assert code == 0, raw
    assert records == [{"a": each and each.lower(), "b": each and each.upper()} for each in texts]
