"""Buffered inserts: every script ends as if each row had been written at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.errors import DatabaseError
from runtime.vm.backtrace import StackLocation
from runtime.vm.data import Data, InsertError
from runtime.vm.script import DataOp
from tests.postgres import Server
from tests.sandbox import Sandbox
from tests.unit.sandbox import SCHEMA, Runs

SCRIPTS = {
    "a row in the middle of a batch": """
script f()
  for each i in 1 to 9 do
    insert into items {id: 100 + (i % 5), name: "n{i}", quantity: i}
  end
end
""",
    "stores in turns, the later one refused first": """
script f()
  for each i in 1 to 9 do
    insert into log {text: "before {i}"}
    insert into items {id: 100 + (i % 5), name: "n{i}", quantity: i}
    insert into log {id: 900 + (i % 7), text: "after {i}"}
  end
end
""",
    "a try that counts and speaks": """
script f() -> text
  let n = 0
  let seen = ""
  try
    for each i in 1 to 9 do
      insert into items {id: 100 + (i % 5), name: "n{i}", quantity: i}
      set n = n + 1
      say "inserted {i}"
    end
  on error e do
    set seen = "{n} {e.code} {e.step}"
  end
  for each i in 1 to 3 do insert into log {text: "{seen} {i}"} end
  return seen
end
""",
    "a try in a called script": """
script put(i: int) -> bool
  try
    insert into log {text: "try {i}"}
    insert into items {id: 100 + (i % 3), name: "n{i}", quantity: i}
  on error e do
    insert into log {text: "{e.code} at {e.step}: {e.message}"}
    return false
  end
  return true
end
script f() -> int
  let good = 0
  for each i in 1 to 7 do
    if put(i) then set good = good + 1 end
  end
  return good
end
""",
    "an error after one that waits": """
script f() -> int
  let n = 0
  for each i in 1 to 9 do
    insert into items {id: 100 + (i % 5), name: "n{i}", quantity: i}
    set n = n + 10 // (8 - i)
  end
  return n
end
""",
    "an error in a try that only reads, after one that waits": """
script f() -> text
  insert into items {id: 1, name: "again", quantity: 1}
  try
    fail "on purpose"
  on error e do
    return e.message
  end
end
""",
    "a transaction inside a try": """
script f() -> text
  let n = 0
  try
    transaction
      for each i in 1 to 9 do
        insert into items {id: 100 + (i % 5), name: "n{i}", quantity: i}
        set n = n + 1
      end
    end
  on error e do
    return "{n} {e.step}"
  end
  return ""
end
""",
    "a child before its parent": """
script f()
  for each i in 1 to 4 do
    insert into parents {id: i}
    insert into children {parent: i}
    insert into children {parent: if_odd(i)}
  end
end
script if_odd(i: int) -> int
  return case when i = 3 then 99 else i end
end
""",
    "insert and upsert of one store in turns": """
script f() -> int
  for each i in 1 to 9 do
    insert into items {name: "n{i}", quantity: i}
    upsert into items {name: "n{i // 2}", quantity: 100 + i} on name
  end
  return count(from items where quantity > 100)
end
""",
    "reads between": """
script f() -> int
  let n = 0
  for each i in 1 to 5 do
    insert into log {text: "{n}"}
    set n = n + count(from log)
    insert into log {text: "{n}"}
  end
  emit from log order by id
  return n
end
""",
    "a list with a bad record": """
script f()
  insert into log {text: "first"}
  let bolt = {id: 8, name: "bolt", quantity: 2}
  insert into items [{id: 7, name: "a", quantity: 1}, bolt, {id: 9, name: "c", quantity: 3}]
end
""",
    "a query whose rows are inserted and read again": """
script f()
  for each i in 1 to 3 do
    insert into log {text: "one {i}"}
    insert into log from log select "copy of {i}" as text
  end
  emit from log order by id
end
""",
}  # fmt: skip


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return make(tmp_path)


FAMILY = """
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents)
"""


class PostgresRuns(Runs):
    """The same tables on a server."""

    def __init__(self, folder: Path, server: Server, schema: str) -> None:
        super().__init__(folder)
        self.server, self.schema = server, schema
        url = server.url(schema)
        self.sandbox.library.close()
        self.sandbox = Sandbox(folder, {"main": url})
        self.connect = lambda name: connect(url, name=name, base=folder)

    def sql(self, text: str) -> list[Any]:
        with self.server.connect() as connection:
            connection.execute(f"set search_path = {self.schema}".encode())
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []


class DuckDBRuns(Runs):
    """The same tables in a file of DuckDB's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "main.duckdb"
        for statement in ("CREATE SEQUENCE ids START 1000", *(SCHEMA + FAMILY).split(";")):
            if statement.strip():
                self.sql(statement.replace("id INTEGER PRIMARY KEY,", "id BIGINT PRIMARY KEY DEFAULT nextval('ids'),"))
        self.sandbox.library.close()
        self.sandbox = Sandbox(folder, {"main": "duckdb:///main.duckdb"})
        self.connect = lambda name: connect("duckdb:///main.duckdb", name=name, base=folder)

    def sql(self, text: str) -> list[Any]:
        if self.path.suffix == ".db":
            return super().sql(text)
        with duckdb.connect(self.path) as connection:
            return connection.execute(text).fetchall()


def make(folder: Path) -> Runs:
    runs = Runs(folder)
    for statement in FAMILY.split(";"):
        runs.sql(statement)
    return runs


@contextmanager
def on_postgres(folder: Path, server: Server) -> Iterator[Runs]:
    tables = (SCHEMA + FAMILY).replace(
        "id INTEGER PRIMARY KEY,", "id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
    )
    with server.schema(tables) as schema:
        yield PostgresRuns(folder, server, schema)


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing is buffered."""
    buffered = Data.write

    def write(data: Data, op: DataOp, params: Sequence[Any], where: StackLocation) -> int:
        changed = buffered(data, op, params, where)
        data.flush()
        return changed

    monkeypatch.setattr(Data, "write", write)


def outcome(runs: Runs, text: str) -> tuple[Any, ...]:
    """What the script came to: the lines that stand, the error, and all data."""
    runs.compile(text)
    lines = runs.run("f")
    for rollback in [line for line in lines if line["type"] == "rollback"]:
        lines = [line for line in lines if not rollback["to"] < line.get("seq", 0) <= rollback["seq"]]
    kept = [{name: value for name, value in line.items() if name not in ("seq", "ms", "run")} for line in lines[1:]]
    data = runs.sql("SELECT name, quantity FROM items ORDER BY 1, 2"), runs.sql("SELECT text FROM log ORDER BY id")
    return kept, data, runs.sql("SELECT * FROM children")


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_buffered_inserts_end_like_immediate_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    for name in ("buffered", "plain"):
        (tmp_path / name).mkdir()
    buffered = outcome(make(tmp_path / "buffered"), text)
    one_by_one(monkeypatch)
    assert outcome(make(tmp_path / "plain"), text) == buffered


@pytest.mark.parametrize(
    "text", [pytest.param(text, id=name) for name, text in SCRIPTS.items() if "try" not in text and "list" not in name]
)
def test_buffered_inserts_end_like_immediate_ones_on_duckdb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """DuckDB has no savepoints, so no `try`, and does not say which of many rows it refused."""
    for name in ("buffered", "plain"):
        (tmp_path / name).mkdir()
    buffered = without_rows(outcome(DuckDBRuns(tmp_path / "buffered"), text))
    one_by_one(monkeypatch)
    assert without_rows(outcome(DuckDBRuns(tmp_path / "plain"), text)) == buffered


def without_rows(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """An outcome whose error does not name the row."""
    for line in found[0]:
        if line["type"] == "error":
            line["result"]["message"] = line["result"]["message"].partition(": {")[0]
    return found


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_buffered_inserts_end_like_immediate_ones_on_postgres(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Server, text: str
) -> None:
    for name in ("buffered", "plain"):
        (tmp_path / name).mkdir()
    with on_postgres(tmp_path / "buffered", postgres) as runs:
        buffered = outcome(runs, text)
    one_by_one(monkeypatch)
    with on_postgres(tmp_path / "plain", postgres) as runs:
        assert outcome(runs, text) == buffered


def test_the_error_names_step_calls_and_row(runs: Runs) -> None:
    runs.compile("""
script put(i: int)
  insert into items {id: 100 + (i % 5), name: "n{i}", quantity: i}
end
script twice(i: int)
  call put(i)
  call put(i + 1)
end
script f()
  for each i in 1 to 9 do
    call twice(i * 2)
  end
end
""")
    error = runs.error("f")
    report = error["result"]
    assert (error["step"], error["in"]) == ("1", "f/twice/put")
    assert [(call["script"], call["step"]) for call in report["backtrace"]] == [("twice", "2"), ("f", "1.1")]
    assert report["message"].endswith('the same `id`: {"id":102,"name":"n7","quantity":7}')


def test_the_error_of_a_list_names_its_record(runs: Runs) -> None:
    runs.compile(SCRIPTS["a list with a bad record"])
    error = runs.error("f")
    assert error["step"] == "3"
    assert error["result"]["message"].endswith('{"id":8,"name":"bolt","quantity":2}')


def test_a_long_row_is_cut_off_and_one_that_is_no_text_is_said(runs: Runs) -> None:
    runs.compile("script f(name: text)\n  insert into items {id: 1, name: name, quantity: 1}\nend\n")
    assert runs.error("f", {"name": "x" * 500})["result"]["message"].endswith("xx…")
    error = InsertError(
        DatabaseError("D0307", "a text holds half of a character"), StackLocation((), None, 0), {"a": "\ud800"}
    )
    assert error.message == "a text holds half of a character: a row that can't be shown"


def test_inserts_in_a_loop_are_written_in_bulk(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    connect = runs.connect

    def counting(name: str) -> Any:
        database = connect(name)
        bulk = database.execute_many

        def execute_many(statement: Any, rows: Sequence[Any]) -> int:
            sizes.append(len(rows))
            return bulk(statement, rows)

        monkeypatch.setattr(database, "execute_many", execute_many, raising=False)
        return database

    runs.connect = counting
    runs.compile("""
script f() -> int
  for each i in 1 to 2000 do insert into log {text: "{i}"} end
  return count(from log)
end
""")
    assert runs.result("f") == 2000
    assert (sum(sizes), len(sizes)) == (2000, 4)
