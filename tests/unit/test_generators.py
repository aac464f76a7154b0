"""Scripts whose records a loop consumes: suspended at each record, closed early, safe beside writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from runtime.databases.protocol import Statement
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.values.batches import Row
from tests.unit.sandbox import Runs, runs, types

__all__ = ["runs"]


class Watched(SQLiteDatabase):
    """Counts cursors that are open and rows that were read."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.open = 0
        self.read = 0

    def query(self, statement: Statement, params: Sequence[Any]) -> Iterator[list[Row]]:
        batches = super().query(statement, params)
        self.open += 1
        try:
            for batch in batches:
                self.read += len(batch)
                yield batch
        finally:
            self.open -= 1
            batches.close()  # type: ignore[attr-defined]


@pytest.fixture
def watched(runs: Runs) -> Watched:
    """The run's database, still open after it as far as counts go."""
    database = Watched(runs.path, name="main")
    runs.connect = lambda name: database
    return database


def test_records_of_a_called_script_come_one_at_a_time(runs: Runs) -> None:
    runs.compile("""
script numbers(top: int)
  for each i in 1 to top do
    say "making {i}"
    emit {n: i}
  end
end
script f() -> int
  let total = 0
  for each r in numbers(3) do
    say "using {r.n}"
    set total = total + r.n
  end
  return total
end
""")
    lines = runs.run("f")
    assert [line["result"] for line in lines if line["type"] == "say"] == [
        "making 1", "using 1", "making 2", "using 2", "making 3", "using 3",
    ]  # fmt: skip
    assert [line.get("in") for line in lines if line["type"] == "say"][:2] == ["f/numbers", None]
    assert lines[-1]["result"] == 6


def test_a_pipeline_of_three_scripts_streams(runs: Runs) -> None:
    runs.compile("""
script numbers(top: int)
  for each i in 1 to top do emit {n: i} end
end
script squares(top: int)
  for each r in numbers(top) do emit {n: r.n * r.n} end
end
script f()
  for each r in squares(1000000) do
    emit r
    if r.n >= 9 then break end
  end
end
""")
    assert runs.records("f") == [{"n": 1}, {"n": 4}, {"n": 9}]


def test_what_a_generator_calls_emits_to_the_output(runs: Runs) -> None:
    runs.compile("""
script inner() -> int
  emit {from_inner: true}
  return 5
end
script outer()
  let n = inner()
  emit {n: n}
end
script f()
  for each r in outer() do say "{r.n}" end
end
""")
    lines = runs.run("f")
    assert types(lines) == ["start", "record", "say", "end"]
    assert lines[1]["in"] == "f/outer/inner"


def test_an_emitted_query_of_a_generator_comes_row_by_row(runs: Runs, watched: Watched) -> None:
    runs.compile("""
script rows()
  emit from items order by id
  emit {id: 9, name: "last", quantity: 0}
end
script f() -> text
  let names = ""
  for each r in rows() do set names = "{names}{r.name} " end
  return names
end
script first_only() -> text
  for each r in rows() do return r.name end
  return ""
end
""")
    assert runs.result("f") == "bolt nut gear last "
    assert (watched.open, watched.read) == (0, 3)


def test_leaving_early_closes_what_the_generator_has_open(runs: Runs, watched: Watched) -> None:
    runs.compile("""
script rows()
  for each r in from items order by id do emit r end
end
script through()
  for each r in rows() do emit r end
end
script f() -> text
  for each r in through() do return r.name end
  return ""
end
""")
    assert runs.result("f") == "bolt"
    assert (watched.open, watched.read) == (0, 1)


def test_an_error_in_a_generator_reaches_the_loop_and_closes_everything(runs: Runs, watched: Watched) -> None:
    runs.compile("""
script rows()
  for each r in from items order by id do
    if r.id = 2 then fail "at two" end
    emit r
  end
end
script f() -> text
  let seen = ""
  try
    for each r in rows() do set seen = "{seen}{r.name} " end
  on error e do
    return "{seen}{e.message} in {e.step}"
  end
  return seen
end
""")
    assert runs.result("f") == "bolt at two in rows/1.1.1"
    assert watched.open == 0


def test_a_generator_sees_the_rows_as_they_were_when_its_consumer_writes(runs: Runs) -> None:
    runs.compile("""
script low()
  emit from items where quantity < 10
end
script each_low()
  for each r in from items where quantity < 10 do emit {id: r.id} end
end
script f() -> int
  let n = 0
  for each r in low() do
    insert into items {id: r.id + 100, name: "copy {r.id}", quantity: 1}
    set n = n + 1
  end
  for each r in each_low() do
    insert into items {id: r.id + 1000, name: "again {r.id}", quantity: 1}
    set n = n + 1
  end
  return n
end
""")
    assert runs.result("f") == 2 + 4
    assert runs.sql("SELECT count(*) FROM items") == [(9,)]


def test_a_loop_that_inserts_into_the_store_it_reads_ends(runs: Runs) -> None:
    runs.compile("""
script f() -> int
  let n = 0
  for each r in from items do
    insert into items {id: r.id + 100, name: "copy {r.id}", quantity: r.quantity}
    set n = n + 1
  end
  return n
end
""")
    assert runs.result("f") == 3
    assert runs.sql("SELECT count(*) FROM items") == [(6,)]


def test_generators_nest_far_deeper_than_pythons_limit(runs: Runs) -> None:
    runs.compile("""
script nest(depth: int) emits {depth: int}
  if depth > 0 then
    for each r in nest(depth - 1) do emit r end
  end
  emit {depth: depth}
end
script f(depth: int) -> int
  for each r in nest(depth) do return r.depth end
  return -1
end
script count_all(depth: int) -> int
  let n = 0
  for each r in nest(depth) do set n = n + 1 end
  return n
end
""")
    assert runs.result("f", {"depth": 3_000}) == 0
    assert runs.result("count_all", {"depth": 300}) == 301
    assert runs.error("f", {"depth": 20_000})["result"]["code"] == "V0305"


def test_spools_are_dropped_when_their_loop_is_over(runs: Runs) -> None:
    left: list[Any] = []

    class Listing(SQLiteDatabase):
        def close(self) -> None:
            left.extend(self._connection.execute("SELECT name FROM sqlite_temp_schema").fetchall())
            super().close()

    runs.connect = lambda name: Listing(runs.path, name=name)
    runs.compile("""
script f()
  for each a in from items order by id do
    for each b in from items order by id do
      insert into log {text: "{a.name} {b.name}"}
      if b.id = 2 then break end
    end
    commit
  end
end
""")
    assert runs.run("f")[-1]["status"] == "ok"
    assert runs.sql("SELECT count(*) FROM log") == [(6,)]
    assert left == []


def test_the_connection_is_closed_after_the_run(runs: Runs, watched: Watched) -> None:
    runs.compile("script f()\n  emit from items\nend\n")
    runs.run("f")
    with pytest.raises(sqlite3.ProgrammingError):
        watched._connection.execute("SELECT 1")
