"""Columns of types that the language has no like of: read as what they are, or refused, the same on each engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runtime.config import Config
from runtime.library.store import Library
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.pipeline import built
from sopc.source import Source
from tests.engines import ENGINES
from tests.harness import compile_text, exact, execute, store

MONTHS = "an interval of months"
# engine, type of the column, its value in SQL, the type read, and the text of its JSON or a part of the D0202
COLUMNS = [
    ("postgres", "jsonb[]", """array['{"a": [1]}', 'null', null]::jsonb[]""", "list<any>?", '[{"a":[1]},null,null]'),
    ("postgres", "json[]", """array['{"a": [1]}']::json[]""", "list<any>?", '[{"a":[1]}]'),
    ("postgres", "interval[]", "array['1 day', null]::interval[]", "list<duration?>?", '["P1D",null]'),
    ("postgres", "interval[]", "array['1 month']::interval[]", "list<duration?>?", MONTHS),
    ("postgres", "interval", "'1 month 2 days'", "duration?", MONTHS),
    ("postgres", "integer[][]", "'{{1,2},{3,null}}'", "list<list<int?>?>?", "[[1,2],[3,null]]"),
    ("postgres", "text[][]", "'{{a,b}}'", "list<list<text?>?>?", '[["a","b"]]'),
    ("postgres", "numeric(10,2)[][]", "'{{1.50}}'", "list<list<decimal(10,2)?>?>?", "[[1.50]]"),
    ("postgres", "integer[]", "'{{1,2}}'", "list<int?>?", "several dimensions"),
    ("postgres", "bytea[]", "'{abc}'", "any", "list of blobs"),
    ("duckdb", "INTERVAL", "INTERVAL '1 month 2 days'", "duration?", MONTHS),
    ("duckdb", "INTERVAL", "INTERVAL '-1 year'", "duration?", MONTHS),
    ("duckdb", "INTERVAL[]", "[INTERVAL '36 hours', NULL]", "list<duration?>?", '["P1DT43200S",null]'),
    ("duckdb", "INTERVAL[]", "[INTERVAL '1 month']", "list<duration?>?", MONTHS),
    (
        "duckdb", "STRUCT(a DECIMAL(20,4), b DECIMAL(38,10)[])",
        "{'a': 1234567890123456.7890, 'b': [1234567890123456789.0123456789]}", "any",
        '{"a":1234567890123456.789,"b":[1234567890123456789.0123456789]}',
    ),
    ("duckdb", "MAP(VARCHAR, DECIMAL(30,1))", "MAP {'k': 123456789012345678.5}", "any", '{"k":123456789012345678.5}'),
]  # fmt: skip
for each, type_ in (("sqlite", "JSON"), ("duckdb", "JSON"), ("postgres", "jsonb")):
    for number in ("1e400", "-1e400", "1" + "0" * 400):
        COLUMNS.append((each, type_, f"""'{{"a": [{number}]}}'""", "any", "past 1.8e308"))
    COLUMNS.append((each, type_, """'{"a": 1234567890123456.7891}'""", "any", '{"a":1234567890123456.7891}'))
    COLUMNS.append((each, type_, """'{"a": [0.1, 1e300, -2.5]}'""", "any", '{"a":[0.1,1e300,-2.5]}'))


STEPS = {
    "query": "emit from things",
    "column": "emit from things as t select t.x",
    "machine": "for each t in from things do emit {x: t.x} end",
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("engine, column, value, read, wanted", COLUMNS)
def test_a_column_is_read_or_refused(
    engine: str, column: str, value: str, read: str, wanted: str, step: str, tmp_path: Path
) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, f"CREATE TABLE things (x {column}); INSERT INTO things VALUES ({value})")
    schema = ENGINES[engine].read_schema(place)
    assert str(schema.stores["things"].fields[0].type) == read
    lines = ran(tmp_path, f"script test()\n  {step}\nend", place, engine)
    results = [line["result"] for line in lines if line["type"] in ("record", "error")]
    if wanted[0] in "[{":
        assert results == [{"x": exact(wanted)}]
    else:
        assert [result["code"] for result in results] == ["D0202"] and wanted in results[0]["message"]


def ran(folder: Path, text: str, place: Path, engine: str) -> list[Any]:
    with Library.open(folder / "home") as library:
        store(library, compile_text(text, ENGINES[engine].read_schema(place)))
        raw, _ = execute(library, "test", place, engine=ENGINES[engine])
    return [exact(line) for line in raw.decode().splitlines()]


def test_a_list_of_durations_is_written_to_an_array_of_intervals(tmp_path: Path) -> None:
    for engine, column in (("postgres", "interval[]"), ("duckdb", "INTERVAL[]")):
        place = ENGINES[engine].place(tmp_path / engine)
        place.parent.mkdir()
        ENGINES[engine].script(place, f"CREATE TABLE things (x {column})")
        text = "script test()\n  insert into things {x: [36 hours, 1 days]}\n  emit from things\nend"
        (record,) = [
            line for line in ran(tmp_path / engine, text, place, engine) if line["type"] in ("record", "error")
        ]
        assert record["result"] == {"x": ["P1DT43200S", "P1D"]}


@pytest.mark.parametrize("column", ["jsonb[]", "json[]"])
def test_a_list_of_anything_is_written_to_an_array_of_json(column: str, tmp_path: Path) -> None:
    place = ENGINES["postgres"].place(tmp_path)
    ENGINES["postgres"].script(place, f"CREATE TABLE things (id int primary key, x {column})")
    text = """script test(given: list<any>)
      insert into things {id: 1, x: given}
      insert into things {id: 2, x: [{b: [date "2026-01-31"]}]}
      insert into things {id: 3, x: []}
      upsert into things {id: 3, x: ["3"]} on id
      insert into things {id: 4, x: null}
      for each t in from things where id = 1 do insert into things {id: 5, x: t.x} end
      emit from things order by id
    end"""
    mixed = exact('[1, "a", null, {"b": [2]}]')
    with Library.open(tmp_path / "home") as library:
        store(library, compile_text(text, ENGINES["postgres"].read_schema(place)))
        raw, code = execute(library, "test", place, {"given": mixed}, engine=ENGINES["postgres"])
    records = [line["result"]["x"] for line in map(exact, raw.decode().splitlines()) if line["type"] == "record"]
    assert (code, records) == (0, [mixed, [{"b": ["2026-01-31"]}], ["3"], None, mixed]), raw


def test_a_key_without_overlaps_is_none_for_an_upsert(tmp_path: Path) -> None:
    """PostgreSQL 18 has such keys; they exclude, and ON CONFLICT DO UPDATE can't name them."""
    engine = ENGINES["postgres"]
    place = engine.place(tmp_path)
    engine.script(
        place,
        "create table rooms (number int4range, during daterange, guest text,"
        " primary key (number, during without overlaps), unique (guest))",
    )
    rooms = engine.read_schema(place).stores["rooms"]
    assert rooms.unique == (("guest",),) and rooms.primary_key == ()
    with pytest.raises(CompileError) as raised:
        compile_text(
            'script test()\n  upsert into rooms {number: "[1,1]", during: "[2026-01-01,2026-01-02)", guest: "x"}'
            " on number, during\nend",
            engine.read_schema(place),
        )
    assert [finding.code for finding in raised.value.diagnostics] == ["E0413"]


@pytest.mark.parametrize(
    "engine, column, value, step",
    [
        ("duckdb", "STRUCT(a INTERVAL)", "{'a': INTERVAL '1 month'}", "emit from things"),
        ("postgres", "integer[][]", "'{{1}}'", "insert into things {x: [[1, 2]]}"),
        ("postgres", "integer[][]", "'{{1}}'", "update things set x = [[1, 2]]"),
        ("postgres", "text[][]", "'{{a}}'", "for each t in from things do insert into things {x: t.x} end"),
    ],
)
def test_what_has_no_way_into_sql_is_refused_before_the_run(
    engine: str, column: str, value: str, step: str, tmp_path: Path
) -> None:
    place = ENGINES[engine].place(tmp_path)
    ENGINES[engine].script(place, f"CREATE TABLE things (x {column}); INSERT INTO things VALUES ({value})")
    source = Source("test.sop", f"script test()\n  {step}\nend")
    with (
        Library.open(tmp_path / "home") as library,
        Context(Config(tmp_path, flags={"main": ENGINES[engine].url(place)}), library) as context,
        pytest.raises(CompileError) as raised,
    ):
        built(source, context)
    (finding,) = raised.value.diagnostics
    assert finding.code == "D0309" and finding.span is not None
    assert source.position(finding.span.start)[0] == 2
