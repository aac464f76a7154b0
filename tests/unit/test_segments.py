"""Segments: committed or rolled back as a whole, run again when the database asks for it, with matching lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from runtime.databases.protocol import Statement
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import DatabaseError
from runtime.runs import segments
from runtime.vm.output import Question
from tests.unit.sandbox import Runs, runs, types

__all__ = ["runs"]


class Contended(SQLiteDatabase):
    """A database whose statements or commits ask to be tried again as often as `refusals` says."""

    refusals: dict[str, int]

    def _refuse(self, what: str) -> None:
        if self.refusals.get(what, 0) > 0:
            self.refusals[what] -= 1
            raise DatabaseError("D0402", "another writer was faster", retry=True)

    def begin(self, *, write: bool) -> None:
        self._refuse("begin")
        super().begin(write=write)

    def commit(self) -> None:
        self._refuse("commit")
        super().commit()

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        self._refuse("execute")
        return super().execute(statement, params)


@pytest.fixture
def contended(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What is refused, and how many times more."""
    monkeypatch.setattr(segments, "FIRST_PAUSE_SECONDS", 0.0)
    refusals: dict[str, int] = {}

    def connect(name: str) -> Contended:
        database = Contended(runs.path, name=name)
        database.refusals = refusals
        return database

    runs.connect = connect
    return refusals


THREE = """
script f() -> int
  let n = 0
  insert into log {text: "first"}
  emit {part: 1}
  set n = n + 1
  commit
  set n = n + 10
  insert into log {text: "second"}
  emit {part: 2}
  update items where id = 1 set quantity = quantity + n
  set n = n + 100
  return n
end
"""


def test_a_segment_is_run_again_from_its_first_instruction(runs: Runs, contended: dict[str, int]) -> None:
    runs.compile(THREE)
    contended["execute"] = 2
    end = runs.run("f")[-1]
    assert (end["status"], end["result"], end["records"], end["retries"]) == ("ok", 111, 2, 2)
    assert runs.sql("SELECT text FROM log ORDER BY id") == [("first",), ("second",)]
    assert runs.sql("SELECT quantity FROM items WHERE id = 1") == [(16,)]


def test_lines_of_an_undone_segment_are_voided(runs: Runs, contended: dict[str, int]) -> None:
    runs.compile(THREE)
    contended["execute"] = 1
    lines = runs.run("f")
    assert types(lines) == [
        "start", "command", "record", "command", "record", "rollback", "command", "record", "command", "end",
    ]  # fmt: skip
    rollback = lines[5]
    assert (rollback["seq"], rollback["to"], rollback["result"]) == (5, 2, {"reason": "another writer was faster"})
    assert [line["seq"] for line in lines[1:-1]] == list(range(1, 9))
    runs.run("f", format_="records")
    assert runs.output == b'{"part":1}\n{"part":2}\n'


def test_a_commit_that_is_refused_runs_its_segment_again(runs: Runs, contended: dict[str, int]) -> None:
    runs.compile(THREE)
    contended["commit"] = 2
    assert runs.result("f") == 111
    assert runs.sql("SELECT text FROM log ORDER BY id") == [("first",), ("second",)]


def test_rows_of_a_segment_that_is_run_again_from_within_a_try_count_once(
    runs: Runs, contended: dict[str, int]
) -> None:
    runs.compile("""
script f()
  insert into log {text: "a"}
  try
    update items where id = 1 set quantity = 1
  on error e do
    say e.message
  end
end
""")
    contended["execute"] = 2
    end = runs.run("f")[-1]
    assert (end["status"], end["retries"]) == ("ok", 2)
    assert runs.outcome is not None
    assert runs.outcome.committed == {("insert", "log"): 1, ("update", "items"): 1}


def test_what_was_only_read_is_said_once(runs: Runs, contended: dict[str, int]) -> None:
    """A read may be refused too, for what it read together with what others wrote."""
    runs.compile(
        "script f() emit from items where id = 1 select name end\nscript quiet() -> int return count(from items) end"
    )
    contended["commit"] = 1
    assert types(runs.run("f")) == ["start", "record", "rollback", "record", "end"]
    contended["commit"] = 1
    runs.run("f", format_="records")
    assert runs.outcome is not None and runs.outcome.error is not None
    assert runs.outcome.error.code == "D0402" and "taken back" in runs.outcome.error.message
    assert runs.outcome.error.hint == "-f jsonl can take it back"
    assert runs.output == b'{"name":"bolt"}\n'
    contended["commit"] = 1
    runs.run("quiet", format_="records")
    assert runs.outcome is not None and (runs.outcome.status, runs.outcome.result) == ("ok", 3)


def test_a_commit_that_fails_is_not_caught_where_the_script_returned(runs: Runs) -> None:
    """Its `try` is over: what it would undo is lost with the transaction."""
    runs.sql("CREATE TABLE parts (item INTEGER REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED)")
    runs.compile("""
script f() -> text
  insert into parts {item: 99}
  try
    return "done"
  on error e do
    return "caught"
  end
end
""")
    assert runs.error("f")["result"]["code"] == "D0303"
    assert runs.sql("SELECT count(*) FROM parts") == [(0,)]


def test_retries_end(runs: Runs, contended: dict[str, int]) -> None:
    runs.compile(THREE)
    contended["execute"] = 10**6
    error = runs.error("f")
    assert error["result"]["code"] == "D0402"
    assert runs.run("f")[-1]["retries"] == segments.MAX_RETRIES
    assert runs.sql("SELECT text FROM log") == [("first",), ("first",)]  # the committed segment stands, of both runs


def test_loops_go_on_where_their_segment_began(runs: Runs, contended: dict[str, int]) -> None:
    runs.compile("""
script numbers()
  for each i in 1 to 3 do emit {n: i} end
end
script f() -> text
  let seen = ""
  for each item in from items order by id do
    for each k in numbers() do
      for each word in ["x", "y"] do
        update items where id = item.id set quantity = quantity + k.n
        set seen = "{seen}{item.id}{k.n}{word} "
        commit
      end
    end
  end
  return seen
end
""")
    contended["execute"] = 4
    contended["commit"] = 2
    lines = runs.run("f")
    assert lines[-1]["result"] == "".join(f"{i}{k}{w} " for i in (1, 2, 3) for k in (1, 2, 3) for w in "xy")
    assert runs.sql("SELECT quantity FROM items ORDER BY id") == [(5 + 12,), (50 + 12,), (7 + 12,)]


def test_a_called_script_goes_on_where_it_asked(runs: Runs, contended: dict[str, int]) -> None:
    """Its segment begins within the call that feeds the loop, and is run again from there."""
    runs.compile("""
script numbers()
  for each i in 1 to 3 do
    ask "Go on?" into more: bool
    emit {n: i}
  end
end
script f() -> text
  let seen = ""
  for each k in numbers() do
    set seen = "{seen}{k.n} "
    update items where id = 1 set quantity = quantity + k.n
    commit
  end
  return seen
end
""")
    contended["execute"] = 3
    assert runs.result("f", answers={"numbers/1.1": "yes"}) == "1 2 3 "
    assert contended["execute"] == 0
    assert runs.sql("SELECT quantity FROM items WHERE id = 1") == [(5 + 6,)]


def test_a_run_that_only_asks_asks_between_the_rows_of_a_called_script(runs: Runs) -> None:
    runs.compile("""
script names()
  emit from items order by id select name
end
script f() -> text
  let seen = ""
  for each row in names() do
    ask "Next?" into word: text
    set seen = "{seen}{row.name}-{word} "
  end
  return seen
end
""")
    assert runs.result("f", answers={"2.1": "yes"}) == "bolt-yes nut-yes gear-yes "


def test_a_look_up_is_made_again_in_the_next_segment(runs: Runs) -> None:
    """Others may have written while a question waited."""
    runs.compile("""
script f() -> text
  let seen = ""
  for each i in 1 to 3 do
    set seen = "{seen}{count(from log)} "
    ask "Go on?" into more: bool
  end
  return seen
end
""")

    def prompt(question: Question) -> str:
        runs.sql("INSERT INTO log (text) VALUES ('another')")
        return "yes"

    assert runs.result("f", prompt=prompt) == "0 1 2 "


def test_a_failure_undoes_the_segment_and_says_so(runs: Runs) -> None:
    runs.compile("""
script f()
  insert into log {text: "kept"}
  commit
  insert into log {text: "lost"}
  emit {a: 1}
  fail "on purpose"
end
""")
    lines = runs.run("f")
    assert types(lines) == ["start", "command", "command", "record", "rollback", "error", "end"]
    assert lines[4]["to"] == 1
    assert lines[-1]["records"] == 0
    assert runs.sql("SELECT text FROM log") == [("kept",)]


def test_what_was_only_read_stays_said(runs: Runs) -> None:
    runs.compile('script f()\n  emit from items\n  fail "late"\nend\n')
    lines = runs.run("f")
    assert types(lines) == ["start", "record", "record", "record", "error", "end"]
    assert lines[-1]["records"] == 3


def test_a_buffered_insert_that_fails_is_blamed_on_its_step(runs: Runs) -> None:
    runs.compile("""
script f()
  for each i in 1 to 3 do
    insert into items {id: i + 10, name: "same", quantity: 1}
  end
  let n = count(from log)
  emit {n: n}
end
""")
    error = runs.error("f")
    assert (error["step"], error["result"]["code"]) == ("1.1", "D0302")


def test_a_buffered_insert_is_not_caught_by_a_later_try(runs: Runs) -> None:
    runs.compile("""
script f()
  insert into items {id: 1, name: "again", quantity: 1}
  try
    let n = count(from items)
  on error e do
    say "caught"
  end
end
script g() -> text
  try
    insert into items {id: 1, name: "again", quantity: 1}
  on error e do
    return e.code
  end
  return ""
end
""")
    assert runs.error("f")["step"] == "1"
    assert runs.result("g") == "D0302"


def test_reads_see_what_was_inserted_before(runs: Runs) -> None:
    runs.compile("""
script f() -> int
  insert into log {text: "a"}
  insert into log {text: "b"}
  return count(from log)
end
""")
    assert runs.result("f") == 2


def test_a_dry_run_counts_and_undoes(runs: Runs) -> None:
    runs.compile("""
script f()
  for each i in from items order by id do insert into log {text: i.name} end
  commit
  update items where id < 3 set quantity = 0
  try
    delete from items
    fail "no"
  on error e do
    say e.message
  end
  emit from log select text
end
""")
    lines = runs.run("f", dry_run=True)
    assert (lines[-1]["status"], lines[-1]["changes"]) == (
        "dry-run",
        [{"command": "insert", "store": "log", "rows": 3}, {"command": "update", "store": "items", "rows": 2}],
    )
    assert [line["result"] for line in lines if line["type"] == "record"] == [
        {"text": "bolt"}, {"text": "nut"}, {"text": "gear"},
    ]  # fmt: skip
    assert runs.sql("SELECT (SELECT count(*) FROM log), (SELECT sum(quantity) FROM items)") == [(0, 62)]
