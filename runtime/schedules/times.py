"""A cron expression and a time zone → the moments at which something is due, in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from runtime.errors import UsageError

_FIELDS: Final = "minute hour day month weekday, such as '0 6 * * 1' for Mondays at 6"


class Times:
    """The moments of a schedule.

    When clocks change, it does as Debian's cron. A time of day that is skipped is due right after the gap, and one that
    comes twice is due the first time only. Expressions whose minute or hour begins with `*` follow the time that passes
    instead: nothing is made up for, and both hours count.

    Args:
        cron: Five fields: minute, hour, day of the month, month, day of the week.
        zone: An IANA name, such as Europe/Berlin.

    Raises:
        UsageError: V0620 for the expression, V0621 for the zone.
    """

    def __init__(self, cron: str, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            hint = "a name such as Europe/Berlin or UTC; where the system has none, `pip install tzdata`"
            raise UsageError("V0621", f"there is no time zone {zone!r}", hint) from error
        self._cron = cron
        try:
            if len(cron.split()) != 5:
                raise CronSimError("an expression has five fields")
            next(self.after(datetime.now(UTC)))
        except (CronSimError, StopIteration) as error:
            reason = str(error) or "it is never due"
            raise UsageError("V0620", f"{cron!r} says no times: {reason[:1].lower()}{reason[1:]}", _FIELDS) from error

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments after one, in order."""
        for due in CronSim(self._cron, moment.astimezone(self._zone)):
            yield due.astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """The moment as the clocks of the zone show it."""
        return moment.astimezone(self._zone)
