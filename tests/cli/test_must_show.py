"""What the product promises about running scripts, shown through its commands."""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import SopError
from runtime.library.store import Library
from tests.commands import ROOT, Place, command, environment
from tests.harness import SCHEMA, execute


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with a library and the tables of tests/language/schema.sql."""
    found = Place(tmp_path)
    found.sql(SCHEMA.read_text(encoding="utf-8"))
    return found


# ── calls, loops, budgets ──────────────────────────────────────────────────────────────────────────────────────

DEEP = """
import sys
from pathlib import Path
from tests.harness import compile_text, execute, exact, make_database, store
from runtime.library.store import Library

TEXT = '''
script down(n: int) -> int
  if n = 0 then return 0 end
  return down(n - 1) + 1
end
'''
folder = Path(sys.argv[1])
schema = make_database(folder / "deep.db")
with Library.open(folder / "deep") as library:
    store(library, compile_text(TEXT, schema))
    execute(library, "down", folder / "deep.db", {"n": 1})  # imports what is imported on use
    sys.setrecursionlimit(200)
    for depth in (200_000, 10_000):
        raw, code = execute(library, "down", folder / "deep.db", {"n": 100_000}, max_depth=depth)
        print(code, raw.decode().splitlines()[-2 if code else -1])
"""


def test_a_chain_of_100000_calls_needs_no_python_stack(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEEP, str(tmp_path)], cwd=ROOT, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    deep, shallow = (line.partition(" ") for line in done.stdout.decode().splitlines())
    assert deep[0] == "0"
    assert json.loads(deep[2])["result"] == 100_000
    assert shallow[0] == "1"
    error = json.loads(shallow[2])["result"]
    assert error["code"].startswith("V03") and "10,000" in error["message"]
    assert len(error["backtrace"]) < 100


def test_ctrl_c_ends_an_endless_loop_and_undoes_its_segment(place: Place) -> None:
    place.compile('script forever()\n  insert into log {message: "x"}\n  say "now"\n  while true do end\nend\n')
    with place.start("sopvm", "run", "forever") as process:
        assert process.stdout is not None
        try:
            while b'"say"' not in process.stdout.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
    lines = [json.loads(line) for line in rest.splitlines()]
    assert lines[-1]["type"] == "end" and lines[-1]["status"] == "cancelled"
    assert "rollback" in [line["type"] for line in lines]
    assert place.sql("SELECT count(*) FROM log") == [(0,)]


def test_an_instruction_budget_ends_an_endless_loop(place: Place) -> None:
    place.compile('script forever()\n  insert into log {message: "x"}\n  while true do end\nend\n')
    done = place.run("sopvm", "run", "forever", "--max-instructions", "100000")
    assert done.exit_code == 1
    assert done.lines[-1]["status"] == "failed"
    assert done.lines[-2]["result"]["code"].startswith("V03")
    assert place.sql("SELECT count(*) FROM log") == [(0,)]


# ── memory ─────────────────────────────────────────────────────────────────────────────────────────────────────

PEAK = """
import os, sys
from pathlib import Path
from runtime.library.store import Library
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.output.formats import open_writer
from runtime.runs.run import RunOptions, run
folder = Path(sys.argv[1])
with Library.open(folder / ".sop") as library, open(os.devnull, "wb") as stream:
    connect = lambda name: SQLiteDatabase(folder / ".sop" / "main.db", name=name)
    writer = open_writer("jsonl", stream, buffer_until_commit=False)
    outcome = run(library, sys.argv[2], {"top": int(sys.argv[3])}, connect, writer, RunOptions())
assert outcome.exit_code == 0, outcome.error
# not ru_maxrss, which begins at the size of the process that started this one
print(outcome.result, *[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""

FLAT = """
script reading(top: int) -> int
  let sum_ = 0
  for each r in from rows where n <= top do set sum_ = sum_ + r.n end
  return sum_
end

script writing(top: int) -> int
  let seen = 0
  for each r in from rows where n <= top do
    insert into copies {n: r.n, text: "row {r.n}"}
    set seen = seen + 1
  end
  return seen
end

script emitting(top: int) -> int
  emit from rows where n <= top
  return top
end

script generated(top: int)
  for each i in 1 to top do emit {n: i, text: "some text {i}"} end
end

script consuming(top: int) -> int
  let seen = 0
  for each r in generated(top) do set seen = seen + 1 end
  return seen
end
"""
BODIES = ("reading", "writing", "emitting", "consuming")


def peak(place: Place, script: str, rows: int) -> int:
    """Kilobytes of resident memory at most, of a process that runs the script over so many rows."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(place.folder), script, str(rows)],
        cwd=ROOT, env=environment(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    result, kilobytes = done.stdout.split()
    assert int(result) == (rows * (rows + 1) // 2 if script == "reading" else rows)
    return int(kilobytes)


def fill(place: Place, rows: int) -> None:
    place.sql(f"""
        CREATE TABLE rows (n INTEGER PRIMARY KEY, text TEXT NOT NULL);
        CREATE TABLE copies (n INTEGER NOT NULL, text TEXT NOT NULL);
        WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {rows})
        INSERT INTO rows SELECT n, 'some text ' || n FROM up;
    """)
    place.compile(FLAT)


@pytest.mark.parametrize("script", BODIES)
def test_memory_is_flat_over_300000_rows(place: Place, script: str) -> None:
    fill(place, 300_000)
    assert peak(place, script, 300_000) - peak(place, script, 10_000) < 8 * 1024


@pytest.mark.large
@pytest.mark.parametrize("script", BODIES)
def test_memory_is_flat_over_3400000_rows(place: Place, script: str) -> None:
    fill(place, 3_400_000)
    assert peak(place, script, 3_400_000) - peak(place, script, 34_000) < 8 * 1024


# ── failures leave nothing behind ──────────────────────────────────────────────────────────────────────────────

FIVE_STEPS = """
script five(stop: bool = true)
  @1 insert into log {{message: "first"}}
  @2 update accounts set balance = balance + 1
  @3 {third}
  @4 insert into log {{message: "fourth"}}
  @5 emit from accounts
end
"""
FAILING_STEPS = (
    'if stop then fail "third" end',
    'assert not stop, "third"',
    'if stop then insert into accounts {name: "ann", balance: 1} end',
    'if stop then update accounts where name = "ben" set balance = balance - 1000 end',
    'if stop then let n = 1 // (length("")) end',
    "if stop then let e = one(from employees) end",
)


@pytest.mark.parametrize("third", FAILING_STEPS)
def test_a_failure_in_the_third_of_five_steps_leaves_every_store_as_it_was(place: Place, third: str) -> None:
    text = FIVE_STEPS.format(third=third)
    place.compile(text)
    before = place.dump()
    done = place.run("sopvm", "run", "five")
    assert done.exit_code == 1
    assert done.lines[-1]["status"] == "failed"
    error = next(line for line in done.lines if line["type"] == "error")
    assert error["step"].split(".")[0] == "3"
    assert error["result"]["line"] == 1 + next(i for i, line in enumerate(text.splitlines()) if "@3" in line)
    assert error["result"]["sentence"] == 3
    assert place.dump() == before
    place.ok("sopvm", "run", "five", "stop=false")
    assert place.sql("SELECT message FROM log ORDER BY id") == [("first",), ("fourth",)]
    assert place.dump() != before


@pytest.mark.parametrize("format_", ["csv", "table", "json", "records"])
def test_a_consumer_never_sees_rows_that_were_rolled_back(place: Place, format_: str) -> None:
    place.compile("""
script half(stop: bool = true)
  insert into log {message: "x"}
  emit {number: 41}
  commit
  insert into log {message: "y"}
  emit {number: 42}
  if stop then fail "no" end
end
""")
    done = place.run("sopvm", "run", "half", "-f", format_)
    assert done.exit_code == 1
    assert "41" in done.text and "42" not in done.text
    assert "error V04" in done.stderr
    assert "42" in place.ok("sopvm", "run", "half", "stop=false", "-f", format_).text


def test_a_pipe_that_closes_early_ends_the_run_quietly(place: Place) -> None:
    place.compile("""
script many()
  insert into log {message: "x"}
  for each i in 1 to 1000000 do emit {i: i} end
end

script rows()
  for each i in 1 to 1000000 do emit {i: i} end
end
""")
    for name in ("many", "rows"):
        with place.start("sopvm", "run", name) as process:
            assert process.stdout is not None and process.stderr is not None
            assert json.loads(process.stdout.readline())["type"] == "start"
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=60) >= 0
    assert place.sql("SELECT count(*) FROM log") == [(0,)]


def test_head_of_a_run_is_quiet(place: Place) -> None:
    place.compile("script rows()\n  for each i in 1 to 300000 do emit {i: i} end\nend\n")
    line = " ".join(f"'{part}'" if "'" not in part else f'"{part}"' for part in command("sopvm", "run", "rows"))
    done = subprocess.run(
        ["bash", "-c", f"{line} -f records | head -1"],
        cwd=place.folder,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert done.stdout == b'{"i":1}\n'
    assert done.stderr == b""


def test_dry_run_streams_and_changes_nothing(place: Place) -> None:
    place.compile('script two()\n  insert into log {message: "x"}\n  emit from log select message\nend\n')
    before = place.dump()
    done = place.ok("sopvm", "run", "two", "--dry-run")
    assert done.records == [{"message": "x"}]
    assert done.lines[-1]["status"] == "dry-run"
    assert place.dump() == before


def test_every_format_writes_the_same_records(place: Place) -> None:
    place.compile("script accounts_()\n  emit from accounts order by name\nend\n")
    wanted = [{"name": "ann", "balance": 100}, {"name": "ben", "balance": 20}]
    assert place.ok("sopvm", "run", "accounts_").records == wanted
    records = place.ok("sopvm", "run", "accounts_", "-f", "records").text
    assert [json.loads(line) for line in records.splitlines()] == wanted
    assert place.ok("sopvm", "run", "accounts_", "-f", "csv").text.split() == ["name,balance", "ann,100", "ben,20"]
    array = json.loads(place.ok("sopvm", "run", "accounts_", "-f", "json").text)
    assert [line["result"] for line in array if line.get("type") == "record"] == wanted
    table = place.ok("sopvm", "run", "accounts_", "-f", "table").text
    assert [line.split() for line in table.splitlines() if "ann" in line or "ben" in line]


# ── versions and listings ──────────────────────────────────────────────────────────────────────────────────────


def test_an_edited_program_is_version_2_and_version_1_can_still_run(place: Place) -> None:
    first = 'script greet()\n  @1 emit {text: "one"}\nend\n'
    place.compile(first, "greet.sop")
    place.compile("# only a comment more\n" + first, "greet.sop")
    assert len(place.ok("sopc", "history", "greet", "-f", "json").text) > 0
    place.compile(first.replace("one", "two"), "greet.sop")
    assert place.ok("sopvm", "run", "greet").records == [{"text": "two"}]
    assert place.ok("sopvm", "run", "greet").lines[0]["version"] == 2
    assert place.ok("sopvm", "run", "greet@1").records == [{"text": "one"}]
    diff = place.ok("sopc", "diff", "greet").text
    assert '"one"' in diff and '"two"' in diff
    place.ok("sopc", "rollback", "greet")
    assert place.ok("sopvm", "run", "greet").records == [{"text": "one"}]
    assert place.ok("sopvm", "run", "greet@2").records == [{"text": "two"}]


def test_disasm_shows_instructions_beside_lines_and_sentences(place: Place) -> None:
    place.write(
        "rich.txt", "Rich\n\nShow the name of the employees whose salary is above 100,000, highest salary first.\n"
    )
    place.ok("sopc", "compile", "rich.txt", "--translator", "patterns", "--yes")
    listing = place.ok("sopc", "disasm", "rich").text
    assert "EMIT_QUERY" in listing and "RETURN" in listing
    assert "emit from employees" in listing
    assert "Show the name of the employees" in listing
    assert "SELECT" not in listing
    with_sql = place.ok("sopc", "disasm", "rich", "--sql").text
    assert "SELECT" in with_sql and "100000" not in with_sql.split("SELECT", 1)[1].split("\n")[0]


# ── bad input ──────────────────────────────────────────────────────────────────────────────────────────────────

AUDIT = """
script audit(floor: int, dept: text = "Sales")
  emit from employees where department = dept and salary > floor select name
end
"""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "audti", "floor=1"], 2, "audit"),
        (["run", "audit"], 2, "floor"),
        (["run", "audit", "floor=1", "more=2"], 2, "more"),
        (["run", "audit", "flor=1"], 2, "floor"),
        (["run", "audit", "floor=abc"], 2, "floor"),
        (["run", "audit", "floor=99999999999999999999"], 2, "floor"),
        (["run", "audit", "floor"], 2, "floor"),
        (["run", "audit@9", "floor=1"], 2, "9"),
        (["run", "audit", "floor=1", "--db", "main=sqlite:///missing.db"], 2, "missing.db"),
        (["run", "audit", "floor=1", "--db", "main=sqlite:///not.db"], 2, "not.db"),
        (["run", "audit", "floor=1", "--db", "main=nonsense"], 2, "nonsense"),
        (["rnu"], 2, "run"),
    ],
)
def test_wrong_usage_is_said_clearly(place: Place, arguments: list[str], code: int, said: str) -> None:
    place.compile(AUDIT)
    place.write("not.db", "this is not a database, but it is long enough to hold a header " * 20)
    before = place.dump()
    done = place.run("sopvm", *arguments)
    assert done.exit_code == code, done.stderr + done.text
    assert said in done.stderr + done.text
    assert place.dump() == before
    assert not (place.folder / "missing.db").exists()
    if done.stdout:
        assert done.lines[-1]["type"] == "end"


def test_a_locked_database_is_an_error_after_a_while(place: Place) -> None:
    place.compile('script write()\n  insert into log {message: "x"}\nend\n')
    lock = sqlite3.connect(place.main, isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    done = place.run("sopvm", "run", "write")
    lock.execute("ROLLBACK")
    lock.close()
    assert done.exit_code == 1
    assert "D04" in done.text + done.stderr
    place.ok("sopvm", "run", "write")
    assert place.sql("SELECT count(*) FROM log") == [(1,)]


def test_invalid_empty_and_huge_workflows(place: Place) -> None:
    (place.folder / "bytes.txt").write_bytes(b"Show the \xff\xfe employees.\n")
    place.write("empty.txt", "")
    place.write("blank.txt", " \n\n\t\n")
    place.write("huge.txt", "Show the employees. " * 500_000)
    place.write("huge.sop", "script huge()\n" + '  say "x"\n' * 1_000_000 + "end\n")
    for name, said in (
        ("bytes.txt", "UTF-8"),
        ("empty.txt", "no sentence"),
        ("blank.txt", "no sentence"),
        ("huge.txt", "large"),
        ("huge.sop", "large"),
    ):
        done = place.run("sopc", "compile", name)
        assert done.exit_code in (1, 2), name
        assert "error " in done.stderr, name
        assert said in done.stderr, f"{name}: {done.stderr}"
    assert place.ok("sopc", "ls", "-f", "jsonl").text == ""
    assert not list(place.folder.glob("*.sop.new"))


def test_a_read_only_library_runs_but_can_not_be_written(place: Place) -> None:
    place.compile(AUDIT)
    place.ok("sopvm", "run", "audit", "floor=1")
    file = place.home / "library.mdb"
    saved = file.read_bytes()
    with Library.open(place.home, read_only=True) as library:
        entry = library.resolve("audit")
        with pytest.raises(SopError) as caught:
            library.put(library.load(entry.hash), entry.hash, "audit")
        assert caught.value.code == "L0103"
        raw, code = execute(library, "audit", place.main, {"floor": 1})
    assert code == 0 and b"Mary" in raw
    assert file.read_bytes() == saved


LONG_QUERY = """
script forever()
  insert into log {message: "x"}
  say "now"
  let n = count(from employees as a join employees as b on a.id > 0 join employees as c on b.id > 0
                join employees as d on c.id > 0 join employees as e on d.id > 0 join employees as f on e.id > 0
                join employees as g on f.id > 0 join employees as h on g.id > 0 join employees as i on h.id > 0
                join employees as j on i.id > 0 join employees as k on j.id > 0 join employees as l on k.id > 0
                join employees as m on l.id > 0 join employees as n on m.id > 0 join employees as o on n.id > 0
                where a.salary + l.salary < 0 select a.id)
  emit {n: n}
end
"""


def is_locked(database: Path) -> bool:
    """Whether another process is writing to it."""
    connection = sqlite3.connect(database, timeout=0)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


def test_ctrl_c_ends_a_long_query(place: Place) -> None:
    place.compile(LONG_QUERY)
    with place.start("sopvm", "run", "forever") as process:
        assert process.stdout is not None
        try:
            while not is_locked(place.main):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, errors.decode()
    assert json.loads(rest.splitlines()[-1])["status"] == "cancelled"
    assert place.sql("SELECT count(*) FROM log") == [(0,)]


def test_what_was_said_is_seen_while_a_long_query_runs(place: Place) -> None:
    place.compile(LONG_QUERY)
    with place.start("sopvm", "run", "forever") as process:
        assert process.stdout is not None
        seen = b""
        while b'"say"' not in seen and select.select([process.stdout], [], [], 15)[0]:
            seen += os.read(process.stdout.fileno(), 65536)
        process.kill()
    assert b'"say"' in seen


@pytest.mark.parametrize(
    ("arguments", "records"), [(["--max-rows", "5"], 5), (["--max-seconds", "0.2"], None), (["--max-depth", "50"], 0)]
)
def test_a_budget_that_is_set_ends_a_run_with_an_error_of_its_own(
    place: Place, arguments: list[str], records: int | None
) -> None:
    place.compile("""
script down(n: int) -> int
  return down(n + 1)
end

script budgets()
  insert into log {message: "x"}
  for each i in 1 to 5 do emit {i: i} end
  emit {i: down(1)}
end

script rows()
  insert into log {message: "x"}
  while true do emit {i: 1} end
end
""")
    name = "budgets" if records == 0 else "rows"
    done = place.run("sopvm", "run", name, *arguments)
    assert done.exit_code == 1, done.stderr
    assert done.lines[-1]["status"] == "failed"
    error = next(line for line in done.lines if line["type"] == "error")
    assert error["result"]["code"].startswith("V03")
    if records == 5:
        assert len(done.records) == 5
    assert place.sql("SELECT count(*) FROM log") == [(0,)]


def test_runs_at_the_same_time_lose_no_update(place: Place) -> None:
    place.compile("""
script increment(times: int)
  for each i in 1 to times do
    let account = one(from accounts where name = "ann")
    update accounts where name = "ann" set balance = account.balance + 1
    commit
  end
end
""")
    processes = [place.start("sopvm", "run", "increment", "times=40") for _ in range(3)]
    for process in processes:
        with process:
            output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode() + output.decode()[-500:]
    assert place.sql("SELECT balance FROM accounts WHERE name = 'ann'") == [(100 + 3 * 40,)]


def test_trace_prints_every_instruction_with_its_operands(place: Place) -> None:
    place.compile('script add(a: int, b: int) -> int\n  let sum_ = a + b\n  say "{sum_}"\n  return sum_\nend\n')
    done = place.ok("sopvm", "run", "add", "a=20", "b=22", "--trace")
    assert done.lines[-1]["result"] == 42
    for word in ("ADD_INT", "SAY", "RETURN", "20", "22", "42"):
        assert word in done.stderr, done.stderr
