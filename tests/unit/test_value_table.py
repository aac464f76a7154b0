"""The table of a database's values: it finds them in any case and spacing, and is kept until the data change."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from runtime.connect import connect
from runtime.databases import value_table
from runtime.databases.protocol import Database
from runtime.databases.value_table import Held, ValueTable, normal, open_table
from sopc.english.sample import DatabaseSampler
from tests.engines import ENGINES, Engine

SQL = """
create table places (id integer primary key, name text, area text, story text);
insert into places values (1, 'Nuku''alofa', 'no_show', 'It was late when the last boats came in, and nobody spoke.');
insert into places values (2, 'New  York', 'North', 'It was early when the first boats left, and all of us waved.');
insert into places values (3, NULL, 'NORTH', NULL);
insert into places values (4, 'Straße', 'south', NULL);
"""


def run(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(sql)


def settle(path: Path) -> None:
    """The file as if it had been written some time ago."""
    os.utime(path, ns=(10**18, 10**18))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "places.db"
    run(path, SQL)
    settle(path)
    return path


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{path.name}", name="main", base=path.parent)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def table_of(path: Path, folder: Path | None) -> Iterator[ValueTable]:
    with opened(path) as database:
        table = open_table(database, folder, print)
        try:
            yield table
        finally:
            table.close()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("New York", "new york"),
        ("  new \t york ", "new york"),
        ("no-show", "no show"),
        ("NO_SHOW", "no show"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("", ""),
        ("--", ""),
    ],
)
def test_a_normal_form_has_neither_case_nor_spacing(text: str, wanted: str) -> None:
    assert normal(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("new york", [("name", "New  York")]),
        ("NUKU'ALOFA", [("name", "Nuku'alofa")]),
        ("No-Show", [("area", "no_show")]),
        ("north", [("area", "NORTH"), ("area", "North")]),
        ("strasse", [("name", "Straße")]),
        ("york", []),
        ("", []),
        ("it was late when the last boats came in, and nobody spoke.", []),  # too long to be kept
    ],
)
def test_values_are_found_in_any_case_and_spacing(text: str, wanted: list[tuple[str, str]], file: Path) -> None:
    with table_of(file, None) as table:
        assert sorted(table.find(text)) == [Held("places", *one) for one in wanted]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_each_engine_has_the_same_values(engine: Engine, tmp_path: Path) -> None:
    place = engine.place(tmp_path)
    engine.script(place, SQL)
    folder = tmp_path / "values"
    with engine.opened(place) as database, closing(open_table(database, folder, print)) as table:
        assert sorted(table.find("north")) == [Held("places", "area", "NORTH"), Held("places", "area", "North")]
        assert table.find("new york") == [Held("places", "name", "New  York")]
        before = database.change_mark()
    engine.script(place, "update places set name = 'Ulan Bator' where id = 2")
    for _ in range(600):  # PostgreSQL counts a change within a second or so
        with engine.opened(place) as database:
            if database.change_mark() != before:
                break
        time.sleep(0.1)
    with engine.opened(place) as database, closing(open_table(database, folder, print)) as table:
        assert table.find("ulan bator") == [Held("places", "name", "Ulan Bator")]


def kept_in(folder: Path) -> Path:
    (found,) = folder.glob("*.sqlite")
    return found


def test_a_table_is_kept_for_its_owner_and_used_again(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "values"
    with table_of(file, folder):
        pass
    assert stat.S_IMODE(kept_in(folder).stat().st_mode) == 0o600
    run(kept_in(folder), "insert into held select 'a mark', id, 'a mark' from fields where field = 'name'")
    with table_of(file, folder) as again:
        assert again.find("A Mark") == [Held("places", "name", "a mark")]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: run(path, "update places set name = 'Ulan Bator' where id = 2"),
        lambda path: run(path, "alter table places add column note text; update places set note = 'Ulan Bator'"),
    ],
)
def test_a_table_is_made_anew_after_a_change(change: Callable[[Path], None], file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "values"
    with table_of(file, folder) as table:
        assert not table.find("Ulan Bator")
    change(file)
    with table_of(file, folder) as table:
        assert table.find("Ulan Bator")
        kept_in(folder)


def test_a_change_that_is_still_in_the_log_counts(file: Path, tmp_path: Path) -> None:
    run(file, "pragma journal_mode = wal")
    settle(file)
    with table_of(file, tmp_path / "values") as table:
        assert not table.find("Ulan Bator")
    with closing(sqlite3.connect(file)) as writer:  # as long as it is open, its change is in the log
        writer.execute("update places set name = 'Ulan Bator' where id = 2")
        writer.commit()
        settle(file)
        with table_of(file, tmp_path / "values") as table:
            assert table.find("Ulan Bator")


def test_a_file_that_was_just_written_is_not_relied_upon(file: Path, tmp_path: Path) -> None:
    os.utime(file)  # now
    folder = tmp_path / "values"
    with table_of(file, folder) as table:
        assert table.find("New York")
    assert not list(folder.glob("*"))


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 4096])
def test_a_damaged_table_is_made_anew(content: bytes, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "values"
    with table_of(file, folder):
        pass
    kept_in(folder).write_bytes(content)
    with table_of(file, folder) as table:
        assert table.find("New York")


def test_without_a_folder_that_can_be_written_nothing_is_kept(file: Path, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with table_of(file, tmp_path / "home" / "values") as table:
        assert table.find("New York")


def test_the_nearest_values_are_like_the_text(file: Path) -> None:
    with table_of(file, None) as table:
        assert table.nearest("places", "area", "noshow") == ("no_show",)
        assert table.nearest("places", "name", "new yrok") == ("New  York",)
        assert table.nearest("places", "area", "zzz") == ()


def test_what_is_no_longer_there_is_not_found(file: Path, tmp_path: Path) -> None:
    with table_of(file, tmp_path / "values"):
        pass
    run(kept_in(tmp_path / "values"), "insert into held select 'gone', id, 'gone' from fields where field = 'name'")
    with opened(file) as database, DatabaseSampler(lambda name: database, ["main"], tmp_path) as sampler:
        assert sampler.find("main.places", "name", "gone") == ()
        assert sampler.find("main.places", "name", "new york") == ("New  York",)
        assert sampler.lookup("gone") == []
        assert sampler.lookup("no show") == [("main", "places", "area", "no_show")]


def test_a_long_text_is_found_only_in_quotes(file: Path) -> None:
    late = "It was late when the last boats came in, and nobody spoke."
    with opened(file) as database, DatabaseSampler(lambda name: database) as sampler:
        assert sampler.find("main.places", "story", late) == ()
        assert sampler.find("main.places", "story", late, quoted=True) == (late,)
        assert sampler.find("main.places", "story", late.lower(), quoted=True) == ()


def test_reading_that_takes_long_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_table, "_QUIET_SECONDS", -1)
    told: list[str] = []
    with opened(file) as database, closing(open_table(database, None, told.append)):
        assert told == ["reading the text values of places.db, which is done once until they change"]
