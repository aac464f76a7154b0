"""Stores and fields whose names no program can say: that store is broken, and says why; the others are whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import DatabaseError, UsageError
from runtime.files.load import import_file, list_stores
from runtime.library.store import Library
from runtime.values.names import MAX_NAME
from sopc.diagnostics import CompileError
from tests.engines import ENGINES, SQLITE, Engine
from tests.harness import compile_text, store

DUCKDB = ENGINES["duckdb"]
LONG = "x" * (MAX_NAME + 1)


@pytest.mark.parametrize(
    ("engine", "statement", "said"),
    [
        (SQLITE, 'CREATE TABLE odd ("" INTEGER, b INTEGER)', "a field of the store `odd` is empty"),
        (SQLITE, f'CREATE TABLE odd ("{LONG}" INTEGER)', "a field of the store `odd` is longer than 1,000 characters"),
        (DUCKDB, f'CREATE TABLE odd ("{LONG}" INTEGER)', "a field of the store `odd` is longer than 1,000 characters"),
        (SQLITE, f'CREATE TABLE "{LONG}" (a INTEGER)', "is longer than 1,000 characters"),
        (SQLITE, 'CREATE TABLE "" (a INTEGER)', "the name of the store `` is empty"),
    ],
)
def test_a_store_that_no_program_can_name_is_broken(tmp_path: Path, engine: Engine, statement: str, said: str) -> None:
    place = engine.place(tmp_path)
    engine.script(place, f"{statement}; CREATE TABLE whole (a INTEGER)")
    schema = engine.read_schema(place)
    assert list(schema.stores) == ["whole"]
    (broken,) = schema.broken.values()
    assert broken.code == "D0111" and said in broken.message
    compile_text("script s() emit from whole end", schema)
    if "odd" in schema.broken:
        with pytest.raises(CompileError, match="D0111"):
            compile_text("script s() emit from odd end", schema)


def _csv(path: Path, name: str) -> None:
    path.with_suffix(".csv").write_text(f"{name},b\n1,2\n", encoding="utf-8")


def _ndjson(path: Path, name: str) -> None:
    path.with_suffix(".ndjson").write_text(json.dumps({name: 1, "b": 2}) + "\n", encoding="utf-8")


def _parquet(path: Path, name: str) -> None:
    duckdb.sql(f"COPY (SELECT 1 AS \"{name}\", 2 AS b) TO '{path.with_suffix('.parquet')}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("write", "name"), [(_csv, LONG), (_csv, "a\0b"), (_ndjson, LONG), (_ndjson, "a\0b"), (_parquet, LONG)]
)
def test_a_file_with_such_a_field_is_refused_by_import_and_folder(
    tmp_path: Path, write: Callable[[Path, str], None], name: str
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    write(files / "odd", name)
    (files / "whole.csv").write_text("a\n1\n", encoding="utf-8")
    (path,) = files.glob("odd.*")
    database = connect(f"files:///{files}", name="main", base=tmp_path)
    schema = database.schema()
    database.close()
    assert list(schema.stores) == ["whole"]
    assert schema.broken["odd"].code == ("D0111" if write is _parquet else "D0504")
    target = SQLiteDatabase(tmp_path / "main.db", name="main", create=True)
    with pytest.raises(DatabaseError, match=r"a field (whose name|of the store)"):
        import_file(target, path)
    assert list_stores(target) == []
    target.close()


def test_the_name_of_a_function_leads_to_the_script_with_that_title(tmp_path: Path) -> None:
    schema = SQLITE.read_schema(_empty(tmp_path))
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text("script sum_script() emit {a: 1} end script sun() emit {a: 2} end", schema))
        with pytest.raises(UsageError) as caught:
            library.resolve("sum")
    assert (caught.value.code, caught.value.hint) == ("L0101", "sum_script")


def _empty(folder: Path) -> Path:
    place = SQLITE.place(folder)
    SQLITE.script(place, "CREATE TABLE whole (a INTEGER)")
    return place
