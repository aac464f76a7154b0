"""Look-ups that are remembered: the same question has the same answer until the run writes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.library.store import Library
from runtime.vm.data import _is_small
from tests.engines import ENGINES, Engine
from tests.harness import compile_text, execute, store

TABLES = "create table goods (id int primary key, stock int not null); create table seen (id int primary key, n int);"
ROWS = "insert into goods values (1, 5), (2, 7), (3, 9);"


@pytest.fixture(params=list(ENGINES.values()), ids=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.param
    return found


def records(engine: Engine, folder: Path, text: str) -> list[object]:
    """The records that the only script of a text emits."""
    place = engine.place(folder)
    engine.script(place, TABLES + ROWS)
    with Library.open(folder / "home") as library:
        modules = compile_text(text, engine.read_schema(place))
        store(library, modules)
        raw, _ = execute(library, modules[-1].signature.name, place, engine=engine)
    lines = [json.loads(line) for line in raw.splitlines()]
    assert lines[-1]["status"] == "ok", lines[-2]
    return [line["result"] for line in lines if line["type"] == "record"]


def test_a_write_between_two_look_ups_is_seen(engine: Engine, tmp_path: Path) -> None:
    text = """
script s()
  for each i in 1 to 4 do
    emit { stock: one(from goods where id = 1).stock }
    update goods where id = 1 set stock = stock + i
  end
end
"""
    assert records(engine, tmp_path, text) == [{"stock": 5}, {"stock": 6}, {"stock": 8}, {"stock": 11}]


def test_an_insert_that_waits_is_seen(engine: Engine, tmp_path: Path) -> None:
    text = """
script s()
  for each i in 1 to 3 do
    emit { n: count(from seen) }
    insert into seen { id: i, n: i }
  end
end
"""
    assert records(engine, tmp_path, text) == [{"n": 0}, {"n": 1}, {"n": 2}]


@pytest.mark.parametrize("engine", [each for each in ENGINES.values() if each.savepoints], ids=lambda each: each.name)
def test_what_a_try_undoes_is_not_remembered(engine: Engine, tmp_path: Path) -> None:
    text = """
script s()
  emit { stock: one(from goods where id = 1).stock }
  try
    update goods where id = 1 set stock = 0
    emit { stock: one(from goods where id = 1).stock }
    fail "no"
  on error e do
    emit { stock: one(from goods where id = 1).stock }
  end
end
"""
    assert records(engine, tmp_path, text) == [{"stock": 5}, {"stock": 0}, {"stock": 5}]


def test_a_record_that_is_changed_is_not_the_remembered_one(engine: Engine, tmp_path: Path) -> None:
    text = """
script s()
  for each i in 1 to 3 do
    let g = one(from goods where id = 1)
    set g.stock = g.stock + i
    emit g
  end
end
"""
    assert records(engine, tmp_path, text) == [{"id": 1, "stock": 6}, {"id": 1, "stock": 7}, {"id": 1, "stock": 8}]


def test_only_small_answers_are_remembered() -> None:
    """Those of ten thousand questions are held at once."""
    small: list[Any] = [None, 5, "x" * 256, {"id": 1, "name": "bolt", "price": Decimal("1.5")}]
    large: list[Any] = ["x" * 257, {"id": 1, "text": "x" * 257}, {"doc": {}}, {"tags": [1]}]
    assert [*map(_is_small, small), *map(_is_small, large)] == [True] * 4 + [False] * 4


def test_many_different_questions_have_their_own_answers(engine: Engine, tmp_path: Path) -> None:
    """More than are remembered before it is given up, and then the first of them again."""
    text = """
script s() -> int
  let total = 0
  for each i in 1 to 600 do
    set total = total + coalesce(first(from goods where id = i % 450).stock, 0)
  end
  return total
end
"""
    place = engine.place(tmp_path)
    engine.script(place, TABLES + ROWS)
    with Library.open(tmp_path / "home") as library:
        modules = compile_text(text, engine.read_schema(place))
        store(library, modules)
        raw, _ = execute(library, "s", place, engine=engine)
    assert b'"status":"ok","result":42,' in raw
