"""A caller and the time → whether the server takes another request of it: so many a minute, and so many a day.

Counted in memory, by each server for itself: a server that starts anew counts anew.
"""

from __future__ import annotations

from collections import OrderedDict
from math import ceil
from time import monotonic, time
from typing import Final

from runtime.api.problems import HttpError

MAX_CALLERS: Final = 10_000  # that are remembered; the least recently seen is dropped first
_MINUTE: Final = 60.0
_DAY: Final = 86_400


class _Caller:
    """left: requests that it may make at once, as of `at`, monotonic. day: of UTC; made: requests on it."""

    __slots__ = ("at", "day", "left", "made")

    def __init__(self, left: float, at: float, day: int) -> None:
        self.left = left
        self.at = at
        self.day = day
        self.made = 0


class Rates:
    """The limits of one server, for one event loop.

    Args:
        a_minute: requests of a caller; all of them may come at once. None for no limit.
        a_day: likewise, of a UTC day.
    """

    def __init__(self, a_minute: int | None, a_day: int | None) -> None:
        self._a_minute = a_minute
        self._a_day = a_day
        self._callers: OrderedDict[str, _Caller] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count a request.

        Args:
            caller: The id of a token, or an address.

        Raises:
            HttpError: S0215, it makes too many; the request is not counted.
        """
        if self._a_minute is None and self._a_day is None:
            return
        found = self._found(caller)
        if self._a_day is not None and found.made >= self._a_day:
            raise _too_many(f"{self._a_day} requests a day", _DAY - time() % _DAY)
        if self._a_minute is not None:
            if found.left < 1:
                raise _too_many(f"{self._a_minute} requests a minute", (1 - found.left) * _MINUTE / self._a_minute)
            found.left -= 1
        found.made += 1

    def _found(self, caller: str) -> _Caller:
        """What is known of a caller, as of now."""
        now, day, most = monotonic(), int(time() // _DAY), self._a_minute or 0
        found = self._callers.get(caller)
        if found is None:
            found = self._callers[caller] = _Caller(most, now, day)
            if len(self._callers) > MAX_CALLERS:
                self._callers.popitem(last=False)
        self._callers.move_to_end(caller)
        found.left, found.at = min(most, found.left + (now - found.at) * most / _MINUTE), now
        if found.day != day:
            found.day, found.made = day, 0
        return found


def _too_many(limit: str, seconds: float) -> HttpError:
    message = f"the server takes {limit} of a caller, and these are more"
    return HttpError(429, "S0215", message, "Retry-After says when", {"Retry-After": str(max(1, ceil(seconds)))})
