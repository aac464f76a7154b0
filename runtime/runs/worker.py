"""Databases that hold kept runs → a worker: it takes runs that nobody has, one at a time, and goes on with them.

`sopvm worker` is one in a process of its own, and `sopvm serve` has one on a thread (runtime/api/workers.py).

A run is taken over in one transaction with its lease (`RunStore.take`). A worker that dies loses its lease, and
another one goes on from the end of the last segment; one that was only stopped can't commit any more (V0608). A try
that came to nothing, because the process died or a database was away, is made again after a pause; after MAX_TRIES in a
row in which no segment ended the run is `failed`, with V0612, until somebody says `sopvm retry`. A worker that is told
to stop gives its run back, and that try does not count.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event
from time import monotonic
from traceback import print_exc
from typing import Final, NamedTuple

from runtime.config import Config
from runtime.connect import connector, may_keep_runs
from runtime.databases.pool import Pool, is_usable
from runtime.databases.protocol import Keeps, Lease
from runtime.errors import SopError, UsageError
from runtime.library.environment import make_home
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.control import Control
from runtime.runs.go_on import KeptRun, go_on, read_row, reason
from runtime.runs.owner import read_owner
from runtime.runs.places import RUNS, RunPlace, places, runs_place
from runtime.runs.run import Outcome, RunOptions
from runtime.runs.store import RunRow, RunStore
from runtime.runs.traced import RunTrace, open_traces, traced
from runtime.values.conversion import to_text

MAX_TRIES: Final = 8
PAUSE_SECONDS: Final = 1.0  # after a first try that came to nothing; after n of them, n times that
FIRST_POLL_SECONDS: Final = 0.02
POLL_SECONDS: Final = 1.0  # between two looks for runs, at most
LOOK_SECONDS: Final = 5.0  # and for databases that are not served yet
STATUSES: Final = ("pending", "running", "waiting")  # of a run that a worker may take


class Report(NamedTuple):
    """What became of a run that a worker took. status: of the run; `running` when it was given back or another process
    took it over. error: why it failed, or why this try came to nothing. retries: how often a segment was run again."""

    run: str
    script: str
    status: str
    segments: int
    error: SopError | None
    retries: int = 0


GoesOn = Callable[[RunPlace, KeptRun, Lease], Outcome]


class Worker:
    """One run at a time.

    Args:
        config: The settings: names of databases.
        names: Databases to take runs from, `[runs]` for those of runs that write none; none for all that can keep runs.
        library: A cache of scripts and their SQL.
        report: Is told of every run.
        max_tries: In a row, in which no segment of a run ended.
        goes_on: Goes on with a run that was taken; None for a run that nobody sees.
        chores: Done before each look for runs.
        why_ended: Tells of a token's id why its runs have to end; None where nothing says so.
        waits: Serve a database only once runs are kept in it, instead of making their tables, and look again for one
            that is away.

    Raises:
        SopError: A database can't be opened, or its tables can't be made, unless it waits.
    """

    def __init__(
        self,
        config: Config,
        names: Sequence[str],
        library: Library,
        report: Callable[[Report], None],
        max_tries: int = MAX_TRIES,
        goes_on: GoesOn | None = None,
        *,
        chores: Callable[[], None] = lambda: None,
        why_ended: Callable[[str], str | None] = lambda token: None,
        waits: bool = False,
    ) -> None:
        self._config = config
        self._library = library
        self._report = report
        self._max_tries = max_tries
        self._goes_on = goes_on or self._alone
        self._chores = chores
        self._why_ended = why_ended
        self._waits = waits
        self._traces = open_traces() if goes_on is None else None
        self._stopping = Event()
        self._control = Control()
        self._cutting = False
        connect = connector(config)
        self._pool = Pool(lambda name: runs_place(config).open() if name == RUNS else connect(name))
        self._served: list[_Served] = []
        self._look_at = 0.0
        self._places = [] if waits else _places(config, names)
        for place in self._places:
            self._serve(place, wanted=bool(names))

    def _look(self) -> None:
        """Serve what is not served yet: a database that was away, a file in the place of another, or what keeps runs by
        now."""
        now = monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        for each in tuple(self._served):
            if not is_usable(each.store.database):
                each.close()
                self._served.remove(each)
        served = {each.place.name for each in self._served}
        for place in places(self._config, []) if self._waits else self._places:
            with suppress(SopError):
                if place.name not in served:
                    self._serve(place, wanted=False)

    def _serve(self, place: RunPlace, *, wanted: bool) -> None:
        """wanted: by name, not as one of all."""
        if not wanted and not may_keep_runs(place.setting.url):
            return
        if place.name == RUNS:
            make_home(self._config.home)
        database = place.open(create=place.name == RUNS and not self._waits)
        try:
            if not isinstance(database, Keeps) or database.read_only:
                if wanted:
                    message = f"`{place.name}` ({database.engine}) keeps no runs"
                    raise UsageError("V0605", message, "name one that can be written")
            else:
                store = RunStore(database)
                if not self._waits or store.exists():
                    store.prepare()
                    self._served.append(_Served(place, store, database.serve()))
                    return
        except BaseException:
            database.close()
            raise
        database.close()

    def stop(self) -> None:
        """End once the segment under way has; the run is given back. Safe in a signal handler."""
        self._stopping.set()

    def cut(self) -> None:
        """After `stop`: undo the segment that has not ended by now. For a worker that goes on with runs by itself."""
        self._cutting = True
        self._leave()

    def _leave(self) -> None:
        self._control.leave("the worker was told to stop")

    def close(self) -> None:
        for served in self._served:
            served.close()
        self._pool.close()
        if self._traces is not None:
            self._traces.close()

    def work(self, *, until_idle: bool = False, while_: Callable[[], bool] = lambda: True) -> None:
        """Take runs until it is told to stop.

        Args:
            until_idle: Or until there is none to take.
            while_: Or until this says so.
        """
        pause = FIRST_POLL_SECONDS
        while not self._stopping.is_set() and while_():
            self._chores()
            self._look()
            taken = [self._take(served) for served in tuple(self._served)]
            if any(taken):
                pause = FIRST_POLL_SECONDS
            elif until_idle:
                return
            else:
                self._stopping.wait(pause)
                pause = min(pause * 2, POLL_SECONDS)

    def _take(self, served: _Served) -> bool:
        """Whether there was a run. A database that is away has none."""
        try:
            taken = served.store.take(PAUSE_SECONDS)
        except SopError:
            with suppress(SopError):
                served.store.database.rollback()
                served.store.database.reconnect()
            return False
        if taken is None:
            return False
        run, epoch, lease = taken
        try:
            row = served.store.find(run)
            if row is not None and row.epoch == epoch:  # else it is another process's, which was quicker than this look
                self._report(self._go_on(served, row, lease))
        except SopError:
            pass  # the database is away; the lease ends, and the run is taken again
        finally:
            lease.release(is_open=True)
        return True

    def _go_on(self, served: _Served, row: RunRow, lease: Lease) -> Report:
        """Raises SopError when the run's database is away."""
        if (row.tries or 0) > self._max_tries:
            return self._parked(served.store, row)
        error: SopError | None = None
        retries = 0
        try:
            outcome = self._goes_on(served.place, read_row(served.store, row, self._library), lease)
            given_back = outcome.status == "interrupted" and self._stopping.is_set()
            error = None if outcome.status == "waiting" or given_back else outcome.error
            retries = outcome.retries
        except SopError as raised:
            error = raised
        except Exception as bug:  # other runs go on
            print_exc()
            error = SopError("V0612", f"{type(bug).__name__} in sopvm: {bug}")
        found = served.find(row.run)
        if found is None or found.epoch != row.epoch:  # another process has it, or had it
            return Report(row.run, row.script, "running", row.segment, error)
        if found.status in STATUSES and self._stopping.is_set():
            served.store.give_back(row.run, row.epoch)
        elif error is not None and found.status in STATUSES:
            served.store.end(row.run, row.epoch, found.status, to_text(error.record))
        return Report(row.run, row.script, found.status, found.segment, error, retries)

    def _alone(self, place: RunPlace, kept: KeptRun, lease: Lease) -> Outcome:
        home, owner = kept.pinned.home, read_owner(kept.row.owner)
        self._control = Control()
        if self._cutting:  # since the run was taken
            self._leave()
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123

            def work(trace: RunTrace | None) -> Outcome:
                return go_on(
                    kept,
                    STATUSES,
                    lambda name: self._pool.take(place.name if name == home else owner.place(name), owner.acting),
                    runs_place(self._config).open,
                    open_writer("jsonl", nowhere, buffer_until_commit=False),
                    RunOptions(
                        control=self._control,
                        relaxed=self._config.relaxed,
                        patient=True,
                        why_ended=lambda: self._why_ended(owner.token),
                        watch=trace,
                    ),
                    self._library,
                    taken=lease,
                    hands_back=self._stopping.is_set,
                    give_back=self._pool.give_back,
                )

            return traced(self._traces, kept.row.script, kept.row.run, owner.trace, work)

    def _parked(self, store: RunStore, row: RunRow) -> Report:
        last = reason(row) if row.ending else "each time its process ended"
        message = f"{self._max_tries} tries in a row got no further: {last}"
        error = SopError("V0612", message, f"sopvm retry {row.run}")
        store.end(row.run, row.epoch, "failed", to_text(error.record))
        return Report(row.run, row.script, "failed", row.segment, error)


class _Served(NamedTuple):
    """A database that runs are taken from, and the worker's own lease there."""

    place: RunPlace
    store: RunStore
    lease: Lease

    def find(self, run: str) -> RunRow | None:
        """Also when the connection was lost while the run went on by its own."""
        try:
            return self.store.find(run)
        except SopError:
            self.store.database.reconnect()
            return self.store.find(run)

    def close(self) -> None:
        with suppress(SopError):
            self.lease.release()
        self.store.database.close()


def _places(config: Config, names: Sequence[str]) -> list[RunPlace]:
    if names:
        return [runs_place(config) if name == RUNS else RunPlace(name, config.database(name)) for name in names]
    failures: list[SopError] = []
    found = [runs_place(config)]
    found += [place for place in places(config, failures) if place.name != RUNS]
    if failures:
        raise failures[0]
    return found
