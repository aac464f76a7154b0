"""Files into every engine's bulk path: the same types and rows whatever the engine, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.connect import connect
from runtime.databases.load import import_file, parse_types
from runtime.databases.protocol import Loadable
from runtime.databases.query import Column, Query, Scan
from runtime.errors import DatabaseError

ENGINES = ("sqlite", "postgres")


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
    assert import_file(database, path, types=parse_types(DECLARED)).rows == 4
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
        (None,) * 10,
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
