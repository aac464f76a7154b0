"""Reused connections: they behave like new ones, and are not reused when a run may have left something in them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from runtime.connect import connect
from runtime.databases.pool import MAX_IDLE, Pool
from runtime.databases.protocol import Database, Keeps
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import DatabaseError


class Opened:
    """How often a connection was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def __call__(self, name: str) -> Database:
        self.count += 1
        return SQLiteDatabase(self.path, name=name)


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    make(tmp_path / "a.db")
    return Opened(tmp_path / "a.db")


def make(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table items (id integer primary key)")
    connection.close()


def test_a_connection_is_used_again(opened: Opened) -> None:
    pool = Pool(opened)
    for _ in range(3):
        pool.give_back(pool.take("a"))
    assert opened.count == 1
    first, second = pool.take("a"), pool.take("a")
    assert (first is second, opened.count) == (False, 2)
    pool.give_back(first)
    pool.give_back(second)
    pool.close()
    with pytest.raises(DatabaseError):
        first.begin(write=False)


def test_names_do_not_share(opened: Opened) -> None:
    pool = Pool(opened)
    first = pool.take("a")
    pool.give_back(first)
    assert pool.take("b") is not first


def test_a_transaction_that_was_left_open_is_undone(opened: Opened) -> None:
    pool = Pool(opened)
    database = pool.take("a")
    database.begin(write=True)
    pool.give_back(database)
    with closing(sqlite3.connect(opened.path, timeout=0)) as other, other:
        other.execute("insert into items values (1)")
    other.close()
    again = pool.take("a")
    assert again is database
    again.begin(write=True)
    again.commit()


def test_an_interrupt_does_not_reach_the_next_run(opened: Opened) -> None:
    pool = Pool(opened)
    database = pool.take("a")
    database.interrupt()
    pool.give_back(database)
    again = pool.take("a")
    again.begin(write=True)
    again.commit()


def test_the_schema_is_as_it_is_now(opened: Opened) -> None:
    pool = Pool(opened)
    database = pool.take("a")
    assert set(database.schema().stores) == {"items"}
    pool.give_back(database)
    with closing(sqlite3.connect(opened.path)) as other, other:
        other.execute("create table more (id integer)")
    other.close()
    assert set(pool.take("a").schema().stores) == {"items", "more"}


def test_a_file_that_took_the_place_of_another_is_opened(opened: Opened, tmp_path: Path) -> None:
    pool = Pool(opened)
    pool.give_back(pool.take("a"))
    make(tmp_path / "new.db")
    (tmp_path / "new.db").replace(opened.path)
    pool.take("a")
    assert opened.count == 2


def test_not_more_are_kept_than_make_sense(opened: Opened) -> None:
    pool = Pool(opened)
    taken = [pool.take("a") for _ in range(MAX_IDLE + 4)]
    for database in taken:
        pool.give_back(database)
    for database in taken[:MAX_IDLE]:
        database.begin(write=False)
        database.rollback()
    for database in taken[MAX_IDLE:]:
        with pytest.raises(DatabaseError):
            database.begin(write=False)


class Once:
    """A database of an engine whose connections are not used again."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


def test_an_engine_may_keep_its_connections_to_itself() -> None:
    database = Once()
    pool = Pool(lambda name: database)  # type: ignore[arg-type, return-value]
    pool.give_back(pool.take("a"))
    assert database.closed


def test_the_schema_waits_for_a_lock(opened: Opened) -> None:
    """As statements do: a writer that commits shuts others out for a moment."""
    database = opened("a")
    with closing(sqlite3.connect(opened.path, check_same_thread=False)) as other, other:
        other.execute("begin exclusive")
        timer = Timer(0.1, other.rollback)
        timer.start()
        assert set(database.schema().stores) == {"items"}
        timer.join()
    other.close()
    database.close()


@pytest.mark.parametrize("ours", [True, False])
def test_opening_a_database_again_keeps_its_locks(tmp_path: Path, ours: bool) -> None:
    """Whether we opened it before, or the program that uses this package did by itself.

    A process that opens and closes the file by itself loses SQLite's locks: then another process that closes the
    database removes the log that the first one's connections go on writing to, and what they commit is lost."""
    path = tmp_path / "main.db"
    other = (
        f"import sqlite3; c = sqlite3.connect({str(path)!r}); print(c.execute('select n from t').fetchall()); c.close()"
    )

    def seen_elsewhere() -> str:
        return subprocess.run([sys.executable, "-c", other], check=True, capture_output=True, text=True).stdout.strip()

    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("pragma journal_mode = wal; create table t (n int); insert into t values (1)")

    def opened() -> Any:
        if ours:
            return connect("sqlite:///main.db", name="main", base=tmp_path)
        connection = sqlite3.connect(path)
        assert connection.execute("select n from t").fetchall() == [(1,)]  # from now on it has a lock
        return connection

    with closing(opened()) as first, closing(connect("sqlite:///main.db", name="main", base=tmp_path)) as second:
        assert isinstance(second, Keeps)
        assert second.own("select n from t", ()) == [(1,)]
        assert seen_elsewhere() == "[(1,)]"
        if ours:
            first.own("insert into t values (2)", ())
        else:
            with first:
                first.execute("insert into t values (2)")
        assert second.own("select n from t", ()) == [(1,), (2,)]
        assert seen_elsewhere() == "[(1,), (2,)]"


def test_a_file_that_became_another_engines_is_looked_at_again(tmp_path: Path) -> None:
    """As where a file is deleted and the next one gets its number, here without luck: the file is written over."""
    made = {}
    for url, name in (("sqlite:///a.db", "a.db"), ("duckdb:///b.db", "b.db")):
        with closing(connect(url, name="main", base=tmp_path, create=True)) as database:
            database.begin(write=True)
            database.commit()
        made[url.partition(":")[0]] = tmp_path / name
    with closing(sqlite3.connect(made["sqlite"])) as connection:
        connection.execute("create table t (n int)")
    contents = {engine: path.read_bytes() for engine, path in made.items()}
    place = tmp_path / "c.db"
    for engine in ("sqlite", "duckdb", "sqlite", "duckdb"):
        place.write_bytes(contents[engine])
        with closing(connect(f"{engine}:///c.db", name="main", base=tmp_path)) as database:
            assert (["t"] if engine == "sqlite" else []) == sorted(database.schema().stores)
