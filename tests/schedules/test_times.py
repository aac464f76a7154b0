"""Cron expressions and time zones → due times, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from runtime.errors import UsageError
from runtime.schedules.times import Times


def coming(cron: str, zone: str, after: str, count: int) -> list[str]:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return [f"{due:%m-%d %H:%M}" for due in islice(Times(cron, zone).after(moment), count)]


def test_times_are_those_of_the_zone() -> None:
    assert coming("0 6 * * 1", "Europe/Berlin", "2026-03-20", 3) == ["03-23 05:00", "03-30 04:00", "04-06 04:00"]
    assert coming("0 6 * * 1", "UTC", "2026-03-20", 2) == ["03-23 06:00", "03-30 06:00"]
    assert coming("0 0 29 2 *", "UTC", "2026-01-01", 1) == ["02-29 00:00"]  # of 2028


def test_the_moment_itself_is_over() -> None:
    assert coming("0 6 * * *", "UTC", "2026-03-20T06:00", 1) == ["03-21 06:00"]
    assert coming("0 6 * * *", "UTC", "2026-03-20T05:59:59", 1) == ["03-20 06:00"]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),  # skipped: right after the gap, at 03:00
        ("*/30 * * * *", ["03-28 00:30", "03-28 01:00", "03-28 01:30"]),
    ],
)
def test_a_time_that_clocks_skip(cron: str, expected: list[str]) -> None:
    assert coming(cron, "Europe/Berlin", "2026-03-28T00:00", 3) == expected


def test_an_interval_has_no_time_that_is_skipped() -> None:
    assert coming("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00", 4) == [
        *("03-29 00:30", "03-29 01:00", "03-29 01:30", "03-29 02:00")
    ]


def test_a_time_that_comes_twice_is_due_once() -> None:
    assert coming("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2) == ["10-25 00:30", "10-26 01:30"]


def test_an_interval_counts_both_hours() -> None:
    assert coming("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:45", 5) == [
        *("10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00")
    ]


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "* * * * * *", "@daily", "60 * * * *", "0 0 31 2 *", "0 6 * * MO", "a b"]
)
def test_an_expression_that_says_no_times(cron: str) -> None:
    with pytest.raises(UsageError) as error:
        Times(cron, "UTC")
    assert error.value.code == "V0620"
    assert "five fields" not in (error.value.hint or "")
    assert "0 6 * * 1" in (error.value.hint or "")


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "Europe"])
def test_a_zone_that_there_is_not(zone: str) -> None:
    with pytest.raises(UsageError) as error:
        Times("0 6 * * 1", zone)
    assert error.value.code == "V0621"
