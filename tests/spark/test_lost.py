"""Queries that are stopped, whose files are replaced, whose server ends: no part of a result looks whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from time import sleep
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.protocol import Database, Statement
from runtime.errors import DatabaseError
from tests.commands import Place
from tests.harness import compile_text
from tests.spark.servers import Sail, shared

ROWS = 300_000
LONG = (
    "from small as a join small as b on a.id * b.id % 7 = 3 join small as c on a.id + b.id > c.id select sum(c.id) as n"
)

COPY = """script copy()
  uses main, lake
  for each t in from lake.big order by id do
    insert into main.kept { id: t.id }
    commit
  end
end
"""


class Stopped(BaseException):
    """As Ctrl-C, in the function that a database calls while it waits."""


def write(file: Path, rows: int, factor: int) -> None:
    """A Parquet file, put in its place at once."""
    made = file.with_suffix(".new")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT i * {factor} AS id FROM range({rows}) t(i)) TO '{made}' (FORMAT parquet)")
    made.rename(file)


@pytest.fixture
def server() -> Iterator[Sail]:
    made = Sail()
    yield made
    made.kill()


@pytest.fixture
def lake(server: Sail, tmp_path: Path) -> Iterator[Database]:
    write(tmp_path / "big.parquet", ROWS, 1)
    write(tmp_path / "small.parquet", 5_000, 1)
    database = connect(f"{server.url}?path={tmp_path}", name="lake", base=tmp_path)
    yield database
    database.close()


def statement(database: Database, query: str) -> Statement:
    (module,) = compile_text(f"script test()\n  emit {query}\nend\n", database.schema())
    return database.prepare(module.queries[0].query)


def rows(batches: Iterator[list[Any]]) -> int:
    return sum(map(len, batches))


def test_an_interrupt_ends_the_statement(lake: Database) -> None:
    long = statement(lake, LONG)
    lake.begin(write=False)
    Timer(1, lake.interrupt).start()
    with pytest.raises(DatabaseError, match="interrupted") as caught:
        rows(lake.query(long, []))
    assert caught.value.code == "D0403"


def test_what_is_raised_while_it_waits_ends_the_statement(lake: Database) -> None:
    def stop() -> None:
        raise Stopped

    long, short = statement(lake, LONG), statement(lake, "from big")
    lake.begin(write=False)
    lake.on_progress(stop)
    with pytest.raises(Stopped):
        rows(lake.query(long, []))
    lake.on_progress(lambda: None)
    assert rows(lake.query(short, [])) == ROWS


def test_a_file_that_is_replaced_under_a_query_is_told(lake: Database, tmp_path: Path) -> None:
    query = statement(lake, "from big")
    lake.begin(write=False)
    batches = lake.query(query, [])
    next(batches)
    write(tmp_path / "big.parquet", ROWS - 1, 2)
    with pytest.raises(DatabaseError) as caught:
        rows(batches)
    assert caught.value.code == "D0402" and caught.value.retry
    lake.rollback()
    lake.begin(write=False)
    assert rows(lake.query(query, [])) == ROWS - 1


def test_a_server_that_ends_within_a_result_is_an_error(lake: Database, server: Sail) -> None:
    query = statement(lake, "from big")
    lake.begin(write=False)
    batches = lake.query(query, [])
    next(batches)
    server.kill()
    with pytest.raises(DatabaseError) as caught:
        rows(batches)
    assert caught.value.code == "D0421"


def test_a_server_that_started_again_between_segments_is_asked_again(lake: Database, server: Sail) -> None:
    query = statement(lake, "from big")
    lake.begin(write=False)
    assert rows(lake.query(query, [])) == ROWS
    lake.commit()
    server.kill()
    again = Sail(server.port)
    try:
        lake.begin(write=False)
        assert rows(lake.query(query, [])) == ROWS
    finally:
        again.kill()


def test_a_loop_that_commits_elsewhere_goes_on_after_a_kill(tmp_path: Path) -> None:
    """With the rows that it read first, though the file is another by then."""
    place = Place(tmp_path)
    (tmp_path / "lake").mkdir()
    write(tmp_path / "lake" / "big.parquet", 2_000, 1)
    place.write("sop.toml", f'[databases]\nlake = "{shared().url}?path=lake"\n')
    place.write("copy.sop", COPY)
    with closing(sqlite3.connect(place.main)) as kept:
        kept.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY)")
        place.ok("sopc", "compile", "copy.sop", "--yes")
        process = place.start("sopvm", "run", "copy")
        assert process.stdout is not None
        run = json.loads(process.stdout.readline())["run"]
        while kept.execute("SELECT count(*) FROM kept").fetchone() < (20,):
            assert process.poll() is None
            sleep(0.02)
        process.kill()
        process.communicate()
        write(tmp_path / "lake" / "big.parquet", 2_000, 3)
        place.ok("sopvm", "resume", run)
        assert kept.execute("SELECT count(*), max(id) FROM kept").fetchone() == (2_000, 1_999)
