"""1,000 schedules, a clock that is moved through a week in which clocks change, and workers that are killed in turn."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runtime.config import Config
from runtime.library.store import Library
from runtime.runs.worker import Worker
from runtime.schedules.starter import Starter
from runtime.schedules.store import Schedule, open_schedules, write_moment
from runtime.schedules.times import Times
from tests.commands import ROOT, Place, environment

BEGIN = datetime(2026, 10, 19, tzinfo=UTC)  # a Monday; clocks in Berlin go back on Sunday
BERLIN = ZoneInfo("Europe/Berlin")
WEEKLY = 1000
STEP = timedelta(hours=6)
MAX_SECONDS = 300.0
SCRIPT = """
script tick(n: int)
  insert into effects { number: n }
end
"""


def expected() -> set[tuple[str, int, datetime]]:
    """The runs that have to be there, the number that each inserts, and when: reckoned without cron expressions."""
    found = set()
    for number in range(WEEKLY):
        local = datetime(2026, 10, 19 + number % 7, number % 24, number % 60, tzinfo=BERLIN)
        due = local.astimezone(UTC)  # of a time that comes twice: the first
        if not BEGIN < due <= BEGIN + timedelta(days=7):
            due = datetime(2026, 10, 26, local.hour, local.minute, tzinfo=BERLIN).astimezone(UTC)
            if due > BEGIN + timedelta(days=7):
                continue
        found.add((f"s{number}-{due:%Y%m%dT%H%M%SZ}", number, due))
    hours = [BEGIN + timedelta(hours=n) for n in range(1, 7 * 24 + 1)]
    return found | {(f"hourly-{due:%Y%m%dT%H%M%SZ}", WEEKLY, due) for due in hours}


def add_schedules(config: Config) -> None:
    crons = [(f"s{n}", f"{n % 60} {n % 24} * * {(1 + n % 7) % 7}", n) for n in range(WEEKLY)]
    store = open_schedules(config, create=True)
    assert store is not None
    for name, cron, number in [*crons, ("hourly", "0 * * * *", WEEKLY)]:
        due = write_moment(next(Times(cron, "Europe/Berlin").after(BEGIN)))
        given = f'{{"n":"{number}"}}'
        store.add(Schedule(name, "tick", given, cron, "Europe/Berlin", "all", "queue", 0, 60, due))
    store.database.close()


def work(folder: Path) -> None:
    """Be a worker whose clock is a file."""
    config = Config.load(cwd=folder)
    clock = folder / "clock"
    with Library.open(config.home) as library:
        starter = Starter(config, library, lambda: datetime.fromisoformat(clock.read_text(encoding="utf-8")))
        Worker(config, (), library, lambda report: None, chores=starter.look).work()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.sql("create table effects (number bigint not null)")
    place.compile(SCRIPT)
    add_schedules(Config.load(cwd=tmp_path))
    yield place


def set_clock(folder: Path, now: datetime) -> None:
    new = folder / "clock.new"
    new.write_text(now.isoformat(), encoding="utf-8")
    new.replace(folder / "clock")


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", f"from tests.schedules.test_a_week import work, Path; work(Path({str(folder)!r}))"]
    return subprocess.Popen(command, cwd=ROOT, env=environment())


@pytest.mark.large
def test_each_due_time_is_one_run(place: Place) -> None:
    runs = expected()
    assert len(runs) > WEEKLY
    now = BEGIN
    set_clock(place.folder, now)
    workers = [start(place.folder), start(place.folder)]
    try:
        for step in range(timedelta(days=7) // STEP):
            before, now = now, now + STEP
            set_clock(place.folder, now)
            if step % 4 == 2:
                until(place, sum(due <= before for _, _, due in runs) + step)  # some of this step's
                workers[0].send_signal(signal.SIGKILL)
                workers[0].wait()
                workers = [workers[1], start(place.folder)]
            until(place, sum(due <= now for _, _, due in runs))
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert {run for (run,) in place.sql("select run from sop_runs")} == {run for run, _, _ in runs}
    assert sorted(n for (n,) in place.sql("select number from effects")) == sorted(n for _, n, _ in runs)


def until(place: Place, ended: int) -> None:
    """Wait for that many runs."""
    deadline = time.monotonic() + MAX_SECONDS
    while place.sql("select count(*) from sqlite_master where name = 'sop_runs'") == [(0,)] or (
        place.sql("select count(*) from sop_runs where status = 'ok'")[0][0] < ended
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
