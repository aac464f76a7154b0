"""Queries that are stopped, whose files are replaced, whose server ends: no part of a result looks whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.protocol import Database, Statement
from runtime.errors import DatabaseError
from tests.harness import compile_text
from tests.spark.servers import Sail

ROWS = 300_000
LONG = (
    "from small as a join small as b on a.id * b.id % 7 = 3 join small as c on a.id + b.id > c.id select sum(c.id) as n"
)


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
