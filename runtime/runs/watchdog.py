"""Moments and what to do then → done in time, by one thread for all that wait."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Final

__all__ = ("Alarm", "Watchdog", "watchdog")

_MANY: Final = 64  # cancelled alarms that may wait for their time, or as many as there are others
_NAP: Final = 3600.0  # seconds; a thread can't be told to wait for centuries


class Alarm:
    """Something to do at a moment. Made by `Watchdog.at`."""

    def __init__(self, owner: Watchdog, when: float, act: Callable[[], None]) -> None:
        self.when = when
        self.cancelled = False
        self._owner = owner
        self._act = act
        self._acting = Lock()

    def __lt__(self, other: Alarm) -> bool:
        return self.when < other.when

    def go_off(self) -> None:
        """Do it, unless it was cancelled."""
        with self._acting:
            if not self.cancelled:
                self._act()

    def cancel(self) -> None:
        """Don't do it; if it is being done, wait until that is over."""
        with self._acting:
            self.cancelled = True
        self._owner.forget()


class Watchdog:
    """Waits for all alarms in one thread, which starts with the first one. An alarm that goes off gets a thread of its
    own, so that none is late because of another."""

    def __init__(self) -> None:
        self._alarms: list[Alarm] = []  # a heap
        self._cancelled = 0
        self._changed = Condition()
        self._thread: Thread | None = None

    def at(self, when: float, act: Callable[[], None]) -> Alarm:
        """Do something at a moment.

        Args:
            when: By `time.monotonic`.
            act: Called in another thread.
        """
        alarm = Alarm(self, when, act)
        with self._changed:
            heappush(self._alarms, alarm)
            if self._thread is None:
                self._thread = Thread(target=self._watch, daemon=True, name="watchdog")
                self._thread.start()
            elif self._alarms[0] is alarm:
                self._changed.notify()
        return alarm

    def forget(self) -> None:
        """Drop cancelled alarms once they are most of all."""
        with self._changed:
            self._cancelled += 1
            if self._cancelled > max(_MANY, len(self._alarms) // 2):
                self._alarms = [alarm for alarm in self._alarms if not alarm.cancelled]
                heapify(self._alarms)
                self._cancelled = 0

    def __len__(self) -> int:
        """How many alarms are held, cancelled ones included."""
        return len(self._alarms)

    def _watch(self) -> None:
        while True:
            with self._changed:
                left = self._alarms[0].when - monotonic() if self._alarms else None
                if left is None or left > 0:
                    self._changed.wait(left and min(left, _NAP))
                    continue
                alarm = heappop(self._alarms)
            if not alarm.cancelled:
                Thread(target=alarm.go_off, daemon=True, name="alarm").start()


watchdog: Final = Watchdog()
