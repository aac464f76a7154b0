"""Stores named like the engine's own catalogue: each statement reads and writes the store of the schema, no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.connect import connect
from runtime.errors import DatabaseError, UsageError
from runtime.files.load import Mode, import_file, list_stores
from runtime.library.store import Library
from sopc.diagnostics import CompileError
from tests.engines import ENGINES
from tests.harness import compile_text, execute, store

# A query for the names of the catalogue, to be sure that the names tried are some of them, and names tried. Tables,
# views and functions in the place of tables; names that connections have temporary tables by.
CATALOGUES = {
    "sqlite": (
        "select name from pragma_module_list union select 'pragma_' || name from pragma_pragma_list",
        ("pragma_table_list", "pragma_table_xinfo", "pragma_index_list", "json_each", "pragma_module_list"),
    ),
    "duckdb": (
        "select view_name from duckdb_views() where internal union select function_name from duckdb_functions()",
        ("duckdb_tables", "duckdb_columns", "sqlite_master", "pg_class", "tables", "unnest", "pragma_table_info"),
    ),
    "postgres": (
        "select relname::text from pg_class where relnamespace in ('pg_catalog'::regnamespace,"
        " 'information_schema'::regnamespace) union select proname::text from pg_proc",
        ("pg_shdescription", "pg_class", "pg_attribute", "pg_type", "pg_namespace", "tables", "unnest"),
    ),
}
CASES = [(engine, name) for engine, (_, names) in CATALOGUES.items() for name in names]

WRITES = """
script test()
  for each row in from `{0}` order by id do
    insert into `{0}` {{id: row.id + 10, name: "new"}}
  end
  update `{0}` where id = 1 set name = (from `{0}` as other where other.id = 2 select other.name)
  delete from `{0}` where id in (from `{0}` as other where other.id = 12 select other.id)
  insert into `{0}` from `{0}` where id = 1 select id + 20 as id, name
  for each row in from `{0}` as a join `{0}` as b on a.id = b.id order by a.id select a.id, b.name do
    emit row
  end
  emit from `{0}` where id in [1, 2] group by name select name, count() as many
end
"""
UPSERTS = """
script test()
  insert into `{0}` [{{id: 1, name: "Ann", n: 1}}, {{id: 2, name: "Ben", n: 1}}]
  upsert into `{0}` {{id: 1, name: "Ada", n: 2}} on id
  for each i in 2 to 4 do
    upsert into `{0}` {{id: i, name: "no. {{i}}", n: 3}} on id
  end
  for each row in from `{0}` where id > 2 do
    upsert into `{0}` {{name: row.name, id: row.id, n: 4}} on name
  end
  emit from `{0}` order by id
end
"""
READS = "script test()\n  emit from `{0}` order by id\nend"


def files(folder: Path, name: str) -> Path:
    """A CSV file that makes a store of that name."""
    path = folder / f"{name}.csv"
    path.write_text("id,name\n1,Ann\n2,Ben\n")
    return path


def load(url: str, path: Path, mode: Mode = "create") -> None:
    database: Any = connect(url, name="main", base=path.parent, create=True)
    try:
        import_file(database, path, mode=mode)
        counts = {info.name: info.rows for info in list_stores(database)}
        assert counts == {path.stem: 4 if mode == "append" else 2}
    finally:
        database.close()


@pytest.mark.parametrize("engine, names", [(engine, names) for engine, (_, names) in CATALOGUES.items()])
def test_the_names_tried_are_of_the_catalogue(engine: str, names: tuple[str, ...], tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    query, names = CATALOGUES[engine]
    assert {name for (name,) in ENGINES[engine].rows(place, query)} >= set(names)


@pytest.mark.parametrize("engine, name", CASES)
def test_a_store_of_that_name_is_made_read_and_written(engine: str, name: str, tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    url = ENGINES[engine].url(place)
    if engine == "postgres":
        ENGINES[engine].script(place, "")
    path = files(tmp_path, name)
    modes: tuple[Mode, ...] = ("create", "append", "replace")
    for mode in modes:
        load(url, path, mode)
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(WRITES.format(name), ENGINES[engine].read_schema(place)))
        raw, code = execute(library, "test", place, engine=ENGINES[engine])
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    assert code == 0, lines
    assert [line["result"] for line in lines if line["type"] == "record"] == [
        {"id": 1, "name": "Ben"},
        {"id": 2, "name": "Ben"},
        {"id": 11, "name": "new"},
        {"id": 21, "name": "Ben"},
        {"name": "Ben", "many": 2},
    ]


@pytest.mark.parametrize("engine, name", CASES)
def test_upserts_into_a_store_of_that_name(engine: str, name: str, tmp_path: Path) -> None:
    """By its primary key and by another; beside it, the catalogue has columns that a key could be looked for in."""
    place = ENGINES[engine].place(tmp_path)
    where = "" if engine == "postgres" else "main."
    fields = "(id integer primary key, name text not null unique, n integer not null)"
    ENGINES[engine].script(place, f'create table {where}"{name}" {fields}')
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(UPSERTS.format(name), ENGINES[engine].read_schema(place)))
        raw, code = execute(library, "test", place, engine=ENGINES[engine])
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    assert code == 0, lines
    assert [tuple(line["result"].values()) for line in lines if line["type"] == "record"] == [
        (1, "Ada", 2),
        (2, "no. 2", 3),
        (3, "no. 3", 4),
        (4, "no. 4", 4),
    ]


def test_a_name_that_the_engine_keeps_to_itself(tmp_path: Path) -> None:
    url = ENGINES["sqlite"].url(ENGINES["sqlite"].place(tmp_path))
    with pytest.raises(DatabaseError, match=r"D0308.*begin with sqlite_") as raised:
        load(url, files(tmp_path, "sqlite_stat1"))
    assert "--store NAME" in (raised.value.hint or "")


@pytest.mark.parametrize("engine, name", CASES)
def test_without_a_store_of_that_name_the_catalogue_is_not_one(engine: str, name: str, tmp_path: Path) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, "create table others (id integer)")
    with pytest.raises(CompileError) as raised:
        compile_text(READS.format(name), ENGINES[engine].read_schema(place))
    assert [finding.code for finding in raised.value.diagnostics] == ["E0202"]


def test_a_folder_of_files_holds_stores_of_that_name(tmp_path: Path) -> None:
    names = CATALOGUES["duckdb"][1]
    (tmp_path / "folder").mkdir()
    for name in names:
        files(tmp_path / "folder", name)
    database = connect(f"files:///{tmp_path}/folder", name="main", base=tmp_path)
    try:
        assert {info.name: info.rows for info in list_stores(database)} == dict.fromkeys(names, 2)
    finally:
        database.close()


def test_macros_of_a_file_do_not_stand_in_for_functions(tmp_path: Path) -> None:
    """DuckDB looks a function up among the file's macros first."""
    engine = ENGINES["duckdb"]
    place = engine.place(tmp_path)
    engine.script(
        place,
        "create table t (id integer, name text); insert into t values (1, 'Ann'), (2, 'Ben');"
        "create macro lower(x) as 'macro'; create macro sum(x) as -1; create macro sop_trim(x) as 'macro';"
        "create macro duckdb_columns() as table select 1 as x; create macro twice(x) as x * 2;"
        "create sequence s; create table u (n integer default nextval('s'), name text);"
        "create view v as select twice(id) as id from t",
    )
    text = (
        'script test()\n  emit from t select lower(name) as a, trim("{name} ") as b order by a\n'
        '  emit from t select sum(id) as s\n  emit from v\n  insert into u {name: "x"}\n  emit from u\nend'
    )
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, engine.read_schema(place)))
        raw, _ = execute(library, "test", place, engine=engine)
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    assert [line["result"] for line in lines if line["type"] in ("record", "error")] == [
        {"a": "ann", "b": "Ann"},
        {"a": "ben", "b": "Ben"},
        {"s": 3},
        {"id": 2},
        {"id": 4},
        {"n": 1, "name": "x"},
    ]


def test_the_catalogue_of_postgres_is_no_database(tmp_path: Path) -> None:
    url = ENGINES["postgres"].url(ENGINES["postgres"].place(tmp_path)).partition("schema=")[0] + "schema=pg_catalog"
    with pytest.raises(UsageError, match="the server's own") as raised:
        connect(url, name="main", base=tmp_path)
    assert raised.value.code == "D0124"
