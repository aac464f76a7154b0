"""Files into every engine's bulk path: the same types and rows whatever the engine, all or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.protocol import Loadable
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.files.load import import_file, import_parts, parse_types, transaction
from runtime.files.prepare import Part
from runtime.query.algebra import Column, Query, Scan
from runtime.query.schema import noted
from tests.postgres import Server

ENGINES = ("sqlite", "duckdb", "postgres")


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loadable]:
    """An empty one of each engine."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        with server.schema() as schema:
            opened: Any = connect(server.url(schema), name="main", base=tmp_path)
            yield opened
            opened.close()
        return
    opened = connect(f"{request.param}:///made.db", name="main", base=tmp_path, create=True)
    yield opened
    opened.close()


def rows(database: Loadable, store: str) -> list[tuple[Any, ...]]:
    fields = database.schema().stores[store].fields
    columns = tuple((field.name, Column(1, field.name, field.type)) for field in fields)
    statement = database.prepare(Query("main", Scan(1, "main", store), columns, ()))
    database.begin(write=False)
    try:
        return [row for batch in database.query(statement, ()) for row in batch]
    finally:
        database.rollback()


def types(database: Loadable, store: str) -> dict[str, str]:
    return {field.name: str(field.type) for field in database.schema().stores[store].fields}


CSV = (
    "id,pay,code,ok,born,seen,name,empty,price,lasts\n"
    "1,10.5,007,true,2026-01-31,2026-01-31T10:00:00.25Z,Ada,,1.005,90 days\n"
    '-2,3,012,False,1999-12-01,2026-01-31 12:00:00+02:00,"tab\tline\nreturn\rback\\slash \\N ""é"" 😀",,-2,PT1.5S\n'
    ',,,,,,"",,,\n'
    "9007199254740993,1e30,x,true,0001-01-01,1969-12-31T23:59:59Z,\\.,,99999999.99,-PT36H\n"
)
DECLARED = "price=decimal(10,2),lasts=duration"


def test_a_csv_file_is_the_same_everywhere(database: Loadable, tmp_path: Path) -> None:
    path = tmp_path / "staff.csv"
    path.write_bytes(CSV.encode())
    assert import_file(database, path, types=parse_types(DECLARED)).rows == 3  # one has no value at all
    assert types(database, "staff") == {
        "id": "int?",
        "pay": "float?",
        "code": "text?",
        "ok": "bool?",
        "born": "date?",
        "seen": "timestamp?",
        "name": "text?",
        "empty": "text?",
        "price": "decimal(10,2)?",
        "lasts": "duration?",
    }
    text = 'tab\tline\nreturn\rback\\slash \\N "é" 😀'
    moment = datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert rows(database, "staff") == [
        (1, 10.5, "007", True, date(2026, 1, 31), moment.replace(microsecond=250_000), "Ada", None,
         Decimal("1.01"), timedelta(days=90)),
        (-2, 3.0, "012", False, date(1999, 12, 1), moment, text, None, Decimal("-2.00"), timedelta(seconds=1.5)),
        (9007199254740993, 1e30, "x", True, date(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "\\.",
         None, Decimal("99999999.99"), timedelta(hours=-36)),
    ]  # fmt: skip


def test_an_ndjson_file_is_the_same_everywhere(database: Loadable, tmp_path: Path) -> None:
    path = tmp_path / "people.ndjson"
    path.write_text(
        '{"name": "Ada\\\\", "age": 3, "tags": ["a", 1, null], "born": "2026-01-31"}\n'
        '{"age": 4.5, "extra": {"a": {"b": "x\\ty\\"z"}}}\n'
    )
    import_file(database, path)
    assert types(database, "people") == {
        "name": "text?", "age": "float?", "tags": "any", "born": "date?", "extra": "any",
    }  # fmt: skip
    assert rows(database, "people") == [
        ("Ada\\", 3.0, ["a", 1, None], date(2026, 1, 31), None),
        (None, 4.5, None, None, {"a": {"b": 'x\ty"z'}}),
    ]


def test_a_bad_line_far_down_loads_nothing(database: Loadable, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("n,t\n" + "".join(f"{n},x\n" for n in range(10_000)) + "ten,x\n" + "1,2,3\n")
    with pytest.raises(DatabaseError, match='line 10002: `n` is "ten", not an int; line 10003: 3 values') as caught:
        import_file(database, path, types={"n": "int"})
    assert caught.value.code == "D0503"
    assert database.schema().stores == {}
    loaded = import_file(database, path, types={"n": "int"}, skip_bad=True)
    assert (loaded.rows, [bad.line for bad in loaded.bad]) == (10_000, [10002, 10003])
    assert database.count_rows("many") == 10_000


def test_appending_and_replacing(database: Loadable, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n,t\n1,x\n")
    import_file(database, path)
    path.write_text("t,n\ny,2\nz,\n")
    import_file(database, path, mode="append")
    assert rows(database, "a") == [(1, "x"), (2, "y"), (None, "z")]
    path.write_text("t,n\ny,two\n")
    with pytest.raises(DatabaseError, match="line 2"):
        import_file(database, path, mode="append")
    with pytest.raises(DatabaseError, match="line 2"):
        import_file(database, path, mode="replace", types={"n": "int"})
    assert len(rows(database, "a")) == 3
    import_file(database, path, mode="replace")
    assert rows(database, "a") == [("y", "two")]


# ── Parquet ────────────────────────────────────────────────────────────────────────────────────────────────────

PARQUET = """
select * from (values
  (1::bigint, 10.5::double, 'Ada', true, date '2026-01-31', timestamp '2026-01-31 10:00:00.25', 1.25::decimal(10,2),
   [1, null], {'a': 'x'}, 7::utinyint, interval '90 days', uuid '00000000-0000-0000-0000-000000000001'),
  (null, null, null, null, null, null, null, null, null, null, null, null)
) as t(id, pay, name, ok, born, seen, price, tags, extra, small, lasts, key)
"""


def parquet(path: Path, sql: str) -> Path:
    with duckdb.connect() as connection:
        place = str(path).replace("'", "''")
        connection.execute(f"copy ({sql}) to '{place}' (format parquet)")
    return path


def test_a_parquet_file_is_the_same_everywhere(database: Loadable, tmp_path: Path) -> None:
    path = parquet(tmp_path / "it's staff.parquet", PARQUET)
    (tmp_path / "other.parquet").write_bytes(b"no Parquet at all")
    assert import_file(database, path, store="staff").rows == 2
    assert types(database, "staff") == {
        "id": "int?",
        "pay": "float?",
        "name": "text?",
        "ok": "bool?",
        "born": "date?",
        "seen": "timestamp?",
        "price": "decimal(10,2)?",
        "tags": "any",
        "extra": "any",
        "small": "int?",
        "lasts": "duration?",
        "key": "text?",
    }
    assert rows(database, "staff") == [
        (1, 10.5, "Ada", True, date(2026, 1, 31), datetime(2026, 1, 31, 10, 0, 0, 250_000, tzinfo=UTC),
         Decimal("1.25"), [1, None], {"a": "x"}, 7, timedelta(days=90), "00000000-0000-0000-0000-000000000001"),
        (None,) * 12,
    ]  # fmt: skip


def test_a_parquet_file_is_appended_by_names_with_its_values_converted(database: Loadable, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n,price,t\n1,2.5,x\n")
    import_file(database, path, types={"price": "decimal(10,2)"})
    more = parquet(tmp_path / "more.parquet", "select 'y' as t, 2::smallint as n, 3::int as price")
    assert import_file(database, more, store="a", mode="append").rows == 1
    assert rows(database, "a") == [(1, Decimal("2.50"), "x"), (2, Decimal("3.00"), "y")]
    wrong = parquet(tmp_path / "wrong.parquet", "select unnest([null, 2.5]) as n")
    with pytest.raises(DatabaseError, match=r"row 2: `n` is .2\.5., not an int"):
        import_file(database, wrong, store="a", mode="append")
    assert import_file(database, wrong, store="a", mode="append", skip_bad=True).rows == 1
    odd = parquet(tmp_path / "odd.parquet", "select 3 as m")
    with pytest.raises(DatabaseError, match="has no field `m`"):
        import_file(database, odd, store="a", mode="append")
    assert len(rows(database, "a")) == 3


def test_a_parquet_file_that_is_damaged_loads_nothing(database: Loadable, tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", "select n, repeat('x', n % 50) as t from range(300000) as r(n)")
    content = path.read_bytes()
    middle = len(content) // 2
    for damaged in (b"", content[:1000], content[:middle] + bytes(2000) + content[middle + 2000 :]):
        path.write_bytes(damaged)
        with pytest.raises(SopError) as caught:
            import_file(database, path)
        assert caught.value.code.startswith("D"), caught.value
        assert "a.parquet" in caught.value.message or caught.value.code.startswith("D01")
        assert database.schema().stores == {}


def test_the_types_of_a_parquet_file_are_its_own(database: Loadable, tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", "select 1 as n")
    with pytest.raises(UsageError, match="D0506"):
        import_file(database, path, types={"n": "text"})


def test_a_row_that_the_database_refuses_is_named_by_its_line(tmp_path: Path, postgres: Server) -> None:
    """DuckDB alone takes a batch as one statement, and does not say which row it was."""
    path = tmp_path / "items.csv"
    path.write_text("id,name\n1,a\n2,b\n3,c\n2,d\n")
    table = "create table items (id bigint primary key, name text)"
    with closing(sqlite3.connect(tmp_path / "made.db")) as connection, connection:
        connection.execute(table)
    connection.close()
    with postgres.schema(table) as schema:
        for url in ("sqlite:///made.db", postgres.url(schema)):
            opened: Any = connect(url, name="main", base=tmp_path)
            with pytest.raises(DatabaseError, match="line 5: `items` already has a row with the same `id`"):
                import_file(opened, path, mode="append")
            assert opened.count_rows("items") == 0
            opened.close()


def test_the_forms_of_a_store_are_remembered_everywhere(database: Loadable, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    for text, mode in (("day,n\n13/02/2026,1\n", "create"), ("day,n\n01/02/2026,2\n", "append")):
        path.write_text(text, encoding="utf-8")
        import_file(database, path, mode=mode)  # type: ignore[arg-type]
    assert rows(database, "days") == [(date(2026, 2, 13), 1), (date(2026, 2, 1), 2)]
    assert [name for name in database.schema().stores if name.startswith("sop_")] == []


def test_references_are_found_and_kept_everywhere(database: Loadable, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("cust_no,name\nC1,Ann\nC2,Bo\n", encoding="utf-8")
    (tmp_path / "orders.csv").write_text("id,cust_no,buyer\n1,C1,C2\n2,C1,C1\n", encoding="utf-8")
    import_file(database, tmp_path / "customers.csv")
    import_file(database, tmp_path / "orders.csv", references={"buyer": "customers.cust_no"})
    stores = noted(database.schema()).stores
    assert {name: store.primary_key for name, store in stores.items()} == {"customers": ("cust_no",), "orders": ("id",)}
    assert sorted((key.fields, key.other_store, key.other_fields) for key in stores["orders"].foreign_keys) == [
        (("buyer",), "customers", ("cust_no",)),
        (("cust_no",), "customers", ("cust_no",)),
    ]
    assert not any(store.primary_key or store.foreign_keys for store in database.schema().stores.values())


def test_stores_are_renamed_and_removed_in_a_transaction(database: Loadable, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,t\n1,x\n")
    import_file(database, tmp_path / "a.csv")
    with pytest.raises(ZeroDivisionError), transaction(database):
        database.rename_store("a", "b")
        raise ZeroDivisionError
    assert set(database.schema().stores) == {"a"}
    with transaction(database):
        database.rename_store("a", 'my "b"')
    assert rows(database, 'my "b"') == [(1, "x")]
    with transaction(database):
        database.drop_store('my "b"')
    assert not database.schema().stores


def test_parts_are_loaded_together_and_a_dry_run_undoes_them(database: Loadable, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,t\n1,x\n")
    (tmp_path / "bad.csv").write_text("n,t\n1\n")
    good, bad = Part(tmp_path / "a.csv", "a.csv", "a"), Part(tmp_path / "bad.csv", "bad.csv", "b")
    with pytest.raises(DatabaseError, match="D0503"):
        import_parts(database, [good, bad])
    assert not database.schema().stores
    assert [loaded.rows for loaded in import_parts(database, [good], dry_run=True)] == [1]
    assert not database.schema().stores
    assert [loaded.rows for loaded in import_parts(database, [good])] == [1]
    assert rows(database, "a") == [(1, "x")]
