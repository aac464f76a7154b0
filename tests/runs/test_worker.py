"""`sopvm worker`, on a SQLite file and on PostgreSQL: runs are taken, given back, tried again and parked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Place
from tests.postgres import shared

SCRIPTS = """
script work(n: int) -> int
  for each i in 1 to n do
    insert into effects { number: i }
    commit
    emit { number: i }
  end
  return n
end

script work_once(n: int) -> int
  insert into effects { number: n }
  return n
end

script stuck() -> int
  insert into effects { number: 1 }
  commit
  insert into effects { number: 2 }
  let done = 0
  while true do set done = done + 1 end
end

script twice(n: int) -> int
  return work_once(n) + work_once(n)
end

script confirm() -> bool
  ask "Really?" into sure: bool
  insert into effects { number: 1 }
  return sure
end

script careful() -> int
  ask "How many?" within 7 days default 7 into n: int
  insert into effects { number: n }
  return n
end

script strict() -> int
  assert count(from effects) > 0, "nothing is there"
  insert into effects { number: 2 }
  commit
  return count(from effects)
end

script gone() uses main, other -> int
  for each row in from other.things do
    insert into main.effects { number: row.id }
    commit
  end
  return 0
end
"""
MAX_SECONDS = 120.0


class Workshop:
    """A folder with scripts and a database; `sql` runs a statement of ours in it."""

    def __init__(self, place: Place, sql: Callable[[str], list[Any]]) -> None:
        self.place = place
        self.sql = sql

    @property
    def effects(self) -> list[int]:
        return [number for (number,) in self.sql("select number from effects order by number")]

    def detach(self, *words: str) -> str:
        run: str = self.place.ok("sopvm", "run", *words, "--detach").lines[0]["run"]
        return run

    def runs(self) -> dict[str, dict[str, Any]]:
        return {row["run"]: row for row in self.place.ok("sopvm", "runs", "-f", "records").lines}

    def status(self, run: str) -> str:
        ((found,),) = self.sql(f"select status from sop_runs where run = '{run}'")
        return str(found)

    def pending(self, run: str, *words: str) -> None:
        """A run that nobody has begun."""
        self.place.ok("sopvm", "run", *words, "--id", run)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + MAX_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workshop]:
    place = Place(tmp_path)
    other = tmp_path / "other.db"
    Place(tmp_path).sql("create table things (id integer primary key); insert into things values (1), (2)", other)
    table = "create table effects (number bigint not null)"
    if request.param == "sqlite":
        place.sql(table)
        place.write("sop.toml", '[databases]\nother = "sqlite:///other.db"\n')
        place.compile(SCRIPTS)
        yield Workshop(place, place.sql)
        return
    with shared().schema(table) as schema, shared().connect(schema) as connection:
        url = shared().url(schema)
        place.write("sop.toml", f'[databases]\nmain = "{url}"\nother = "sqlite:///other.db"\n')
        place.compile(SCRIPTS)

        def sql(text: str) -> list[Any]:
            cursor = connection.execute(text.encode())
            return list(cursor.fetchall()) if cursor.description is not None else []

        yield Workshop(place, sql)


@pytest.fixture
def worker(shop: Workshop) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that serves the database."""
    process = shop.place.start("sopvm", "worker")
    try:
        until(lambda: _is_served(shop))
        yield process
    finally:
        process.kill()
        process.communicate()


def _is_served(shop: Workshop) -> bool:
    folder = shop.place.home / "main.db-runs"
    if folder.exists():
        return any(path.name.startswith("@worker") for path in folder.iterdir())
    if (
        shop.sql("select 1 from information_schema.tables where table_name = 'sop_leases'")
        if _on_postgres(shop)
        else []
    ):
        return bool(shop.sql("select 1 from sop_leases where left(run, 1) = '@'"))
    return False


def _on_postgres(shop: Workshop) -> bool:
    return "postgresql" in (shop.place.folder / "sop.toml").read_text(encoding="utf-8")


def test_a_detached_run_is_the_worker_s(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    run = shop.detach("work", "n=5")
    until(lambda: shop.status(run) == "ok")
    assert shop.effects == [1, 2, 3, 4, 5]
    assert [line["result"] for line in shop.place.ok("sopvm", "logs", run).lines if line["type"] == "record"] == [
        {"number": i} for i in range(1, 6)
    ]
    worker.terminate()
    out, errors = worker.communicate(timeout=MAX_SECONDS)
    assert (worker.returncode, errors) == (0, b"")
    assert json.loads(out) == {"run": run, "script": "work", "status": "ok", "segments": 6, "retries": 0}


def test_a_question_waits_without_the_worker(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    run = shop.detach("confirm")
    until(lambda: shop.status(run) == "waiting")
    other = shop.detach("work", "n=1")
    until(lambda: shop.status(other) == "ok")
    shop.place.ok("sopvm", "answer", run, "yes")
    assert shop.effects == [1, 1]


def test_an_answer_that_is_kept_is_gone_on_with(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    """As after a crash just behind the answer."""
    run = shop.detach("confirm")
    until(lambda: shop.status(run) == "waiting")
    worker.send_signal(signal.SIGSTOP)
    yes = "x'c3'" if not _on_postgres(shop) else "'\\xc3'::bytea"
    shop.sql(f"update sop_runs set status = 'running', wake = null, answer = {yes}, question = null")
    worker.send_signal(signal.SIGCONT)
    until(lambda: shop.status(run) == "ok")
    assert shop.effects == [1]


def test_a_deadline_that_passes_is_taken_by_the_worker(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    """Nobody touches the run at that moment, nor after it."""
    run = shop.detach("careful")
    until(lambda: shop.status(run) == "waiting")
    assert shop.effects == []
    shop.sql("update sop_runs set deadline = '2000-01-01T00:00:00.000Z'")
    until(lambda: shop.status(run) == "ok")
    assert shop.effects == [7]
    assert [line["type"] for line in shop.place.ok("sopvm", "logs", run).lines] == ["start", "ask", "command", "end"]


def test_a_worker_s_run_is_cancelled_from_another_shell(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    """What it committed stays, its open segment is undone, and the worker takes the next run."""
    run = shop.detach("work", "n=1000000")
    until(lambda: len(shop.effects) > 3)
    shop.place.ok("sopvm", "cancel", run)
    assert shop.status(run) == "cancelled"
    ((segments,),) = shop.sql("select segment from sop_runs")
    assert shop.effects == list(range(1, segments + 1))
    assert shop.place.ok("sopvm", "logs", run).lines[-1]["status"] == "cancelled"
    other = shop.detach("work", "n=2")
    until(lambda: shop.status(other) == "ok")
    assert len(shop.effects) == segments + 2
    worker.terminate()
    out, errors = worker.communicate(timeout=MAX_SECONDS)
    first, second = map(json.loads, out.splitlines())
    assert (first["run"], first["status"], first["code"]) == (run, "cancelled", "V0301")
    assert (second["run"], second["status"], errors) == (other, "ok", b"")


@pytest.mark.parametrize(("durability", "waits"), [("full", "on"), ("relaxed", "off")])
def test_a_worker_keeps_runs_by_its_durability(tmp_path: Path, durability: str, waits: str) -> None:
    """Each effect says by which setting its transaction commits."""
    table = "create table effects (number bigint not null, how text default current_setting('synchronous_commit'))"
    place = Place(tmp_path)
    with shared().schema(table) as schema, shared().connect(schema) as connection:
        url = shared().url(schema, options="-c synchronous_commit=on")
        place.write("sop.toml", f'[databases]\nmain = "{url}"\n[runs]\ndurability = "{durability}"\n')
        place.compile(SCRIPTS.partition("script gone")[0])
        shop = Workshop(place, lambda text: connection.execute(text.encode()).fetchall())
        worker = place.start("sopvm", "worker")
        try:
            until(lambda: _is_served(shop))
            run = shop.detach("work", "n=2")
            until(lambda: shop.status(run) == "ok")
        finally:
            worker.kill()
            worker.communicate()
        assert shop.sql("select number, how from effects order by number") == [(1, waits), (2, waits)]


def test_sigterm_ends_the_segment_and_gives_the_run_back(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    run = shop.detach("work", "n=100000")
    until(lambda: len(shop.effects) > 3)
    worker.terminate()
    out, errors = worker.communicate(timeout=MAX_SECONDS)
    assert (worker.returncode, errors) == (0, b"")
    said = json.loads(out)
    assert (said["status"], said["segments"]) == ("running", len(shop.effects))
    assert shop.runs()[run]["status"] == "interrupted"
    assert shop.sql("select tries, wake from sop_runs") == [(0, None)]


def test_a_try_that_a_stop_ends_does_not_count(shop: Workshop) -> None:
    """Unlike one that kills its process. The segment that does not end in time is undone."""

    def take(epoch: int) -> subprocess.Popen[bytes]:
        process = shop.place.start("sopvm", "worker", "main", "--drain", "0s")
        until(lambda: shop.sql("select segment from sop_runs where epoch = " + str(epoch)) == [(1,)])
        return process

    shop.place.ok("sopvm", "worker", "main", "--until-idle")  # makes the tables
    served = shop.place.start("sopvm", "worker", "main")
    until(lambda: _is_served(shop))
    run = shop.detach("stuck")
    until(lambda: shop.effects == [1])
    served.kill()
    served.communicate()
    for epoch, tries in ((3, 0), (4, 0)):
        process = take(epoch)
        process.terminate()
        out, errors = process.communicate(timeout=MAX_SECONDS)
        assert (process.returncode, errors) == (0, b"")
        assert json.loads(out) == {"run": run, "script": "stuck", "status": "running", "segments": 1, "retries": 0}
        assert shop.sql("select tries, wake from sop_runs") == [(tries, None)]
    process = take(5)
    process.kill()
    process.communicate()
    assert shop.sql("select tries from sop_runs") == [(1,)]
    assert shop.effects == [1]


def test_a_killed_worker_s_run_is_taken_by_another(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    run = shop.detach("work", "n=400")
    until(lambda: len(shop.effects) > 3)
    worker.kill()
    worker.wait()
    second = shop.place.start("sopvm", "worker")
    until(lambda: shop.status(run) == "ok")
    second.terminate()
    assert second.communicate(timeout=MAX_SECONDS)[1] == b""
    assert shop.effects == list(range(1, 401))
    numbers = [
        line["result"]["number"] for line in shop.place.ok("sopvm", "logs", run).lines if line["type"] == "record"
    ]
    assert numbers == list(range(1, 401))


def test_a_script_that_fails_is_not_tried_again(shop: Workshop, worker: subprocess.Popen[bytes]) -> None:
    run = shop.detach("strict")
    until(lambda: shop.status(run) == "failed")
    assert shop.runs()[run]["says"].startswith("nothing is there")
    shop.sql("insert into effects values (1)")
    assert shop.place.ok("sopvm", "retry", run).lines[-1]["result"] == 2


def test_a_run_that_gets_nowhere_is_parked(shop: Workshop) -> None:
    """Follows `sopvm retry RUN`."""
    served = shop.place.start("sopvm", "worker", "main")
    try:
        until(lambda: _is_served(shop))
        served.send_signal(signal.SIGSTOP)
        run = shop.detach("gone")
        other = shop.place.folder / "other.db"
        other.rename(shop.place.folder / "away.db")
        served.send_signal(signal.SIGCONT)
        until(lambda: shop.sql("select tries from sop_runs where ending is not null") == [(1,)])
        assert shop.runs()[run]["status"] in ("interrupted", "running")
        assert "does not exist" in shop.runs()[run]["says"]
        shop.sql("update sop_runs set tries = 8, wake = null")  # as after seven more
        until(lambda: shop.status(run) == "failed")
        row = shop.runs()[run]
        assert row["status"] == "failed" and row["says"].startswith("8 tries in a row got no further: the database")
        (shop.place.folder / "away.db").rename(other)
        shop.place.ok("sopvm", "retry", run)
        assert shop.effects == [1, 2]
    finally:
        served.kill()
        out, errors = served.communicate()
    codes = [json.loads(line).get("code") for line in out.splitlines()]
    assert set(codes[:-1]) == {"D0101"} and codes[-1] == "V0612"
    assert errors == b""


def test_several_processes_until_there_is_nothing_to_do(shop: Workshop) -> None:
    served = shop.place.start("sopvm", "worker")
    until(lambda: _is_served(shop))
    served.send_signal(signal.SIGSTOP)
    runs = [shop.detach("work", f"n={n}") for n in (3, 4, 5)]
    os.kill(served.pid, signal.SIGKILL)
    served.communicate()
    done = shop.place.ok("sopvm", "worker", "--processes", "2", "--until-idle")
    assert sorted(line["run"] for line in done.lines) == sorted(runs)
    assert {line["status"] for line in done.lines} == {"ok"}
    assert len(shop.effects) == 12


def test_a_database_that_keeps_no_runs_is_refused(shop: Workshop) -> None:
    """Follows `name one that can be written`."""
    pytest.importorskip("duckdb")
    shop.place.write("a.csv", "id\n1\n")
    told = shop.place.run("sopvm", "worker", "lake", "--db", "lake=files:///.")
    assert told.exit_code == 2 and "V0605" in told.stderr and "name one that can be written" in told.stderr
    assert shop.place.ok("sopvm", "worker", "main", "--until-idle").stdout == b""


def test_a_pushed_script_runs_on_a_machine_without_a_library(
    shop: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other, third = (Place(tmp_path_factory.mktemp("machine")) for _ in range(2))
    url = f"sqlite:///{shop.place.main}"
    if _on_postgres(shop):
        url = (shop.place.folder / "sop.toml").read_text(encoding="utf-8").split('"')[1]
    other.write("sop.toml", f'[databases]\nmain = "{url}"\n')
    assert "L0101" in other.run("sopvm", "run", "twice", "n=2").stderr
    assert shop.place.ok("sopvm", "push", "twice", "-f", "records").lines == [
        {"script": "twice", "version": 1},
        {"script": "work_once", "version": 1},
    ]
    shop.place.ok("sopc", "rm", "twice", "work_once")
    assert other.ok("sopvm", "run", "twice", "n=3").lines[-1]["result"] == 6
    assert shop.effects == [3, 3]
    shop.place.compile("script twice(n: int) -> int return n end", "new.sop")
    shop.place.ok("sopvm", "push", "twice", "main")
    third.write("sop.toml", f'[databases]\nmain = "{url}"\n')
    assert third.ok("sopvm", "run", "twice", "n=3").lines[-1]["result"] == 3
