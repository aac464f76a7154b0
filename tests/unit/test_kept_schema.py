"""The schema of a DuckDB file is read once, and again as soon as the file may hold another."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.duckdb.database import DuckDBDatabase
from runtime.databases.kept_schema import kept_schema
from runtime.library.store import Library
from runtime.query.schema import Schema
from tests.engines import ENGINES

HOUR = 3600 * 10**9


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "main.duckdb"
    change(place, "CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY, word TEXT)")
    return place


def change(file: Path, sql: str, *, ago: int = HOUR) -> None:
    """Change a file, some nanoseconds ago by its time."""
    with duckdb.connect(file) as connection:
        connection.execute(sql)
    at = time.time_ns() - ago
    os.utime(file, ns=(at, at))


class Counting(DuckDBDatabase):
    """Counts how often the schema is read from the file."""

    reads = 0

    def schema(self) -> Schema:
        Counting.reads += self._schema is None
        return super().schema()


def read(file: Path, library: Library) -> Schema:
    database = Counting(file, name="main", read_only=True)
    try:
        schema = kept_schema(database, library)
        assert database.schema() == schema
    finally:
        database.close()
    return schema


def writes(library: Library) -> int:
    return library.environment.state()


def test_a_schema_is_kept_while_the_file_stays_the_same(file: Path, library: Library) -> None:
    before = Counting.reads
    first = read(file, library)
    kept = writes(library)
    assert kept > 0 and Counting.reads == before + 1
    assert read(file, library) == first == read(file, library)
    assert writes(library) == kept and Counting.reads == before + 1


def test_a_changed_file_is_read_again(file: Path, library: Library) -> None:
    first = read(file, library)
    change(file, "ALTER TABLE numbers ADD COLUMN more DATE", ago=HOUR // 2)
    second = read(file, library)
    assert [field.name for field in second.stores["numbers"].fields] == ["n", "word", "more"]
    assert second != first
    assert read(file, library) == second


def test_a_file_that_was_written_just_now_is_not_kept(file: Path, library: Library) -> None:
    change(file, "CREATE TABLE more (n BIGINT)", ago=-HOUR)  # a later change could have the same time
    assert read(file, library).stores.keys() == {"numbers", "more"}
    assert writes(library) == 0


def test_a_file_with_a_view_is_not_kept(file: Path, library: Library) -> None:
    """A view may show what is in another file."""
    change(file, "CREATE VIEW words AS SELECT word FROM numbers")
    assert read(file, library).stores["words"].read_only
    assert writes(library) == 0


def test_a_library_that_cannot_be_written_keeps_nothing(file: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "other", read_only=True) as library:
        assert read(file, library) == read(file, library)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_engines_that_read_it_fast_are_asked_each_time(engine: str, tmp_path: Path, library: Library) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, "CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY)")
    database = connect(ENGINES[engine].url(place), name="main", base=tmp_path)
    try:
        assert kept_schema(database, library) == database.schema()
    finally:
        database.close()
    assert writes(library) == 0
