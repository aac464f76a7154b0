"""Runs from the outside: arguments, answers, linking, refusals, Ctrl-C, closed pipes, what is imported."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import Cancelled, SopError, UsageError
from runtime.output.formats import open_writer
from runtime.runs.interrupts import Interrupts
from runtime.runs.run import RunOptions, run
from runtime.values.ids import new_id
from runtime.vm.budget import Budget
from runtime.vm.output import Question
from tests.unit.sandbox import Runs, runs, types

__all__ = ["runs"]

ROOT = Path(__file__).parents[2]
AUDIT = """
script audit(day: date, floor: int = 10, name: text? = null) -> text
  return "{day} {floor} {name}"
end
"""
ASKS = """
script inner() -> int
  ask "How many?" choices [1, 2, 3] default 2 into n: int
  return n
end
script asks() -> text
  ask "Go on?" into ok: bool
  let n = inner()
  return "{ok} {n}"
end
"""


# ── arguments ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_arguments_as_text_and_as_json(runs: Runs) -> None:
    runs.compile(AUDIT)
    assert runs.result("audit", {"day": "2026-01-31"}) == "2026-01-31 10 null"
    assert runs.result("audit", {"day": "2026-01-31", "floor": "-5", "name": "null"}) == "2026-01-31 -5 null"
    assert runs.result("audit", {"day": "2026-01-31", "floor": 7, "name": None}) == "2026-01-31 7 null"
    line = runs.run("audit", {"day": "2026-01-31", "floor": "7"})[0]
    assert line["args"] == {"day": "2026-01-31", "floor": 7, "name": None}
    assert (line["type"], line["script"], line["version"], list(line["modules"])) == ("start", "audit", 1, ["audit"])


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ({}, "C0121", "day"),
        ({"day": "2026-01-31", "flor": "1"}, "C0122", "flor"),
        ({"day": "yesterday"}, "C0123", "yesterday"),
        ({"day": "2026-01-31", "floor": "abc"}, "C0123", "abc"),
        ({"day": "2026-01-31", "floor": "99999999999999999999"}, "C0123", "floor"),
        ({"day": "2026-01-31", "floor": True}, "C0123", "a bool where an int"),
        ({"day": None}, "C0123", "null"),
    ],
)
def test_arguments_that_do_not_fit(runs: Runs, args: dict[str, Any], code: str, said: str) -> None:
    runs.compile("script audit(day: date, floor: int = 10)\nend\n")
    with pytest.raises(UsageError) as raised:
        runs.run("audit", args)
    assert (raised.value.code, raised.value.exit_code) == (code, 2)
    assert said in raised.value.message
    assert raised.value.hint == "audit(day: date, floor: int = 10)"
    assert runs.output == b""


# ── questions ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_answers_are_given_by_step(runs: Runs) -> None:
    runs.compile(ASKS)
    assert runs.result("asks", answers={"1": "true", "inner/1": "3"}) == "true 3"
    assert runs.result("asks", answers={"1": "false"}) == "false 2"
    assert runs.result("inner", answers={"1": "1"}) == 1
    for wrong in ({"1": "maybe"}, {"1": "true", "inner/1": "9"}):
        assert runs.error("asks", answers=wrong)["result"]["code"] == "V0404"


def test_a_question_without_an_answer_waits(runs: Runs) -> None:
    runs.compile(ASKS)
    lines = runs.run("asks")
    assert types(lines) == ["start", "ask", "end"]
    assert lines[1]["result"] == {"question": "Go on?", "type": "bool"}
    assert lines[2]["status"] == "waiting"
    assert runs.outcome is not None and runs.outcome.error is not None
    assert runs.outcome.exit_code == 3
    assert runs.outcome.error.hint == "--answer 1=… gives it"


def test_a_person_is_asked_until_the_answer_fits(runs: Runs) -> None:
    runs.compile(ASKS)
    seen: list[tuple[str, str | None]] = []
    replies = iter(["perhaps", "true", "7", ""])

    def prompt(question: Question) -> str:
        seen.append((question.text, question.problem))
        return next(replies)

    assert runs.result("asks", prompt=prompt) == "true 2"
    assert [text for text, _ in seen] == ["Go on?", "Go on?", "How many?", "How many?"]
    assert seen[1][1] == '"perhaps" is not a bool'
    assert seen[3][1] == '"7" is none of the choices: 1, 2, 3'


def test_nobody_is_asked_once_ctrl_c_was_heard() -> None:
    interrupts = Interrupts(Budget(10, None, None, None), ())
    asked = False
    with interrupts, pytest.raises(Cancelled):
        signal.raise_signal(signal.SIGINT)
        with interrupts.prompting():
            asked = True
    assert not asked


def test_the_lock_is_not_held_while_a_person_thinks(runs: Runs) -> None:
    runs.compile("""
script f()
  ask "Go on?" into ok: bool
  insert into log {text: "{ok}"}
end
""")

    def prompt(question: Question) -> str:
        runs.sql("INSERT INTO log (text) VALUES ('from elsewhere')")
        return "true"

    assert runs.run("f", prompt=prompt)[-1]["status"] == "ok"
    assert runs.sql("SELECT text FROM log ORDER BY id") == [("from elsewhere",), ("true",)]


# ── linking and refusals ───────────────────────────────────────────────────────────────────────────────────────


def test_a_caller_of_a_changed_script_has_to_be_compiled_again(runs: Runs) -> None:
    runs.compile("script low(n: int) -> int\n  return n\nend\nscript top() -> int\n  return low(1)\nend\n")
    assert runs.result("top") == 1
    runs.compile("script low(n: int) -> int\n  return n + 1\nend\n")
    assert runs.result("top") == 2
    runs.compile("script low(m: int) -> int\n  return m\nend\n")
    assert code_of(runs, "top") == "V0202"


@pytest.mark.parametrize(
    "calls", ["call low()", "call other() call low()", "call middle()", "call other() call middle()"]
)
@pytest.mark.parametrize("step", ['insert into log {text: "x"}', 'ask "Go on?" into ok: bool', "commit"])
def test_a_called_script_may_not_begin_to_write_ask_or_commit(runs: Runs, step: str, calls: str) -> None:
    """Loops of the caller, and whether its runs are kept, rely on what it was compiled for; however deep it is."""
    low = "script low()\n  let n = count(from log)\nend\n"
    others = 'script middle()\n  call other()\n  call low()\nend\nscript other()\n  say "other"\nend\n'
    runs.compile(f"{low}{others}script top()\n  for each r in from items do {calls} end\nend\n")
    assert runs.run("top")[-1]["status"] == "ok"
    runs.compile(f"script low()\n  let n = count(from log)\n  {step}\nend\n")
    assert code_of(runs, "top") == "V0204"
    assert runs.sql("SELECT count(*) FROM log") == [(0,)]


def test_a_called_script_that_was_removed(runs: Runs) -> None:
    runs.compile("script low()\nend\nscript top()\n  call low()\nend\n")
    with runs.sandbox.library.environment.write() as transaction:
        transaction.delete(b"n:low")
    assert code_of(runs, "top") == "V0201"


def code_of(runs: Runs, name: str, **options: Any) -> str:
    with pytest.raises(SopError) as raised:
        runs.run(name, **options)
    assert runs.output == b""
    return raised.value.code


def test_a_recursive_script_calls_the_version_that_runs(runs: Runs) -> None:
    runs.compile("script f(n: int) -> int\n  if n = 0 then return 1 end\n  return f(n - 1)\nend\n")
    runs.compile("script f(n: int) -> int\n  if n = 0 then return 2 end\n  return f(n - 1)\nend\n")
    assert runs.result("f@1", {"n": 3}) == 1
    assert runs.result("f", {"n": 3}) == 2


def test_a_run_that_only_reads_refuses_writes_before_it_starts(runs: Runs) -> None:
    runs.compile('script low()\n  insert into log {text: "x"}\nend\nscript top()\n  call low()\nend\n')
    assert code_of(runs, "top", read_only=True) == "V0209"


def test_a_database_that_can_only_be_read_is_not_written(runs: Runs) -> None:
    runs.compile('script f()\n  insert into log {text: "x"}\nend\n')
    runs.connect = lambda name: SQLiteDatabase(runs.path, name=name, read_only=True)
    assert code_of(runs, "f") == "V0210"


def test_two_databases_are_not_written_in_one_run(runs: Runs) -> None:
    runs.sandbox.config.declared["other"] = {"url": "sqlite:///main.db"}
    runs.compile("""
script one() uses main, other
  insert into main.log {text: "x"}
end
script two() uses main, other
  insert into other.log {text: "x"}
end
""")
    assert runs.run("one")[-1]["status"] == "ok"
    assert runs.run("two")[-1]["status"] == "ok"


# ── the end of a stream ────────────────────────────────────────────────────────────────────────────────────────


def test_a_closed_pipe_cancels_quietly_and_undoes(runs: Runs) -> None:
    runs.compile('script f()\n  insert into log {text: "x"}\n  for each i in 1 to 100000 do emit {i: i} end\nend\n')
    reader, end = os.pipe()
    os.close(reader)
    with os.fdopen(end, "wb", buffering=0) as stream:
        outcome = run(
            runs.sandbox.library,
            "f",
            {},
            runs.connect,
            open_writer("jsonl", stream, buffer_until_commit=False),
            RunOptions(),
        )
    assert (outcome.status, outcome.error) == ("cancelled", None)
    assert runs.sql("SELECT count(*) FROM log") == [(0,)]


def test_a_fault_of_a_prompt_still_ends_the_stream(runs: Runs) -> None:
    runs.compile(ASKS)

    def prompt(question: Question) -> str:
        raise EOFError

    with pytest.raises(EOFError):
        runs.run("asks", prompt=prompt)
    assert runs.output.splitlines()[-1].startswith(b'{"type":"end","status":"failed"')


INTERRUPTED = """
import sys
from pathlib import Path
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.output.formats import open_writer
from runtime.library.store import Library
from runtime.runs.run import RunOptions, run
folder = Path(sys.argv[1])
with Library.open(folder / ".sop") as library:
    connect = lambda name: SQLiteDatabase(folder / "main.db", name=name)
    writer = open_writer("jsonl", sys.stdout.buffer, buffer_until_commit=False)
    outcome = run(library, sys.argv[2], {}, connect, writer, RunOptions())
heavy = {"lark", "pydantic", "sqlglot", "openai", "sopc", "logging", "tempfile"}
print(sorted(heavy & sys.modules.keys()), file=sys.stderr)
sys.exit(outcome.exit_code)
"""


def command(runs: Runs, name: str) -> list[str]:
    return [sys.executable, "-c", INTERRUPTED, str(runs.folder), name]


@pytest.mark.parametrize("name", ["forever", "in_the_engine"])
def test_ctrl_c_ends_a_run_with_an_end_line_and_nothing_written(runs: Runs, name: str) -> None:
    runs.sql("""
CREATE TABLE numbers AS WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 3000)
SELECT n FROM up
""")
    runs.compile("""
script forever()
  insert into log {text: "x"}
  emit {ready: true}
  while true do end
end
script in_the_engine()
  insert into log {text: "x"}
  emit {ready: true}
  emit from numbers as a join numbers as b on b.n > 0 join numbers as c on c.n > 0
       where a.n + b.n + c.n < 0 select a.n
end
""")
    process = subprocess.Popen(command(runs, name), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert b'"ready":true' in lines[2]
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read().splitlines()
    process.stdout.close()
    assert process.wait() == 130
    assert [msgspec.json.decode(line)["type"] for line in rest] == ["rollback", "error", "end"]
    assert b'"status":"cancelled"' in rest[-1]
    assert runs.sql("SELECT count(*) FROM log") == [(0,)]


def test_the_end_of_its_time_ends_a_statement_under_way(runs: Runs) -> None:
    runs.sql("CREATE TABLE digits (d INTEGER NOT NULL)")
    runs.sql("INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")
    names = "abcdefghijklmnop"
    joins = " ".join(f"join digits as {name} on {name}.d >= a.d" for name in names[1:])
    runs.compile(f"""
script endless()
  insert into log {{text: "before"}}
  emit from digits as a {joins} where {" + ".join(f"{name}.d" for name in names)} < 0 select a.d
end
""")
    error = runs.error("endless", max_seconds=0.2)
    assert (error["step"], error["result"]["code"]) == ("2", "V0303")
    assert runs.sql("SELECT count(*) FROM log") == [(0,)]


def test_the_end_of_its_time_ends_the_wait_for_a_lock(runs: Runs) -> None:
    runs.compile('script f()\n  insert into log {text: "x"}\nend\n')
    runs.connect = lambda name: SQLiteDatabase(runs.path, name=name, busy=3600)
    other = sqlite3.connect(runs.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert runs.error("f", max_seconds=0.05)["result"]["code"] == "V0303"
    other.close()


def test_a_warm_run_imports_no_compiler(runs: Runs) -> None:
    runs.compile("""
script f(floor: int = 6)
  for each r in from items where quantity > floor do
    insert into log {text: "{r.name} {round(1.5)}"}
  end
  emit from log select text
end
""")
    for _ in range(2):
        done = subprocess.run(command(runs, "f"), cwd=ROOT, capture_output=True, check=True)
    assert done.stderr == b"[]\n"
    assert done.stdout.count(b'"record"') == 4


def test_ids_sort_by_time() -> None:
    ids = [new_id() for _ in range(50)]
    assert len({*ids}) == 50
    assert all(len(each) == 26 for each in ids)
    assert [each[:9] for each in ids] == sorted(each[:9] for each in ids)
