"""`sopvm run --detach` and `--id`, and `sopvm logs`: runs in a process of their own, and lines that are kept."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runtime.cli import main as sopvm
from sopc.cli import main as sopc
from tests.runs.test_commands import Shop

LINES = """
script count_up(n: int, fails_at: int = 0) -> int
  for each i in 1 to n do
    say "at {i}"
    if i = fails_at and not exists(from people where name = "repaired") then fail "no {i}" end
    insert into people { name: "row {i}" }
    commit
    emit { number: i }
  end
  return n
end

script nosy(n: int) -> int
  ask "Really?" into sure: bool
  for each i in 1 to n do
    emit { number: i, price: i * 2 }
  end
  return n
end

script many(n: int) -> int
  insert into people { name: "before" }
  try
    insert into people { name: "inside" }
    for each i in 1 to n do
      emit { number: i, text: "a line of some length, so that batches are put before the segment ends" }
    end
    insert into people { name: "before" }
  on error e do
    say e.code
  end
  for each i in 1 to n do
    emit { number: i, text: "a line of some length, so that batches are put before the segment ends" }
  end
  return n
end
"""
MAX_SECONDS = 120.0


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.chdir(tmp_path)
    made = Shop(tmp_path)
    (tmp_path / "lines.sop").write_text(LINES, encoding="utf-8")
    made.ok(sopc, "compile", "lines.sop", "--yes")
    return made


def logs(shop: Shop, run: str, *words: str) -> list[dict[str, Any]]:
    return shop.ok(sopvm, "logs", run, *words).lines


def ended(shop: Shop, run: str) -> dict[str, Any]:
    """The run's row in `sopvm runs`, once it has ended or waits."""
    deadline = time.monotonic() + MAX_SECONDS
    while True:
        (row,) = [each for each in shop.runs() if each["run"] == run]
        if row["status"] not in ("pending", "running"):
            return row
        assert time.monotonic() < deadline, row
        time.sleep(0.05)


def test_a_detached_run_goes_on_by_itself(shop: Shop) -> None:
    done = shop.ok(sopvm, "run", "count_up", "n=3", "--detach")
    (said,) = done.lines
    assert ended(shop, said["run"])["status"] == "ok"
    assert shop.people == ["row 1", "row 2", "row 3"]
    lines = logs(shop, said["run"])
    assert [line["type"] for line in lines] == ["start", *["say", "command", "record"] * 3, "end"]
    assert [line["seq"] for line in lines[1:-1]] == list(range(1, 10))
    assert (lines[-1]["result"], lines[-1]["records"]) == (3, 3)
    assert logs(shop, said["run"], "--after", "8") == lines[9:]
    assert logs(shop, said["run"], "--follow") == lines


def test_a_detached_run_waits_for_its_answer(shop: Shop) -> None:
    run = shop.ok(sopvm, "run", "nosy", "n=2", "--detach").lines[0]["run"]
    assert ended(shop, run)["status"] == "waiting"
    assert [line["type"] for line in logs(shop, run)] == ["start", "ask"]
    shop.ok(sopvm, "answer", run, "yes", "-f", "csv")
    lines = logs(shop, run)
    assert [line["type"] for line in lines] == ["start", "ask", "record", "record", "end"]
    assert lines[2]["result"] == {"number": 1, "price": 2}


def test_a_pending_run_survives_its_process(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded before it begins: a kill before its first segment loses nothing."""
    from runtime.console import kept

    monkeypatch.setattr(kept, "start_process", lambda *words, **options: None)  # as if it was killed at once
    run = shop.ok(sopvm, "run", "count_up", "n=2", "--detach").lines[0]["run"]
    assert shop.runs()[0]["status"] == "pending"
    assert [line["type"] for line in logs(shop, run)] == ["start"]
    shop.ok(sopvm, "resume", run)
    assert shop.people == ["row 1", "row 2"]
    assert [line["type"] for line in logs(shop, run)][-1] == "end"


def test_lines_of_a_failed_run_are_told_once(shop: Shop) -> None:
    failed = shop.call(sopvm, "run", "count_up", "n=4", "fails_at=3", "--id", "once")
    assert failed.exit_code == 1
    lines = logs(shop, "once")
    assert (lines[-2]["result"]["code"], lines[-1]["status"]) == ("V0401", "failed")
    assert all("at 3" not in json.dumps(line) for line in lines)  # its segment was undone
    shop.sql("insert into people values ('repaired')")
    shop.ok(sopvm, "retry", "once")
    lines = logs(shop, "once")
    assert [line["result"] for line in lines if line["type"] == "say"] == [f"at {i}" for i in (1, 2, 3, 4)]
    assert [line["result"]["number"] for line in lines if line["type"] == "record"] == [1, 2, 3, 4]
    numbers = [line["seq"] for line in lines[1:-1]]
    assert numbers == sorted(set(numbers))


def test_many_lines_are_put_as_they_come(shop: Shop) -> None:
    """And none is lost when a `try` undoes what was written beside them."""
    shop.ok(sopvm, "run", "many", "n=3000", "--id", "many")
    lines = logs(shop, "many")
    assert len([line for line in lines if line["type"] == "record"]) == 6000
    numbers = [line["seq"] for line in lines[1:-1]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert shop.people == ["before"]
    assert shop.sql("select count(*) from sop_lines")[0][0] > 3


def test_a_repeated_request_is_done_once(shop: Shop) -> None:
    """Follows `--id with another id`."""
    first = shop.ok(sopvm, "run", "plain", "--id", "plain-1")
    again = shop.ok(sopvm, "run", "plain", "--id", "plain-1")
    assert shop.people == ["plain"]
    assert again.lines[1:-1] == first.lines[1:-1]
    assert again.lines[-1]["result"] == first.lines[-1]["result"] == 1
    other = shop.call(sopvm, "run", "fill", "n=1", "--id", "plain-1")
    assert other.exit_code == 2 and "V0610" in other.stderr and "try: --id with another id" in other.stderr
    shop.ok(sopvm, "run", "fill", "n=1", "--id", "fill-1")
    assert "V0610" in shop.call(sopvm, "run", "fill", "n=2", "--id", "fill-1").stderr
    assert "V0610" in shop.call(sopvm, "run", "fill", "n=2", "--id", "../fill").stderr
    assert shop.people == ["plain", "row 1"]


def test_a_repeated_request_goes_on_where_the_first_stopped(shop: Shop) -> None:
    shop.sql("insert into people values ('row 3')")
    failed = shop.call(sopvm, "run", "fill", "n=4", "--id", "f")
    told = shop.call(sopvm, "run", "fill", "n=4", "--id", "f")
    assert failed.exit_code == told.exit_code == 1 and "try: sopvm retry f" in told.stderr
    shop.sql("update sop_runs set status = 'running'; ")
    shop.sql("delete from people where name = 'row 3'")
    assert shop.ok(sopvm, "run", "fill", "n=4", "--id", "f").lines[-1]["result"] == 4
    assert shop.people == [f"row {number}" for number in (1, 2, 3, 4)]


def test_lines_of_other_runs_are_not_kept(shop: Shop) -> None:
    """Follows `--detach or --id keeps those of a run`."""
    run = shop.ok(sopvm, "run", "fill", "n=1").lines[0]["run"]
    told = shop.call(sopvm, "logs", run)
    assert "V0611" in told.stderr and "try: --detach or --id keeps those of a run" in told.stderr
    shop.sql("delete from people")
    shop.ok(sopvm, "run", "fill", "n=1", "--id", "kept")
    assert logs(shop, "kept")[-1]["status"] == "ok"


def test_a_run_of_duckdb_is_not_kept(shop: Shop) -> None:
    """Follows `leave out --detach and --id, or write to SQLite or PostgreSQL`."""
    duckdb = pytest.importorskip("duckdb")
    with closing(duckdb.connect(str(shop.folder / "main.duckdb"))) as connection:
        connection.execute("create table people (name text not null)")
    (shop.folder / "sop.toml").write_text('[databases]\nmain = "duckdb:///main.duckdb"\n', encoding="utf-8")
    shop.ok(sopc, "compile", "main.sop", "--yes")
    for option in ("--detach", "--id=x"):
        told = shop.call(sopvm, "run", "fill", "n=2", option)
        assert told.exit_code == 1 and "V0605" in told.stderr
        assert "try: leave out --detach and --id, or write to SQLite or PostgreSQL" in told.stderr
    shop.ok(sopvm, "run", "fill", "n=2")


def test_a_detached_run_is_killed_and_goes_on(shop: Shop) -> None:
    run = shop.ok(sopvm, "run", "count_up", "n=3000", "--detach").lines[0]["run"]
    deadline = time.monotonic() + MAX_SECONDS
    while len(shop.people) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (lease,) = (shop.folder / ".sop" / "main.db-runs").iterdir()
    os.kill(int(lease.read_text()), signal.SIGKILL)
    while shop.runs()[0]["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert shop.runs()[0]["status"] == "interrupted"
    shop.ok(sopvm, "resume", run)
    lines = logs(shop, run)
    assert [line["result"]["number"] for line in lines if line["type"] == "record"] == list(range(1, 3001))
    assert len(shop.people) == 3000
