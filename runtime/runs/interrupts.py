"""Ctrl-C, or the end of a run's time → the statement under way stops, and the run with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from runtime.databases.protocol import Database
from runtime.errors import Cancelled
from runtime.vm.budget import Budget

if TYPE_CHECKING:
    from runtime.runs.watchdog import Alarm

_LATER: Final = 0.005  # seconds: by then the budget, too, sees that its time is over
_LOOK_SECONDS: Final = 1.0  # during a prompt, between two looks whether somebody cancels the run


class Interrupts:
    """In the block, SIGINT and the end of the budget's time cancel the budget and interrupt the current statement. A
    second SIGINT ends the process at once. Only the main thread gets signals.

    signals: False when the caller handles signals itself. by_hand: whether there was a SIGINT."""

    def __init__(self, budget: Budget, databases: Iterable[Database], *, signals: bool = True) -> None:
        self.by_hand = False
        self._signals = signals
        self._budget = budget
        self._databases = databases
        self._before: Any = None
        self._prompting = False
        self._alarm: Alarm | None = None

    def __enter__(self) -> None:
        seconds = self._budget.seconds_left()
        if seconds is not None:
            from runtime.runs.watchdog import watchdog  # of use to runs with a limit only

            self._alarm = watchdog.at(monotonic() + seconds + _LATER, self._stop_statements)
        if not self._signals:
            return
        try:
            self._before = signal.signal(signal.SIGINT, self._on_sigint)
        except ValueError:  # not the main thread
            self._before = None

    def __exit__(self, *error: object) -> None:
        if self._alarm is not None:
            self._alarm.cancel()  # it must not reach for a database that is closed
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """In the block (a prompt), Ctrl-C raises Cancelled, and so does whoever cancels the run from elsewhere."""
        self._prompting = True
        try:
            if self._budget.cancelled is not None:  # heard just before: nobody should be asked any more
                raise KeyboardInterrupt
            with self._looking():
                yield
        except (Exception, KeyboardInterrupt) as error:
            if self._budget.cancelled is None:
                raise
            raise Cancelled("V0301", self._budget.cancelled) from error
        finally:
            self._prompting = False

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """In the block, which may wait for a person, a signal of the clock looks whether somebody cancels the run."""
        if self._before is None or self._budget.must_stop is None:
            yield
            return
        before = signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _look(self, number: int, frame: FrameType | None) -> None:
        self._budget.over()
        if self._budget.cancelled is not None:
            raise KeyboardInterrupt

    def _on_sigint(self, number: int, frame: FrameType | None) -> None:
        if self._budget.cancelled is not None:
            os._exit(130)
        self.by_hand = True
        self._budget.cancelled = "the run was interrupted"
        if self._prompting:
            raise KeyboardInterrupt
        self._stop_statements()

    def _stop_statements(self) -> None:
        for database in self._databases:
            database.interrupt()
