"""PostgreSQL types ↔ those of the language: each row of the table in runtime/databases/README.md read and written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.connect import connect
from runtime.databases.postgres.database import PostgresDatabase
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.query.algebra import Column, Insert, Op, Order, Param, Query, Scan, Sort, Where
from runtime.values.types import BOOL, Type, decimal_of, list_of
from tests.harness import compile_text, execute, store
from tests.postgres import Server

MOMENT = datetime(2026, 1, 31, 10, 0, 0, 500_000, UTC)
TEXTS = list_of(Type("text", nullable=True))

# declared, as SQL, type, value
ROWS: list[tuple[str, str, Type, Any]] = [
    ("boolean", "true", Type("bool"), True),
    ("smallint", "7", Type("int"), 7),
    ("integer", "-7", Type("int"), -7),
    ("bigint", "9223372036854775807", Type("int"), 2**63 - 1),
    ("real", "0.5", Type("float"), 0.5),
    ("double precision", "0.1", Type("float"), 0.1),
    ("numeric(10,2)", "12.50", decimal_of(10, 2), Decimal("12.50")),
    ("numeric(38,0)", "9" * 38, decimal_of(38, 0), Decimal("9" * 38)),
    ("numeric", "12.5", decimal_of(38, 10), Decimal("12.5000000000")),
    ("text", "'Zoë'", Type("text"), "Zoë"),
    ("varchar(5)", "'Zoë'", Type("text"), "Zoë"),
    ("char(5)", "'Zoë'", Type("text"), "Zoë"),
    ('varchar(5) collate "C"', "'Zoë'", Type("text"), "Zoë"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", Type("text"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("mood", "'sad'", Type("text"), "sad"),
    ("inet", "'192.168.0.1'", Type("text"), "192.168.0.1/32"),
    ("time", "'10:00:00'", Type("text"), "10:00:00"),
    ("money", "12.5", Type("text"), "$12.50"),
    ("date", "'2026-01-31'", Type("date"), date(2026, 1, 31)),
    ("timestamp", "'2026-01-31 10:00:00.5'", Type("timestamp"), MOMENT),
    ("timestamptz", "'2026-01-31 12:00:00.5+02'", Type("timestamp"), MOMENT),
    ("interval", "'1 day 02:00:00.000001'", Type("duration"), timedelta(days=1, hours=2, microseconds=1)),
    ("positive", "3", Type("int"), 3),
    ("short", "'abc'", Type("text"), "abc"),
    ("json", "'[1, \"a\", null]'", Type("any", nullable=True), [1, "a", None]),
    ("jsonb", '\'{"a": {"b": 1.5}}\'', Type("any", nullable=True), {"a": {"b": 1.5}}),
    ("text[]", "'{a,NULL,\"b c\"}'", TEXTS, ["a", None, "b c"]),
    ("uuid[]", "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'", TEXTS, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("int[]", "'{1,NULL,-3}'", list_of(Type("int", nullable=True)), [1, None, -3]),
    (
        "numeric(5,2)[]",
        "'{1.5,2}'",
        list_of(Type("decimal", nullable=True, precision=5, scale=2)),
        [Decimal("1.50"), Decimal("2.00")],
    ),
    ("timestamptz[]", "'{2026-01-31 10:00:00.5Z}'", list_of(Type("timestamp", nullable=True)), [MOMENT]),
]
ORDERED = frozenset({"bool", "int", "float", "decimal", "text", "date", "timestamp", "duration"})


@pytest.fixture(scope="module")
def database(each_postgres: Server) -> Iterator[PostgresDatabase]:
    made = "create type mood as enum ('sad', 'ok'); create domain positive as int check (value > 0);"
    made += "create domain short as varchar(3);"
    made += "".join(
        f"create table t{number} (v {declared} not null, n int); insert into t{number} values ({sql}, 1);"
        for number, (declared, sql, _, _) in enumerate(ROWS)
    )
    with each_postgres.schema(made) as schema:
        database = connect(each_postgres.url(schema), name="main", base=Path())
        assert isinstance(database, PostgresDatabase)
        yield database
        database.close()


def found(database: PostgresDatabase, query: Query, *params: Any, json: bool = False) -> list[Any]:
    run = database.query_json if json else database.query
    return [row[0] for batch in run(database.prepare(query), params) for row in batch]


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row[0] for row in ROWS])
def test_a_type_maps_both_ways(database: PostgresDatabase, number: int) -> None:
    _, _, type_, value = ROWS[number]
    name = f"t{number}"
    field = database.schema().stores[name].fields[0]
    assert field.type == type_
    column = Column(1, "v", type_)
    everything = Query("main", Scan(1, "main", name), (("v", column),), ())
    database.begin(write=True)
    try:
        assert found(database, everything) == [value]
        assert type(found(database, everything)[0]) is type(value)
        assert len(found(database, everything, json=True)) == 1
        insert = Insert("main", name, ("v", "n"), (type_, Type("int")))
        database.execute(database.prepare(insert), [value, 2])
        assert found(database, everything) == [value, value]
        if type_.name in ORDERED:
            same = Where(Scan(1, "main", name), Op("eq", (column, Param(0, type_)), BOOL))
            ordered = Sort(same, (Order(column),))
            assert found(database, Query("main", ordered, (("v", column),), (type_,)), value) == [value, value]
        written = database._connection.execute(
            f"select count(*) from {name} where to_jsonb(v) = (select to_jsonb(v) from {name} where n = 1)".encode()
        )
        assert written.fetchone() == (2,), "what was written is not what was there"
    finally:
        database.rollback()


@pytest.mark.parametrize(
    ("declared", "sql"),
    [
        ("numeric(10,2)", "'NaN'"),
        ("numeric", "'NaN'"),
        ("double precision", "'NaN'"),
        ("double precision", "'-Infinity'"),
        ("timestamp", "'infinity'"),
        ("date", "'4000-01-01 BC'"),
        ("date", "'20000-01-01'"),
        ("interval", "'1 month'"),
        ("bytea", "'\\xff00'"),
    ],
)
def test_stored_values_that_the_language_has_no_like_of(each_postgres: Server, declared: str, sql: str) -> None:
    with each_postgres.schema(f"create table t (v {declared}); insert into t values ({sql})") as schema:
        database = connect(each_postgres.url(schema), name="main", base=Path())
        field = database.schema().stores["t"].fields[0]
        query = Query("main", Scan(1, "main", "t"), (("v", Column(1, "v", field.type)),), ())
        statement = database.prepare(query)
        for run in (database.query, database.query_json):
            with pytest.raises(SopError) as caught:
                list(run(statement, ()))
            assert caught.value.code in ("D0202", "V0103", "V0107")
        database.close()


ODD = """
create type mood as enum ('sad', 'ok');
create table t (
  id bigint generated always as identity primary key,
  m mood, c char(4), n numeric, iv interval, tags text[], j json, jb jsonb, s smallint, f real
);
insert into t (m, c, n, iv, tags, j, jb, s, f)
  values ('ok', 'ab', 1.5, '2 days', '{x,y}', '{"b":1,"a":2}', '{"b":1,"a":2}', 3, 0.5);
"""
SCRIPT = """
script f() -> int
  emit from t where m = "ok" and c = "ab" and iv > 1 days and s + 1 = 4 select c, n, iv, length(tags) as l, j, f
  insert into t {m: "sad", c: "zz", n: 2.25, iv: 36 hours, tags: ["q", "r"], j: {k: 1}, jb: [1, 2], s: 7, f: 2.5}
  update t where m = "sad" set m = "ok", iv = iv + 1 hours, tags = ["z"], s = s + 1, jb = {deep: [1]}
  emit from t where "z" in tags and s = 8 select id, m, n, iv, j, jb
  try
    insert into t {m: "nope"}
  on error e do
    emit {code: e.code}
  end
  try
    update t set s = 70000
  on error e do
    emit {code: e.code}
  end
  return count(from t where m in ("ok", "sad"))
end
"""


def test_columns_of_odd_types_are_like_any_other(each_postgres: Server, tmp_path: Path) -> None:
    with each_postgres.schema(ODD) as schema, Library.open(tmp_path / "home") as library:
        url = each_postgres.url(schema)
        database = connect(url, name="main", base=Path())
        store(library, compile_text(SCRIPT, database.schema()))
        database.close()
        raw, code = execute(library, "f", url)
    lines = raw.decode().splitlines()
    assert code == 0, lines[-2:]
    assert [line.partition('"result":')[2][:-1] for line in lines if '"record"' in line] == [
        '{"c":"ab","n":1.5,"iv":"P2D","l":2,"j":{"b":1,"a":2},"f":0.5}',
        '{"id":2,"m":"ok","n":2.25,"iv":"P1DT46800S","j":{"k":1},"jb":{"deep":[1]}}',
        '{"code":"D0307"}',
        '{"code":"D0307"}',
    ]
