"""Concurrent runs, as separate processes, and a writer outside the system: what each of them sees.

Nothing here sleeps. A run that has to pause emits more than its pipe holds, and continues once the pipe is read.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.commands import Place
from tests.isolation.engines import Engine, postgres_engine, sqlite_engine

SCRIPTS: Final = """
script count_up(times: int) uses bank -> int
  for each i in 1 to times do
    let account = one(from accounts where name = "ann")
    update accounts where name = "ann" set balance = account.balance + 1
    commit
  end
  return times
end
script go_off_call(who: text, hold: int = 0) uses bank -> bool
  let others = count(from doctors where on_call and name != who)
  emit {others: others}
  for each i in 1 to hold do emit {text: "the run stands still until this is read {i}"} end
  if others = 0 then return false end
  update doctors where name = who set on_call = false
  return true
end
script deposit(amount: int, hold: int = 0) uses bank
  let before = one(from accounts where name = "ann")
  emit {before: before.balance}
  for each i in 1 to hold do emit {text: "the run stands still until this is read {i}"} end
  update accounts where name = "ann" set balance = before.balance + amount
end
script look(hold: int) uses bank -> list<int>
  let first = one(from accounts where name = "ann")
  emit {balance: first.balance}
  for each i in 1 to hold do emit {text: "the run stands still until this is read {i}"} end
  let second = one(from accounts where name = "ann")
  commit
  let third = one(from accounts where name = "ann")
  return [first.balance, second.balance, third.balance]
end
script copy_while_others_write(hold: int) uses bank, mine -> int
  for each account in from accounts do insert into copies {balance: account.balance} end
  emit {copied: true}
  for each i in 1 to hold do emit {text: "the run stands still until this is read {i}"} end
  for each account in from accounts do insert into copies {balance: account.balance} end
  return (from copies select max(balance) - min(balance))
end
"""
HOLD: Final = 3_000  # records, more than a pipe holds
ANN: Final = "select balance from accounts where name = 'ann'"


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        yield sqlite_engine(tmp_path / "bank.db")
        return
    with postgres_engine(request.getfixturevalue("postgres")) as engine:
        yield engine


@pytest.fixture
def place(tmp_path: Path, engine: Engine) -> Place:
    place = Place(tmp_path)
    place.write("sop.toml", f'[databases]\nbank = "{engine.url}"\nmine = "sqlite:///mine.db"\n')
    place.sql("create table copies (balance integer not null)", tmp_path / "mine.db")
    place.compile(SCRIPTS)
    place.ok("sopvm", "run", "deposit", "amount=0")  # the first run that writes lets readers go on beside writers
    return place


def ended(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The last line of a run that ends well."""
    with process:
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode() + output.decode()[-500:]
    end: dict[str, Any] = json.loads(output.splitlines()[-1])
    return end


def standing_still(place: Place, script: str, *arguments: str) -> tuple[subprocess.Popen[bytes], Any]:
    """A run that has emitted its first record, and goes on once `ended` reads the others."""
    run = place.start("sopvm", "run", script, *arguments, f"hold={HOLD}")
    assert run.stdout is not None
    for line in run.stdout:
        found = json.loads(line)
        if found["type"] == "record":
            return run, found["result"]
    raise AssertionError("the run has ended")


# ── lost updates, write skew ───────────────────────────────────────────────────────────────────────────────────


def test_four_processes_count_to_1200_and_say_how_often_they_tried_again(place: Place, engine: Engine) -> None:
    processes = [place.start("sopvm", "run", "count_up", "times=300") for _ in range(4)]
    ends = [ended(process) for process in processes]
    assert [(end["status"], end["result"]) for end in ends] == [("ok", 300)] * 4
    retries = sum(end["retries"] for end in ends)
    assert retries == 0 if engine.one_writer else retries > 0
    assert engine.rows(ANN) == [(100 + 1200,)]


def test_what_was_read_is_not_changed_by_a_writer_outside_and_overwritten(place: Place, engine: Engine) -> None:
    """The run adds to the balance that it read: with one writer at a time nobody changes it in between, else the
    segment runs again on the new one."""
    run, seen = standing_still(place, "deposit", "amount=10")
    assert seen == {"before": 100}
    if engine.one_writer:
        with pytest.raises(engine.refusal):
            engine.run("update accounts set balance = balance + 1 where name = 'ann'")
    else:
        engine.run("update accounts set balance = balance + 1 where name = 'ann'")
    end = ended(run)
    assert (end["status"], end["retries"]) == ("ok", 0 if engine.one_writer else 1)
    assert engine.rows(ANN) == [(110 if engine.one_writer else 111,)]


def test_two_runs_that_add_to_what_they_read_lose_nothing(place: Place, engine: Engine) -> None:
    first, _ = standing_still(place, "deposit", "amount=10")
    second = place.start("sopvm", "run", "deposit", "amount=1")
    if not engine.one_writer:
        ended(second)
    ended(first)
    if engine.one_writer:
        ended(second)
    assert engine.rows(ANN) == [(111,)]


def test_one_doctor_of_two_stays_on_call(place: Place, engine: Engine) -> None:
    """Write skew: each run writes a row that the other only reads."""
    first, seen = standing_still(place, "go_off_call", "who=ann")
    assert seen == {"others": 1}
    second = place.start("sopvm", "run", "go_off_call", "who=bob")
    ends = [ended(run) for run in ((first, second) if engine.one_writer else (second, first))]
    assert [end["result"] for end in ends] == [True, False]
    assert engine.rows("select count(*) from doctors where on_call") == [(1,)]


# ── snapshots ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_sees_its_segments_snapshot_while_others_commit(place: Place, engine: Engine) -> None:
    reader, seen = standing_still(place, "look")
    assert seen == {"balance": 100}
    place.ok("sopvm", "run", "deposit", "amount=10")
    engine.run("update accounts set balance = balance + 1 where name = 'ann'")
    assert engine.rows(ANN) == [(111,)]
    assert ended(reader)["result"] == [100, 100, 111]


def test_a_database_that_is_only_read_is_one_snapshot_too(place: Place, engine: Engine) -> None:
    """Meanwhile, the run writes to another database, and others can write to this one."""
    run, _ = standing_still(place, "copy_while_others_write")
    engine.run("update accounts set balance = balance + 1")
    assert ended(run)["result"] == 0
    assert len(place.sql("select * from copies", place.folder / "mine.db")) == 4


def test_what_a_run_has_written_nobody_sees_before_it_commits(place: Place, engine: Engine) -> None:
    place.compile("""
script writes_first(hold: int) uses bank
  update accounts set balance = 0
  emit {done: true}
  for each i in 1 to hold do emit {text: "the run stands still until this is read {i}"} end
  assert false, "changed its mind"
end
""")
    run, _ = standing_still(place, "writes_first")
    assert engine.rows(ANN) == [(100,)]
    assert place.ok("sopvm", "run", "look", "hold=0").lines[-1]["result"] == [100, 100, 100]
    with run:
        output, _ = run.communicate(timeout=300)
    assert (run.returncode, json.loads(output.splitlines()[-1])["status"]) == (1, "failed")
    assert engine.rows(ANN) == [(100,)]
