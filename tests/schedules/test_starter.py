"""Schedules and a clock that is moved → the runs that begin, on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.errors import DatabaseError, SopError, UsageError
from runtime.runs.notices import notifier_of
from runtime.runs.store import RunStore
from runtime.runs.worker import Worker
from runtime.schedules import starter
from runtime.schedules.starter import AT_ONCE, Starter
from runtime.schedules.store import Due, Schedule, ScheduleStore, open_schedules, tried_again, write_moment
from runtime.schedules.times import Times
from tests.postgres import shared
from tests.sandbox import Sandbox

SCRIPTS = """
script tick(n: int = 0)
  insert into effects { number: n }
end

script asks()
  ask "Really?" into sure: bool
  insert into effects { number: 1 }
end

script fails()
  assert count(from effects) > 0, "nothing is there"
  insert into effects { number: 2 }
end
"""
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


class Shop:
    """A database with effects, runs and schedules.

    now: the clock of its starters. sql: runs a statement of ours.
    """

    def __init__(self, folder: Path, url: str, sql: Callable[[str], list[Any]]) -> None:
        self.sandbox = Sandbox(folder, {"main": url})
        self.config = msgspec.structs.replace(self.sandbox.config, runs={"url": url})
        self.library = self.sandbox.library
        self.sandbox.compile(SCRIPTS)
        self.sql = sql
        self.now = BEGIN
        store = open_schedules(self.config, create=True)
        assert store is not None
        self.store = store

    def close(self) -> None:
        self.store.database.close()
        self.library.close()

    def add(self, name: str, cron: str = "0 * * * *", script: str = "tick", **rules: Any) -> None:
        due = next(Times(cron, "UTC").after(self.now))
        chosen = {"missed": "once", "overlap": "skip", "retries": 0, "backoff": 60, **rules}
        self.store.add(Schedule(name, script, "{}", cron, "UTC", due=write_moment(due), **chosen))

    def look(self) -> None:
        looking = Starter(self.config, self.library, lambda: self.now)
        try:
            looking.look()
        finally:
            looking.close()

    def work(self) -> None:
        """Run what has begun."""
        with closing(Worker(self.config, (), self.library, lambda report: None)) as worker:
            worker.work(until_idle=True)

    def pass_time(self, **time: int) -> None:
        """Move the clock on, look and work."""
        self.now += timedelta(**time)
        self.look()
        self.work()

    def notices(self) -> int:
        """Look for runs to tell of; how many were told so far."""
        file = self.sandbox.config.home / "told"
        tell = f"open({str(file)!r}, 'a').write(input() + '\\n')"
        config = msgspec.structs.replace(self.config, notify={"command": [sys.executable, "-c", tell]})
        notifier = notifier_of(config, partial(tried_again, config))
        assert notifier is not None
        notifier.stop(look=True)
        return len(file.read_text().splitlines()) if file.exists() else 0

    def answer(self, run: str, *, yes: bool) -> None:
        store = RunStore(self.store.database)
        row = store.find(run)
        assert row is not None
        store.answer(run, row.epoch, msgspec.msgpack.encode(yes))

    def runs(self) -> list[tuple[str, str]]:
        return [tuple(row) for row in self.sql("select run, status from sop_runs order by run")]

    def schedule(self, name: str) -> Schedule:
        return self.store.find(name)


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    table = "create table effects (number bigint not null)"
    if request.param == "sqlite":
        with closing(sqlite3.connect(tmp_path / "main.db", isolation_level=None)) as file:
            file.execute(table)
            with closing(Shop(tmp_path, "sqlite:///main.db", lambda text: file.execute(text).fetchall())) as shop:
                yield shop
        return
    with shared().schema(table) as schema, shared().connect(schema) as connection:

        def sql(text: str) -> list[Any]:
            cursor = connection.execute(text.encode())
            return list(cursor.fetchall()) if cursor.description is not None else []

        with closing(Shop(tmp_path, shared().url(schema), sql)) as shop:
            yield shop


def test_a_due_time_is_one_run(shop: Shop) -> None:
    shop.add("hourly")
    shop.look()
    assert shop.store.waiting() == []
    shop.pass_time(minutes=60)
    assert shop.runs() == [("hourly-20260302T010000Z", "ok")]
    shop.pass_time(seconds=30)
    assert len(shop.runs()) == 1
    shop.pass_time(minutes=59, seconds=30)
    assert shop.runs()[1:] == [("hourly-20260302T020000Z", "ok")]
    found = shop.schedule("hourly")
    assert (found.due, found.last_due) == ("2026-03-02T03:00:00.000Z", "2026-03-02T02:00:00.000Z")
    assert (found.last_run, found.left_out, found.problem) == ("hourly-20260302T020000Z", 0, None)


@pytest.mark.parametrize(("missed", "hours"), [("skip", []), ("once", ["04"]), ("all", ["01", "02", "03", "04"])])
def test_times_at_which_no_worker_looked(shop: Shop, missed: str, hours: list[str]) -> None:
    shop.add("hourly", missed=missed, overlap="queue")
    for minutes in (250, 0, 0, 0, 0):
        shop.pass_time(minutes=minutes)
    assert [run for run, _ in shop.runs()] == [f"hourly-20260302T{hour}0000Z" for hour in hours]
    assert shop.schedule("hourly").left_out == 4 - len(hours)
    shop.pass_time(minutes=50)
    assert shop.runs()[-1] == ("hourly-20260302T050000Z", "ok")  # on time again


def test_more_missed_times_than_a_look_takes(shop: Shop) -> None:
    shop.add("minutes", "* * * * *")
    shop.pass_time(minutes=2 * AT_ONCE + 5)
    for _ in range(3):
        shop.pass_time(minutes=0)
    assert [run for run, _ in shop.runs()] == ["minutes-20260303T092500Z"]
    assert shop.schedule("minutes").left_out == 2 * AT_ONCE + 4


def test_a_run_that_goes_on_leaves_the_next_out(shop: Shop) -> None:
    shop.add("asking", script="asks")
    shop.pass_time(minutes=60)
    shop.pass_time(minutes=60)
    assert shop.runs() == [("asking-20260302T010000Z", "waiting")]
    assert shop.schedule("asking").left_out == 1


def test_a_run_that_goes_on_is_waited_for(shop: Shop) -> None:
    shop.add("asking", script="asks", overlap="queue")
    shop.pass_time(minutes=60)
    shop.pass_time(minutes=60)
    assert [each.run for each in shop.store.waiting()] == ["asking-20260302T020000Z"]
    shop.answer("asking-20260302T010000Z", yes=True)
    shop.pass_time(minutes=1)  # it ends
    shop.pass_time(minutes=0)
    assert shop.runs() == [("asking-20260302T010000Z", "ok"), ("asking-20260302T020000Z", "waiting")]


def test_a_run_that_goes_on_is_ended(shop: Shop) -> None:
    shop.add("asking", script="asks", overlap="cancel")
    shop.pass_time(minutes=60)
    shop.pass_time(minutes=60)
    shop.pass_time(minutes=0)
    assert shop.runs() == [("asking-20260302T010000Z", "cancelled"), ("asking-20260302T020000Z", "waiting")]


def test_a_failed_run_is_tried_again_after_a_pause_that_grows(shop: Shop) -> None:
    shop.now = datetime.now(UTC).replace(minute=0, second=0)  # runs of months ago are forgotten
    shop.add("failing", script="fails", retries=2, backoff=60)

    def pass_time(seconds: int) -> tuple[int, str]:
        """The tries, and the run's status. A run that fails does so at the time of our clock."""
        before = shop.schedule("failing")
        shop.pass_time(seconds=seconds)
        after = shop.schedule("failing")
        if (after.last_run, after.tries) != (before.last_run, before.tries):
            shop.sql(f"update sop_runs set updated = '{write_moment(shop.now)}'")
        ((_, status),) = shop.runs()
        return after.tries, status

    assert pass_time(3600) == (0, "failed")
    assert pass_time(59) == (0, "failed")
    assert pass_time(1) == (1, "failed")
    assert pass_time(119) == (1, "failed")
    shop.sql("insert into effects values (1)")
    assert pass_time(0) == (1, "failed")
    assert pass_time(1) == (2, "ok")
    assert shop.sql("select number from effects order by number") == [(1,), (2,)]
    assert pass_time(0) == (2, "ok")
    assert shop.schedule("failing").unsettled == 0


def test_notices_are_of_the_last_try(shop: Shop) -> None:
    shop.now = datetime.now(UTC).replace(minute=0, second=0)
    shop.add("failing", script="fails", retries=1, backoff=60)
    shop.pass_time(seconds=3600)
    (run,) = tried_again(shop.config)
    assert shop.runs() == [(run, "failed")]
    assert shop.notices() == 0
    shop.sql(f"update sop_runs set updated = '{write_moment(shop.now)}'")
    shop.pass_time(seconds=60)
    assert (shop.schedule("failing").tries, tried_again(shop.config)) == (1, [])
    assert [shop.notices(), shop.notices()] == [1, 1]


def test_what_can_not_begin_is_told(shop: Shop) -> None:
    shop.add("hourly")
    shop.library.remove(["tick"])
    shop.pass_time(minutes=60)
    found = shop.schedule("hourly")
    assert (shop.store.waiting(), found.left_out) == ([], 1)
    assert found.problem is not None and found.problem.startswith("L0101: ")
    shop.sandbox.compile(SCRIPTS)
    shop.pass_time(minutes=60)
    found = shop.schedule("hourly")
    assert (found.last_run, found.problem) == ("hourly-20260302T020000Z", None)


def test_a_paused_schedule_begins_nothing(shop: Shop) -> None:
    shop.add("hourly")
    shop.store.pause("hourly")
    shop.pass_time(hours=5)
    assert not shop.sql("select 1 from sop_schedules where due is not null")
    shop.store.resume("hourly", datetime(2026, 3, 2, 6, tzinfo=UTC))
    shop.pass_time(hours=1)
    assert shop.runs() == [("hourly-20260302T060000Z", "ok")]
    assert shop.schedule("hourly").left_out == 0
    shop.store.remove(["hourly"])
    shop.pass_time(hours=1)
    assert len(shop.runs()) == 1


def test_two_workers_look_at_the_same_time(shop: Shop) -> None:
    """Both have read what is due before either takes it."""
    shop.add("hourly")
    shop.now += timedelta(minutes=60)
    (read,) = shop.store.due(shop.now)
    shop.pass_time(minutes=0)
    assert read.due is not None
    shop.store.move_on(read, [Due("hourly-20260302T010000Z", "hourly", read.due)], 0, shop.now + timedelta(hours=1))
    assert shop.store.waiting() == []
    assert shop.schedule("hourly").due == "2026-03-02T02:00:00.000Z"
    assert len(shop.runs()) == 1


@pytest.mark.parametrize("step", ["move_on", "began"])
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_at_a_step(shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str, after: bool) -> None:
    """The next one goes on, and the run begins once."""
    shop.add("hourly")
    done = getattr(ScheduleStore, step)

    def dies(store: ScheduleStore, *values: Any) -> None:
        if after:
            done(store, *values)
        raise KeyboardInterrupt

    shop.now += timedelta(minutes=60)
    with monkeypatch.context() as patch:
        patch.setattr(ScheduleStore, step, dies)
        with pytest.raises(KeyboardInterrupt):
            shop.look()
    shop.pass_time(minutes=0)
    shop.pass_time(minutes=0)
    assert shop.runs() == [("hourly-20260302T010000Z", "ok")]
    assert shop.schedule("hourly").last_run == "hourly-20260302T010000Z"


AWAY = [
    DatabaseError("D0401", "the database is locked"),
    UsageError("D0121", "the server can't be reached"),  # while it is connected to
]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: error.code)
@pytest.mark.parametrize("place", ["open_schedules", "run_linked"])
def test_a_database_that_is_away_is_asked_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, place: str, error: SopError
) -> None:
    """That of the schedules, or that of the run."""
    shop.add("hourly")
    shop.now += timedelta(minutes=60)

    def away(*values: object, **more: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(starter, place, away)
        shop.look()
    assert len(shop.store.waiting()) == (place == "run_linked")
    if place == "run_linked":
        assert shop.schedule("hourly").problem == f"{error.code}: {error.message}"
    shop.pass_time(minutes=0)
    assert shop.runs() == [("hourly-20260302T010000Z", "ok")]
    assert shop.schedule("hourly").problem is None


def test_a_database_that_stays_away_is_given_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.add("daily", "0 1 * * *")
    shop.now += timedelta(minutes=60)

    def away(*values: object) -> None:
        raise AWAY[1]

    with monkeypatch.context() as patch:
        patch.setattr(starter, "run_linked", away)
        for _ in range(3):
            shop.pass_time(minutes=25)
    found = shop.schedule("daily")
    assert (shop.store.waiting(), found.left_out) == ([], 1)
    assert found.problem == "D0121: the server can't be reached"
