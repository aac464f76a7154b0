"""The function table: one row per function of the language, with its types, its Python implementation and a doc line.

The checker reads the signatures, the VM calls `python`, and the reference and the prompt print `doc`. Each engine's SQL
for the functions is in runtime/databases/ENGINE/functions.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from runtime.values import builtins as do
from runtime.values import date_builtins as dates
from runtime.values.conversion import to_text


class FunctionRow(NamedTuple):
    """One function.

    signatures: overloads, first match wins, as "round(number, int = 0) -> number". Types are the language's, and
    `number` (int, float or decimal; the result's `number` is the argument's type), `T` (any one type), `list<T>`,
    `T...` (one or more more of the last). A default makes the argument optional. `decimal` takes any decimal and gives
    the argument's; round(decimal, n) with a literal n from 0 to 18 gives scale n.
    A result is nullable when it says `?`, and, where `nulls` is False, when an argument is; that of `coalesce` when
    all of its arguments are.
    kind: scalar, aggregate or window.
    python: the meaning on the VM's values; None for aggregates, windows and the clock.
    nulls: False (the default) gives null when any argument is null, without calling `python`; True hands nulls to it.
    pure: False for functions of the clock.
    """

    name: str
    signatures: tuple[str, ...]
    doc: str
    kind: str = "scalar"
    python: Callable[..., Any] | None = None
    nulls: bool = False
    pure: bool = True


def _row(signatures: str, doc: str, python: Callable[..., Any] | None = None, **more: Any) -> FunctionRow:
    """signatures: separated by `;`."""
    each = tuple(signature.strip() for signature in signatures.split(";"))
    return FunctionRow(each[0].partition("(")[0], each, doc, python=python, **more)


_ROWS: tuple[FunctionRow, ...] = (
    # text
    _row("upper(text) -> text", "the text in upper case", str.upper),
    _row("lower(text) -> text", "the text in lower case", str.lower),
    _row("trim(text) -> text", "the text without white space at its ends", str.strip),
    _row(
        "length(text) -> int; length(list<T>) -> int",
        "number of characters of a text, or of items of a list",
        do.length,
    ),
    _row(
        "substring(text, int) -> text; substring(text, int, int) -> text",
        "part of a text: from the character with that number (the first is 1), and how many",
        do.substring,
    ),
    _row("left(text, int) -> text", "the first characters of a text", do.left),
    _row("right(text, int) -> text", "the last characters of a text", do.right),
    _row(
        "replace(text, text, text) -> text",
        "the text with every occurrence of the second replaced by the third",
        do.replace,
    ),
    _row(
        "position(text, text) -> int",
        "where the second text first occurs in the first, from 1; 0 when it does not",
        do.position,
    ),
    _row("repeat(text, int) -> text", "the text so many times", do.repeat),
    _row("reverse(text) -> text; reverse(list<T>) -> list<T>", "a text or list from its end to its start", do.reverse),
    _row('pad_left(text, int, text = " ") -> text', "the text filled up on its left to that length", do.pad_left),
    _row('pad_right(text, int, text = " ") -> text', "the text filled up on its right to that length", do.pad_right),
    _row("concat(any...) -> text", "the values as text, one after another", do.concat, nulls=True),
    _row("split(text, text) -> list<text>", "the parts of a text between separators", do.split),
    _row("join(list<text>, text) -> text", "the texts with a separator between them", do.join),
    _row("contains(text, text) -> bool", "whether the second text occurs in the first", do.contains),
    _row("starts_with(text, text) -> bool", "whether a text starts with another", do.starts_with),
    _row("ends_with(text, text) -> bool", "whether a text ends with another", do.ends_with),
    _row("like(text, text) -> bool", "whether a text is as a pattern says: % any characters, _ any one", do.like),
    # numbers
    _row("abs(number) -> number; abs(duration) -> duration", "the number without its sign", do.absolute),
    _row(
        "round(number, int = 0) -> number",
        "rounded to so many digits after the point, halves away from zero",
        do.round_,
    ),
    _row("floor(number) -> int", "the next whole number below", do.floor),
    _row("ceil(number) -> int", "the next whole number above", do.ceil),
    _row("sqrt(number) -> float", "the square root", do.sqrt),
    _row("power(number, number) -> float", "the first number to the power of the second", do.power),
    _row("sign(number) -> int", "-1, 0 or 1", do.sign),
    _row("least(T, T...) -> T", "the smallest of the values; null when one is null", do.least),
    _row("greatest(T, T...) -> T", "the largest of the values; null when one is null", do.greatest),
    # conversion
    _row(
        "int(number) -> int; int(text) -> int; int(bool) -> int; int(any) -> int",
        "as an int; a fraction is cut off",
        do.to_int,
    ),
    _row("float(number) -> float; float(text) -> float; float(any) -> float", "as a float", do.to_float),
    _row(
        "decimal(number) -> decimal; decimal(text) -> decimal; decimal(any) -> decimal",
        "as a decimal: one is as it was, anything else has 10 digits after the point",
        do.to_decimal,
    ),
    _row(
        "number(text, text) -> decimal",
        'as a decimal, from text in a form such as "1.234,5", with or without % or a currency',
        do.number_of,
    ),
    _row("text(any) -> text", "as text, as in the output", to_text),
    _row("bool(text) -> bool; bool(int) -> bool; bool(any) -> bool", "as a bool: true or false, 1 or 0", do.to_bool),
    _row(
        "date(text) -> date; date(text, text) -> date; date(timestamp) -> date; date(int, int, int) -> date;"
        " date(any) -> date",
        'as a date: from ISO text or a form such as "DD.MM.YYYY", the UTC day of a timestamp, or year, month and day',
        dates.date_of,
    ),
    _row(
        "timestamp(text) -> timestamp; timestamp(text, text) -> timestamp; timestamp(date) -> timestamp;"
        " timestamp(any) -> timestamp",
        'as a timestamp: from ISO text or a form such as "DD.MM.YYYY hh:mm", or midnight of a date in UTC',
        dates.timestamp_of,
    ),
    # dates and times
    _row("today() -> date", "the day on which this part of the run began, in UTC", pure=False),
    _row("now() -> timestamp", "the moment at which this part of the run began", pure=False),
    _row("year(date) -> int; year(timestamp) -> int", "the year", dates.year),
    _row("quarter(date) -> int; quarter(timestamp) -> int", "the quarter, 1 to 4", dates.quarter),
    _row("month(date) -> int; month(timestamp) -> int", "the month, 1 to 12", dates.month),
    _row("day(date) -> int; day(timestamp) -> int", "the day of the month, 1 to 31", dates.day),
    _row("weekday(date) -> int; weekday(timestamp) -> int", "the day of the week, Monday 1 to Sunday 7", dates.weekday),
    _row("hour(timestamp) -> int", "the hour in UTC, 0 to 23", dates.hour),
    _row("minute(timestamp) -> int", "the minute, 0 to 59", dates.minute),
    _row("second(timestamp) -> int", "the second, 0 to 59", dates.second),
    _row(
        "start_of(date, text) -> date; start_of(timestamp, text) -> timestamp",
        'the start of the "year", "quarter", "month", "week", "day" (a timestamp\'s "hour", "minute" too)',
        dates.start_of,
    ),
    _row(
        "add_days(date, int) -> date; add_days(timestamp, int) -> timestamp",
        "so many days later (earlier when negative)",
        dates.add_days,
    ),
    _row(
        "add_months(date, int) -> date; add_months(timestamp, int) -> timestamp",
        "so many months later; the last day of the month where it is shorter",
        dates.add_months,
    ),
    _row(
        "add_years(date, int) -> date; add_years(timestamp, int) -> timestamp", "so many years later", dates.add_years
    ),
    _row(
        "days_between(date, date) -> int; days_between(timestamp, timestamp) -> int",
        "days from the first date to the second",
        dates.days_between,
    ),
    _row(
        "months_between(date, date) -> int; months_between(timestamp, timestamp) -> int",
        "whole months from the first date to the second, negative when that is earlier",
        dates.months_between,
    ),
    _row(
        "years_between(date, date) -> int; years_between(timestamp, timestamp) -> int",
        "whole years from the first date to the second, as an age is counted; negative when that is earlier",
        dates.years_between,
    ),
    _row("days(duration) -> int", "whole days of a duration", dates.days),
    _row("hours(duration) -> int", "whole hours of a duration", dates.hours),
    _row("minutes(duration) -> int", "whole minutes of a duration", dates.minutes),
    _row("seconds(duration) -> int", "whole seconds of a duration", dates.seconds),
    # null
    _row(
        "coalesce(T?, T?...) -> T?",
        "the first of the values that is not null",
        do.coalesce,
        nulls=True,
    ),
    _row(
        "null_if(T?, T?) -> T?",
        "null when both are equal, else the first",
        do.null_if,
        nulls=True,
    ),
    # lists
    _row("in_list(T?, list<T>) -> bool?", "whether the list holds the value", do.in_list, nulls=True),
    _row("sort(list<T>) -> list<T>", "the items in ascending order, nulls last", do.sort),
    _row("unique(list<T>) -> list<T>", "the items without repetitions, in their order", do.unique),
    _row("append(list<T>, T?) -> list<T>", "the list with one more item at its end", do.append, nulls=True),
    _row("first_item(list<T>) -> T?", "the first item, null when there is none", do.first_item),
    _row("last_item(list<T>) -> T?", "the last item, null when there is none", do.last_item),
    _row("range(int, int) -> list<int>", "the whole numbers from the first to the second, both included", do.range_),
    _row(
        "sum_of(list<int>) -> int?; sum_of(list<float>) -> float?; sum_of(list<decimal>) -> decimal?",
        "the sum of the items that are not null",
        do.sum_of,
    ),
    _row("min_of(list<T>) -> T?", "the smallest item that is not null", do.min_of),
    _row("max_of(list<T>) -> T?", "the largest item that is not null", do.max_of),
    # aggregates: nulls don't count
    _row(
        "count() -> int; count(T?) -> int", "number of rows, or of rows where the value is not null", kind="aggregate"
    ),
    _row(
        "sum(number) -> number?; sum(duration) -> duration?", "the sum; null when there are no values", kind="aggregate"
    ),
    _row(
        "total(number) -> number; total(duration) -> duration",
        "the sum; 0 when there are no values",
        kind="aggregate",
    ),
    _row("avg(int) -> float?; avg(float) -> float?; avg(decimal) -> decimal?", "the average", kind="aggregate"),
    _row("min(T) -> T?", "the smallest value", kind="aggregate"),
    _row("max(T) -> T?", "the largest value", kind="aggregate"),
    # windows
    _row("row_number() -> int", "the row's number in its window, from 1", kind="window"),
    _row("rank() -> int", "the row's rank, equal rows sharing one, with gaps", kind="window"),
    _row("dense_rank() -> int", "the row's rank, equal rows sharing one, without gaps", kind="window"),
    _row("lag(T?, int = 1) -> T?", "the value so many rows before in the window", kind="window"),
    _row("lead(T?, int = 1) -> T?", "the value so many rows after in the window", kind="window"),
    _row("first_value(T?) -> T?", "the value of the first row of the whole window", kind="window"),
    _row("last_value(T?) -> T?", "the value of the last row of the whole window", kind="window"),
)

FUNCTIONS: dict[str, FunctionRow] = {row.name: row for row in _ROWS}


def script_called(name: str) -> str:
    """The name of a script that somebody calls so: that of a function gets `_script` after it."""
    return f"{name}_script" if name in FUNCTIONS else name


def renaming(name: str) -> str | None:
    """The note to who called a script so; None if it has that name."""
    called = script_called(name)
    return f"`{name}` is a function, so the script is called {called}" if called != name else None
