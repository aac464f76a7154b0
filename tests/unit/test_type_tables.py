"""The tables of types in runtime/databases/README.md are what the engines do, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from runtime.connect import connect
from runtime.databases.protocol import Loadable
from runtime.databases.spark.types import type_of
from runtime.files.infer import declared_type
from runtime.query.schema import Field, Store
from runtime.values.types import ANY, Type, list_of
from tests.engines import ENGINES

README = Path(__file__).parents[2] / "runtime" / "databases" / "README.md"


def tables() -> Iterator[tuple[list[str], list[list[str]]]]:
    """Head and rows of each table."""
    for block in re.findall(r"(?:^\|.*\n)+", README.read_text(encoding="utf-8"), re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.strip().splitlines()]
        yield head, rows


READ = [(head[0], *row) for head, rows in tables() if head[1:] == ["language"] for row in rows]
MADE = [
    (head[place], row[0], row[place])
    for head, rows in tables()
    if head[0] == "language"
    for row in rows
    for place in range(1, len(head))
]


def test_every_engine_has_its_tables() -> None:
    assert {engine for engine, *_ in MADE} == set(ENGINES)
    assert {engine for engine, *_ in READ} == {*ENGINES, "spark"}


@pytest.mark.parametrize(("columns", "language"), [row[1:] for row in READ if row[0] == "spark"])
def test_a_column_of_spark_is_read_as_its_type(columns: str, language: str) -> None:
    for column in columns.replace("struct<…>", "struct<a:int>").replace("map<…>", "map<string,int>").split(", "):
        assert str(type_of(column)[0]) == language


@pytest.mark.parametrize(("engine", "column", "language"), [row for row in READ if row[0] in ENGINES])
def test_a_column_is_read_as_its_type(engine: str, column: str, language: str, tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, f"CREATE TABLE things (x {column})")
    (field,) = ENGINES[engine].read_schema(place).stores["things"].fields
    assert str(field.type.not_null()) == language


@pytest.mark.parametrize(("engine", "language", "column"), MADE)
def test_a_column_is_made_for_a_type(engine: str, language: str, column: str, tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    type_ = (
        ANY if language == "any" else list_of(Type("int")) if language == "list<int>" else declared_type(language).type
    )
    ENGINES[engine].script(place, "")
    database = cast(Loadable, connect(ENGINES[engine].url(place), name="main", base=place, create=True))
    database.begin(write=True)
    database.create_store(Store("things", (Field("x", type_.or_null()),)))
    database.commit()
    made = database.schema().stores["things"].fields[0].type
    database.close()
    ((declared,),) = ENGINES[engine].rows(place, ENGINES[engine].column_type)
    assert declared == column
    if type_.name == "list":
        assert made.name in ("list", "any")  # not every engine has lists of its own
    else:
        assert made == type_.or_null()
