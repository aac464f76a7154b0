"""Ctrl-C → a run that is told to stop: the first time politely, the second time at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from runtime.databases.protocol import Database
from runtime.errors import Cancelled
from runtime.vm.budget import Budget


class Interrupts:
    """Within it, SIGINT sets the budget's `cancelled` and interrupts the statement under way. Only the main thread
    hears signals: elsewhere this does nothing."""

    def __init__(self, budget: Budget, databases: Iterable[Database]) -> None:
        self._budget = budget
        self._databases = databases
        self._before: Any = None
        self._prompting = False

    def __enter__(self) -> None:
        try:
            self._before = signal.signal(signal.SIGINT, self._heard)
        except ValueError:  # not the main thread
            self._before = None

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """While a person is asked, Ctrl-C leaves the question, as Cancelled."""
        self._prompting = True
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if self._budget.cancelled is None:
                raise
            raise Cancelled("V0301", self._budget.cancelled) from error
        finally:
            self._prompting = False

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self._budget.cancelled is not None:
            os._exit(130)
        self._budget.cancelled = "the run was interrupted"
        if self._prompting:
            raise KeyboardInterrupt
        for database in self._databases:
            database.interrupt()
