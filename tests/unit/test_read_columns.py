"""Which columns the loops and look-ups of a script read: those that some step uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.bytecode.module import Module
from runtime.library.store import Library
from tests.engines import SQLITE
from tests.harness import compile_text, execute, store
from tests.unit.compiling import body

ALL = ("id", "name", "quantity", "price")


def columns(module: Module) -> tuple[str, ...]:
    """Of the script's only query."""
    (fetch,) = module.queries
    return tuple(name for name, _ in fetch.query.columns)


@pytest.mark.parametrize(
    ("steps", "read"),
    [
        ("for each i in from items do say i.name end", ("name",)),
        ("for each i in from items do emit {p: i.price, n: i.id} end", ("id", "price")),
        ("for each i in from items do if i.quantity is null then say i.name end end", ("name", "quantity")),
        ("for each i in from items do say t end", ("id",)),
        ("for each i in from items do emit i end", ALL),
        ("for each i in from items do let j = i say j.name end", ALL),
        ('for each i in from items do say "{i}" end', ALL),
        ("for each i in from items order by price desc do say i.name end", ("name",)),
        ("for each i in from items select name, quantity do say i.name end", ("name",)),
        # a column that is worked out can fail, so it is worked out
        ("for each i in from items select name, quantity + 1 as more do say i.name end", ("name", "more")),
        ("for each i in from items derive more = price * 2 do say i.name end", ("name", "more")),
        ("for each i in from items group by name select name, count() as n do say i.name end", ("name", "n")),
        ("let i = one(from items where id = n) say i.name", ("name",)),
        ("let i = first(from items where id = n) if i is not null then say i.name end", ("name",)),
        ("let i = first(from items where id = n) if i is null then say t end", ("id",)),
        ("let i = first(from items where id = n) emit i", ALL),
        ("say one(from items where id = n).name", ("name",)),
        ("for each i in list(from items) do say i.name end", ALL),
    ],
)
def test_the_columns_that_are_read(steps: str, read: tuple[str, ...]) -> None:
    assert columns(body(steps)) == read


def test_a_variable_that_is_set_again_needs_of_both_queries_what_is_used_of_it() -> None:
    module = body("let i = one(from items where id = 1)", "set i = one(from items where id = 2)", "say i.name")
    assert [[name for name, _ in fetch.query.columns] for fetch in module.queries] == [["name"], ["name"]]


def test_a_record_that_is_changed_is_read_whole() -> None:
    assert columns(body("let i = one(from items where id = n)", 'set i.name = "x"', "say i.name")) == ALL


def test_rows_without_a_needed_field_stay_apart_when_duplicates_are_dropped() -> None:
    """Dropping a column must not drop rows: `distinct` still compares the whole rows."""
    assert columns(body("for each i in from items select name, price distinct do say i.name end")) == ("name",)


def test_a_value_that_is_none_of_its_type_is_no_error_where_no_field_is_used(tmp_path: Path) -> None:
    place = SQLITE.place(tmp_path)
    SQLITE.script(place, "create table only (n integer not null); insert into only values ('abc'), (7);")
    steps = 'let k = 0 for each o in from only do set k = k + 1 say "row" end let f = first(from only)'
    steps += " if f is null then return 0 end return k"
    with Library.open(tmp_path / "home") as library:
        text = f"script s() -> int\n  {steps}\nend\n"
        store(library, compile_text(text, SQLITE.read_schema(place)))
        lines, _ = execute(library, "s", place)
    assert json.loads(lines.splitlines()[-1])["result"] == 2
