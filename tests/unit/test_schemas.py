"""A schema that changed since a script was compiled: a run says what and where before it does anything."""

from __future__ import annotations

import pytest

from runtime.errors import SopError
from runtime.runs.schemas import SchemaChanged
from tests.unit.sandbox import Runs, runs

__all__ = ["runs"]

SCRIPT = """\
script audit() -> int
  let floor = 3
  emit from items
       where quantity > floor
       order by name
       select name
  insert into log {text: "x"}
  upsert into items {id: 9, name: "cog", quantity: 1} on name
  update items where id = 9 set quantity = 2
  return log_it()
end
script log_it() -> int
  insert into log {text: "y"}
  return count(from log)
end
"""


def remade(store: str, columns: str) -> str:
    return f"DROP TABLE {store}; CREATE TABLE {store} ({columns})"


ID, NAME, QUANTITY = "id INTEGER PRIMARY KEY", "name TEXT NOT NULL UNIQUE", "quantity INTEGER NOT NULL"
TEXT = "id INTEGER PRIMARY KEY, text TEXT NOT NULL"

HARMFUL = {
    "a renamed field": (
        "ALTER TABLE items RENAME COLUMN quantity TO stock",
        [("`quantity` of `main.items`", 4, ""), ("needs `stock` now", 8, "4")],
    ),
    "a dropped store": ("DROP TABLE log", [("`main.log`, which `audit` uses, is gone", 7, ""), ("`log_it`", 13, "")]),
    "a renamed store": ("ALTER TABLE log RENAME TO diary", [("is gone", 7, ""), ("is gone", 13, "")]),
    "another type": (
        remade("items", f"{ID}, {NAME}, quantity REAL NOT NULL"),
        [("was int and is float now", 4, "")],
    ),
    "a field that may be null": (remade("items", f"{ID}, {NAME}, quantity INTEGER"), [("may be null now", 4, "")]),
    "a field that is needed": (
        remade("log", f"{TEXT}, level INTEGER NOT NULL"),
        [("a row of `main.log` also needs `level` now", 7, "3"), ("`level`", 13, "1")],
    ),
    "a key that is gone": (
        remade("items", f"{ID}, name TEXT NOT NULL, {QUANTITY}"),
        [("`name` does not identify a row of `main.items` any more", 8, "4")],
    ),
    "a field that is worked out": (
        remade("items", f"{ID}, {NAME}, quantity INTEGER NOT NULL GENERATED ALWAYS AS (id + 1)"),
        [("is worked out by the database now", 4, "")],
    ),
    "a view": (
        "DROP TABLE log; CREATE VIEW log AS SELECT CAST(name AS TEXT) AS text FROM items",
        [("any now", 7, ""), ("read now", 7, "3"), ("any now", 13, ""), ("read now", 13, "1")],
    ),
}
HARMLESS = {
    "another store": "CREATE TABLE other (a)",
    "a new field": "ALTER TABLE items ADD COLUMN colour TEXT",
    "a needed field with a default": "ALTER TABLE log ADD COLUMN level INTEGER NOT NULL DEFAULT 1",
    "an index": "CREATE UNIQUE INDEX each ON items (quantity, id)",
    "a written field that may be null": remade("log", "id INTEGER PRIMARY KEY, text TEXT"),
    "the order of fields": remade("log", "text TEXT NOT NULL, id INTEGER PRIMARY KEY"),
    "a dropped field that nobody uses": remade("log", "text TEXT NOT NULL"),
}


def change(runs: Runs, statements: str) -> None:
    for statement in statements.split("; "):
        runs.sql(statement)


@pytest.mark.parametrize(("statements", "expected"), HARMFUL.values(), ids=HARMFUL)
def test_a_change_is_told_at_the_start_with_its_line(
    runs: Runs, statements: str, expected: list[tuple[str, int, str]]
) -> None:
    runs.compile(SCRIPT)
    change(runs, statements)
    with pytest.raises(SchemaChanged) as raised:
        runs.run("audit")
    found = [(error, trace.place) for error, trace in raised.value.each() if trace is not None]
    assert [(place.line, place.step) for _, place in found] == [(line, step) for _, line, step in expected]
    for (error, _), (said, _, _) in zip(found, expected, strict=True):
        assert error.code == "V0211"
        assert said in error.message
    assert f"(line {expected[0][1]})" in raised.value.message
    assert runs.output == b""


@pytest.mark.parametrize("statements", HARMLESS.values(), ids=HARMLESS)
def test_a_change_of_what_is_not_used_does_no_harm(runs: Runs, statements: str) -> None:
    runs.compile(SCRIPT)
    change(runs, statements)
    assert runs.result("audit") == 2


def test_a_field_that_may_not_be_null_any_more_matters_where_it_is_written(runs: Runs) -> None:
    change(runs, remade("log", "id INTEGER PRIMARY KEY, text TEXT"))
    runs.compile("""
script shows()
  emit from log select text
end
script notes(text: text?)
  insert into log {text: text}
end
""")
    change(runs, remade("log", TEXT))
    assert runs.result("shows") is None
    with pytest.raises(SopError, match="which `notes` uses, may not be null any more"):
        runs.run("notes", {"text": "x"})


def test_the_field_of_a_named_query_is_told_where_it_is_named(runs: Runs) -> None:
    runs.compile("""\
script shows() -> int
  query low = from items
              where quantity < 10
  return count(from low where id > 0)
end
""")
    change(runs, "ALTER TABLE items RENAME COLUMN quantity TO stock")
    with pytest.raises(SchemaChanged, match=r"\(line 3\)"):
        runs.run("shows")
