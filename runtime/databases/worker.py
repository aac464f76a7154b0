"""A long call → its result; until it is there, another function is called every few milliseconds.

For engines whose calls offer no progress callback: the call runs in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, Final, TypeVar

TICK_SECONDS: Final = 0.02
Result = TypeVar("Result")


class Worker:
    """One thread, started with its first call."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], list[Any], Event] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def call(self, function: Callable[[], Result], tick: Callable[[], None], stop: Callable[[], None]) -> Result:
        """function's result, or what it raises. tick: called while waiting; what it raises is raised once `stop` has
        been called and the function has returned."""
        if self._thread is None:
            self._thread = Thread(target=self._work, daemon=True, name="database")
            self._thread.start()
        outcome: list[Any] = []
        done = Event()
        self._calls.put((function, outcome, done))
        try:
            while not done.wait(TICK_SECONDS):
                tick()
        except BaseException:
            stop()
            done.wait()
            raise
        result, error = outcome
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def close(self) -> None:
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            function, outcome, done = call
            try:
                outcome += [function(), None]
            except BaseException as error:
                outcome += [None, error]
            done.set()
