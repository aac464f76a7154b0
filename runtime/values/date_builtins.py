"""Dates, timestamps and durations → VM values: those implementations of the functions in runtime/values/functions.py.

No argument is null. Errors are RunErrors: V0106 for an invalid argument, V0107 for a date out of range.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from runtime.values.builtins import bad_argument, by_form, to_date, to_timestamp
from runtime.values.forms import DATE, TIMESTAMP
from runtime.values.value_types import out_of_range, type_name


def make_date(year_: int, month_: int, day_: int) -> date:
    try:
        return date(year_, month_, day_)
    except (ValueError, OverflowError) as error:
        raise bad_argument(f"there is no date with year {year_}, month {month_} and day {day_}") from error


def date_of(*values: Any) -> date:
    if len(values) == 2:
        result: date = by_form(DATE, *values)
        return result
    return to_date(values[0]) if len(values) == 1 else make_date(*values)


def timestamp_of(value: Any, form: str | None = None) -> datetime:
    result: datetime = to_timestamp(value) if form is None else by_form(TIMESTAMP, value, form)
    return result


def year(value: date) -> int:
    return value.year


def quarter(value: date) -> int:
    return (value.month + 2) // 3


def month(value: date) -> int:
    return value.month


def day(value: date) -> int:
    return value.day


def weekday(value: date) -> int:
    return value.isoweekday()


def hour(value: datetime) -> int:
    return value.hour


def minute(value: datetime) -> int:
    return value.minute


def second(value: datetime) -> int:
    return value.second


def start_of(value: Any, unit: str) -> Any:
    """The first day, or the first moment, of the year, quarter, month, week (Monday), day, hour or minute."""
    is_timestamp = type(value) is datetime
    if is_timestamp and unit in ("hour", "minute"):
        return value.replace(second=0, microsecond=0, minute=value.minute if unit == "minute" else 0)
    day_ = value.date() if is_timestamp else value
    if unit == "year":
        day_ = day_.replace(month=1, day=1)
    elif unit == "quarter":
        day_ = day_.replace(month=(quarter(day_) - 1) * 3 + 1, day=1)
    elif unit == "month":
        day_ = day_.replace(day=1)
    elif unit == "week":
        day_ -= timedelta(days=day_.weekday())
    elif unit != "day":
        units = "year, quarter, month, week, day" + (", hour, minute" if is_timestamp else "")
        raise bad_argument(f'"{unit}" is not a unit of a {type_name(value)}', f"one of {units}")
    return to_timestamp(day_) if is_timestamp else day_


def add_months(value: Any, months: int) -> Any:
    """The same day of another month, or that month's last day where it has no such day."""
    total = value.year * 12 + value.month - 1 + months
    if not 12 <= total < 10_000 * 12:
        raise out_of_range()
    year_, month_ = divmod(total, 12)
    last = calendar.monthrange(year_, month_ + 1)[1]
    return value.replace(year=year_, month=month_ + 1, day=min(value.day, last))


def add_years(value: Any, years: int) -> Any:
    if not -10_000 < years < 10_000:
        raise out_of_range()
    return add_months(value, years * 12)


def add_days(value: Any, days_: int) -> Any:
    try:
        return value + timedelta(days=days_)
    except OverflowError as error:
        raise out_of_range() from error


def days_between(start: date, end: date) -> int:
    return (to_date(end) - to_date(start)).days


def months_between(start: date, end: date) -> int:
    """The most months that `add_months` can add to the first date without passing the second; so the last day of a
    shorter month completes one."""
    first, last = to_date(start), to_date(end)
    if first > last:
        return -months_between(last, first)
    begun = (last.year - first.year) * 12 + last.month - first.month
    incomplete = last.day < first.day and last.day < calendar.monthrange(last.year, last.month)[1]
    return begun - incomplete


def years_between(start: date, end: date) -> int:
    months = months_between(start, end)
    return months // 12 if months >= 0 else -(-months // 12)


def _whole_units(unit: timedelta) -> Callable[[timedelta], int]:
    def count(value: timedelta) -> int:
        return value // unit if value >= timedelta() else -(-value // unit)

    return count


days = _whole_units(timedelta(days=1))
hours = _whole_units(timedelta(hours=1))
minutes = _whole_units(timedelta(minutes=1))
seconds = _whole_units(timedelta(seconds=1))
