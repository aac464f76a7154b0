"""Schedules and a clock → runs that are due begin, as pending runs of their databases; for workers.

    look → times that are due → rows of sop_due → pending runs in the databases that they write → a worker takes them

A step that was cut short is done again at the next look, and changes nothing where it was done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from runtime.config import Config
from runtime.connect import connector
from runtime.databases.statements import Statements
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.go_on import cancel
from runtime.runs.keep import Keep
from runtime.runs.places import RUNS, RunPlace, runs_place
from runtime.runs.pushed import pull
from runtime.runs.run import RunOptions, home_of, run_linked
from runtime.runs.store import ENDED, RunRow
from runtime.schedules.store import Due, Schedule, ScheduleStore, open_schedules, read_moment, write_moment
from runtime.schedules.times import Times
from runtime.vm.link import link

ON_TIME: Final = timedelta(minutes=1)  # a due time that is seen later than that was missed
GIVES_UP: Final = timedelta(hours=1)  # a run whose database is away so long does not begin
AT_ONCE: Final = 1000  # due times of a schedule that one look takes
LOOK_SECONDS: Final = 1.0  # between two looks, at least
RARE_LOOK_SECONDS: Final = 5.0  # for runs that failed, and while nothing was ever scheduled


class Starter:
    """Begins the runs of the schedules of `[runs]`.

    Args:
        config: The settings.
        library: With the scripts; those it does not have are taken from the databases that they were pushed to.
        clock: The time, in UTC; None for that of the database.
    """

    def __init__(self, config: Config, library: Library, clock: Callable[[], datetime] | None = None) -> None:
        self._config = config
        self._library = library
        self._clock = clock
        self._store: ScheduleStore | None = None
        self._look_at = self._retries_at = 0.0

    def look(self) -> None:
        """Begin what is due, unless the last look was just now: a worker that is busy looks between two runs. A
        database that is away is looked at again the next time."""
        if monotonic() < self._look_at:
            return
        self._look_at = monotonic() + LOOK_SECONDS
        try:
            self._store = store = self._store or open_schedules(self._config)
            if store is None:
                self._look_at = monotonic() + RARE_LOOK_SECONDS
                return
            now = store.now() if self._clock is None else self._clock()
            for schedule in store.due(now):
                _take(store, schedule, now)
            for due in store.waiting():
                self._begin(store, due, now)
                self._look_at = 0.0  # others may wait for its end
            if monotonic() >= self._retries_at:
                self._retries_at = monotonic() + RARE_LOOK_SECONDS
                for schedule in store.unsettled():
                    with suppress(SopError):  # its database is away
                        self._try_again(store, schedule, now)
        except SopError:
            self.close()

    def close(self) -> None:
        if self._store is not None:
            with suppress(SopError):
                self._store.database.close()
            self._store = None

    def _begin(self, store: ScheduleStore, due: Due, now: datetime) -> None:
        """Put the run into its database, unless the one before goes on."""
        schedule = store.find(due.schedule)
        try:
            if self._goes_on(schedule):
                if schedule.overlap == "skip":
                    store.leave_out(due, None)
                elif schedule.overlap == "cancel":
                    self._cancel(schedule)
                return
            place = self._put(schedule.script, schedule.given, due.run)
        except SopError as error:
            is_away = error.code.startswith("D")
            if is_away and now - read_moment(due.due) < GIVES_UP:
                store.tell(due, f"{error.code}: {error.message}")
            else:
                store.leave_out(due, f"{error.code}: {error.message}")
        else:
            if place is not None:
                store.began(due, place)

    def _put(self, script: str, arguments: dict[str, str], run_id: str) -> str | None:
        """Put a run into its database if it is not there, and return the name of that; None while another worker does
        so."""
        if self._library.find(script) is None and "@" not in script:
            pull(self._library, self._config, script)
        linked = link(self._library, script)
        home = home_of(linked.root.effects, linked.root.name) or RUNS
        if self._row(home, run_id) is not None:
            return home
        keep = Keep(self._library, lambda: runs_place(self._config).open(create=True), run_id, detached=True)
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            writer = open_writer("jsonl", nowhere, buffer_until_commit=False)
            options = RunOptions(keep=keep)
            try:
                run_linked(linked, arguments, connector(self._config), writer, Statements(self._library), options)
            except SopError as error:
                if error.code != "V0607":
                    raise
                return None
        return home

    def _place(self, name: str) -> RunPlace:
        return runs_place(self._config) if name == RUNS else RunPlace(name, self._config.database(name))

    def _row(self, place: str, run: str) -> RunRow | None:
        with self._place(place).store() as runs:
            return None if runs is None else runs.find(run)

    def _last(self, schedule: Schedule) -> RunRow | None:
        """The row of its last run; None before the first, and once it is forgotten."""
        if schedule.last_run is None or schedule.last_place is None:
            return None
        return self._row(schedule.last_place, schedule.last_run)

    def _goes_on(self, schedule: Schedule) -> bool:
        """Whether its last run has not ended, or will be tried again."""
        row = self._last(schedule)
        return row is not None and (row.status not in ENDED or (row.status == "failed" and bool(schedule.unsettled)))

    def _cancel(self, schedule: Schedule) -> None:
        """End its last run. It has ended by the next look, or a later one."""
        assert schedule.last_run is not None and schedule.last_place is not None
        with self._place(schedule.last_place).store(read_only=False) as runs:
            if runs is not None:
                with suppress(SopError):  # it has just ended
                    cancel(runs, schedule.last_run)

    def _try_again(self, store: ScheduleStore, schedule: Schedule, now: datetime) -> None:
        """Once its last run has failed, and the pause is over. A worker takes it then."""
        row = self._last(schedule)
        if row is None or row.status in ("ok", "cancelled"):
            store.settle(schedule)
        elif row.status == "failed":
            if schedule.tries >= schedule.retries:
                store.settle(schedule)
            elif now >= read_moment(row.updated) + timedelta(seconds=schedule.backoff * 2**schedule.tries):
                assert schedule.last_place is not None
                if store.try_again(schedule):
                    with self._place(schedule.last_place).store(read_only=False) as runs:
                        assert runs is not None
                        runs.claim(row.run, row.epoch)


def _take(store: ScheduleStore, schedule: Schedule, now: datetime) -> None:
    """The due times of a schedule until now become runs, by its rule for those that were missed."""
    assert schedule.due is not None
    moments = [read_moment(schedule.due)]
    for moment in Times(schedule.cron, schedule.zone).after(moments[0]):
        if moment > now or len(moments) == AT_ONCE:
            break
        moments.append(moment)
    if schedule.missed == "all":
        begin = moments
    elif moment <= now:  # more is to come: these were missed
        begin = []
    else:
        begin = moments[-1:] if schedule.missed == "once" or now - moments[-1] <= ON_TIME else []
    runs = [Due(f"{schedule.name}-{each:%Y%m%dT%H%M%SZ}", schedule.name, write_moment(each)) for each in begin]
    store.move_on(schedule, runs, len(moments) - len(runs), moment)
