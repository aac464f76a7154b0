"""Kept runs that wait for an answer or failed → a command of the operator's is told of each, as JSON on its stdin.

The table sop_notices, in each database that keeps runs, says of which state of a run the command was told last. It is
told once: a row is written when the command has ended well, and one process at a time tells (a lease). Only where a
process dies between the two, the command is told again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec

from runtime.config import Config
from runtime.errors import SopError
from runtime.output.records import encode
from runtime.runs.places import RunPlace, places
from runtime.runs.store import RunStore, has_table, run_worded

LOOK_SECONDS: Final = 2.0
DAYS: Final = 1  # runs that came to a stop longer ago are told of no more
TIMEOUT_SECONDS: Final = 60.0  # of the command
PAUSE_SECONDS: Final = 10.0  # after a first try that failed; twice as long after each next one
MAX_PAUSE_SECONDS: Final = 3600.0
_LEASE: Final = "!notices"  # no run has such an id
_TABLE: Final = "create table if not exists sop_notices (run {text} primary key, said {text} not null)"
_STATE: Final = "r.status || ' ' || r.epoch || ' ' || r.segment"
_UNTOLD: Final = (
    f"select r.run, {_STATE}, r.script, r.version, r.status, r.segment, r.created, r.updated, r.question, r.ending"
    f" from sop_runs r left join sop_notices n on n.run = r.run and n.said = {_STATE}"
    " where r.status in ('waiting', 'failed') and r.updated >= {ago} and n.run is null order by r.updated, r.run"
)
_TOLD: Final = (
    "insert into sop_notices (run, said) values ($1, $2) on conflict (run) do update set said = excluded.said"
)
_FORGET: Final = "delete from sop_notices where not exists (select 1 from sop_runs r where r.run = sop_notices.run)"


class _Notice(NamedTuple):
    """A run that waits or failed. state: tells it from the same run at another time."""

    run: str
    state: str
    said: dict[str, Any]


class _Pause(NamedTuple):
    """Of a notice that could not be told. until: of the monotonic clock. seconds: the next one is twice as long."""

    until: float
    seconds: float


class Notifier:
    """Tells a command of runs that wait or failed, on a thread.

    Args:
        config: The settings: the databases that may keep runs.
        command: The program and its arguments; no shell reads them.
        report: Is told why a notice could not be told.
        tried_again: Which runs will be tried again if they fail: nobody is told of those.
    """

    def __init__(
        self,
        config: Config,
        command: Sequence[str],
        report: Callable[[str], None],
        tried_again: Callable[[], Collection[str]],
    ) -> None:
        self._tried_again = tried_again
        self._config = config
        self._command = list(command)
        self._report = report
        self._pauses: dict[str, _Pause] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, look: bool = False) -> None:
        """Wait for the command under way.

        Args:
            look: Look once more before.
        """
        self._stopping.set()
        self._thread.join()
        if look:
            self._stopping.clear()
            self._look_at_all()

    def _work(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self._look_at_all()

    def _look_at_all(self) -> None:
        for place in places(self._config, []):
            with suppress(SopError):  # it, or that of the schedules, is away: at the next look
                self._look(place)

    def _look(self, place: RunPlace) -> None:
        with place.store(read_only=False) as store:
            if store is None or store.database.read_only or not self._untold(store, place.name):
                return
            lease = store.database.lease(_LEASE)
            if lease is None:  # another process tells
                return
            try:
                run_worded(store.database, _FORGET)
                for notice in self._untold(store, place.name):  # what nobody has told since
                    if self._stopping.is_set():
                        return
                    if self._tell(notice):
                        run_worded(store.database, _TOLD, notice.run, notice.state)
            finally:
                lease.release()

    def _untold(self, store: RunStore, database: str) -> list[_Notice]:
        if not has_table(store.database, "sop_notices"):
            run_worded(store.database, _TABLE)
        found = [_notice(database, *row) for row in run_worded(store.database, _UNTOLD, DAYS)]
        again = self._tried_again() if found else ()
        return [notice for notice in found if notice.said["status"] != "failed" or notice.run not in again]

    def _tell(self, notice: _Notice) -> bool:
        """Whether the command was told."""
        pause = self._pauses.get(notice.run, _Pause(0.0, PAUSE_SECONDS))
        if monotonic() < pause.until:
            return False
        problem = self._problem(encode(notice.said) + b"\n")
        if problem is None:
            self._pauses.pop(notice.run, None)
            return True
        self._report(f"[notify] was not told of the run {notice.run}: {problem}; again in {pause.seconds:.0f} s")
        self._pauses[notice.run] = _Pause(monotonic() + pause.seconds, min(pause.seconds * 2, MAX_PAUSE_SECONDS))
        return False

    def _problem(self, data: bytes) -> str | None:
        """Why the command could not be told; None when it was."""
        try:
            done = subprocess.run(
                self._command,
                input=data,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{self._command[0]} took longer than {TIMEOUT_SECONDS:.0f} s"
        except OSError as error:
            return f"{self._command[0]}: {(error.strerror or str(error)).lower()}"
        if done.returncode == 0:
            return None
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return f"{self._command[0]} ended with {done.returncode}" + "".join(f": {line[:200]}" for line in last)


def notifier_of(
    config: Config, tried_again: Callable[[], Collection[str]], report: Callable[[str], None] | None = None
) -> Notifier | None:
    """Start a notifier, where the settings have a command for it.

    Args:
        config: The settings.
        tried_again: Which runs will be tried again if they fail.
        report: Is told why a notice could not be told; None for a line on stderr.
    """
    command = config.notify.get("command")
    if not command:
        return None
    words = [config.expand(word, "notify.command") for word in command]
    notifier = Notifier(config, words, report or _print, tried_again)
    notifier.start()
    return notifier


def _print(text: str) -> None:
    print(f"sopvm: {text}", file=sys.stderr, flush=True)


def _notice(
    database: str,
    run: str,
    state: str,
    script: str,
    version: int,
    status: str,
    segments: int,
    created: str,
    updated: str,
    question: str | None,
    ending: str | None,
) -> _Notice:
    said: dict[str, Any] = {"run": run, "script": script, "version": version, "status": status, "database": database}
    said |= {"segments": segments, "created": created, "updated": updated}
    what, text = ("question", question) if status == "waiting" else ("error", ending)
    if text is not None:
        with suppress(msgspec.DecodeError):  # damaged: the run says so when somebody goes on with it
            said[what] = msgspec.json.decode(text)
    return _Notice(run, state, said)
