"""VM values → VM values: the functions in runtime/values/functions.py; those of dates are in date_builtins.py.

No argument is null unless the table's row has `nulls`. Errors are RunErrors with the codes of
runtime/values/operators.py; V0106 also means an invalid argument.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from functools import cmp_to_key, lru_cache, reduce
from typing import Any, Final

from runtime.errors import RunError
from runtime.values.conversion import convert, from_text, not_a, to_text
from runtime.values.forms import NUMBER, find_form, forms_of
from runtime.values.operators import add, eq, lt
from runtime.values.types import DATE, DECIMAL, MAX_SCALE, TIMESTAMP, Type
from runtime.values.value_types import (
    EXACT,
    an,
    checked_decimal,
    checked_float,
    checked_int,
    quantized,
    type_name,
)

MAX_TEXT: Final = 10_000_000
MAX_LIST: Final = 1_000_000
_WIDE: Final = Context(prec=400, rounding=ROUND_HALF_UP)


def bad_argument(message: str, hint: str | None = None) -> RunError:
    return RunError("V0106", message, hint)


def _count(value: int, what: str) -> int:
    if value < 0:
        raise bad_argument(f"{what} is {value}, below 0")
    return value


def _room_for(characters: int) -> None:
    if characters > MAX_TEXT:
        raise bad_argument(f"a text would be longer than {MAX_TEXT:,} characters")


def _text(value: str) -> str:
    _room_for(len(value))
    return value


# ── text ───────────────────────────────────────────────────────────────────────────────────────────────────────


def length(value: Any) -> int:
    return len(value)


def substring(text: str, start: int, count: int | None = None) -> str:
    if start < 1:
        raise bad_argument(f"the start of a substring is {start}, below 1", "the first character is number 1")
    if count is None:
        return text[start - 1 :]
    return text[start - 1 : start - 1 + _count(count, "the length of a substring")]


def left(text: str, count: int) -> str:
    return text[: _count(count, "the number of characters")]


def right(text: str, count: int) -> str:
    return text[max(0, len(text) - _count(count, "the number of characters")) :]


def replace(text: str, old: str, new: str) -> str:
    if not old:
        return text
    _room_for(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def position(text: str, part: str) -> int:
    return text.find(part) + 1


def repeat(text: str, count: int) -> str:
    _room_for(len(text) * _count(count, "the number of repeats"))
    return text * count


def reverse(value: Any) -> Any:
    return value[::-1]


def _padding(text: str, width: int, fill: str) -> str:
    if not fill:
        raise bad_argument("the text to fill up with is empty")
    _room_for(width)
    missing = max(0, width - len(text))
    return (fill * (missing // len(fill) + 1))[:missing]


def pad_left(text: str, width: int, fill: str = " ") -> str:
    return _padding(text, width, fill) + text


def pad_right(text: str, width: int, fill: str = " ") -> str:
    return text + _padding(text, width, fill)


def concat(*values: Any) -> str:
    return _text("".join(map(to_text, values)))


def split(text: str, separator: str) -> list[str]:
    if not separator:
        raise bad_argument("the separator is empty")
    return text.split(separator)


def join(texts: list[Any], separator: str) -> str:
    if any(type(item) is not str for item in texts):
        raise bad_argument("a list to join holds something that is not a text")
    return _text(separator.join(texts))


def contains(text: str, part: str) -> bool:
    return part in text


def starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


def ends_with(text: str, end: str) -> bool:
    return text.endswith(end)


@lru_cache(maxsize=256)
def _like_pattern(pattern: str) -> re.Pattern[str]:
    # runs of % are one, so that no pattern can make the match take exponential time
    parts = re.split(r"(%+|_)", pattern)
    pieces = [".*?" if part.startswith("%") else "." if part == "_" else re.escape(part) for part in parts]
    return re.compile("".join(pieces), re.DOTALL)


def like(text: str, pattern: str) -> bool:
    return _like_pattern(pattern).fullmatch(text) is not None


# ── numbers ────────────────────────────────────────────────────────────────────────────────────────────────────


def absolute(value: Any) -> Any:
    return checked_int(abs(value)) if type(value) is int else value.copy_abs() if type(value) is Decimal else abs(value)


def round_(value: Any, digits: int = 0) -> Any:
    """Halves go away from zero. A float counts as the shortest decimal that writes it, so 2.675 → 2.68. A decimal
    has `digits` digits after the point then (0 to 18: with more there is nothing to round)."""
    kind = type(value)
    if kind is Decimal:
        return quantized(_rounded(value, digits), min(max(digits, 0), MAX_SCALE))
    exact = _rounded(Decimal(value) if kind is int else Decimal(repr(value)), digits)
    return checked_int(int(exact)) if kind is int else checked_float(float(exact) + 0.0)  # no negative zero


def _rounded(value: Decimal, digits: int) -> Decimal:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= digits:
        return value
    if value.adjusted() < -digits - 1:
        return Decimal(0)
    return value.quantize(Decimal(1).scaleb(-digits), context=_WIDE)


def _whole(value: Any, rounding: str) -> int:
    if type(value) is int:
        return int(value)
    exact = (
        Decimal(value) if type(value) is float else value
    )  # all its digits: past 2^53 they are not those of its text
    return checked_int(int(exact.to_integral_value(rounding, _WIDE)))


def floor(value: Any) -> int:
    return _whole(value, ROUND_FLOOR)


def ceil(value: Any) -> int:
    return _whole(value, ROUND_CEILING)


def sqrt(value: Any) -> float:
    if value < 0:
        raise bad_argument(f"the square root of {to_text(value)}, which is below 0")
    return math.sqrt(value)


def power(base: Any, exponent: Any) -> float:
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        result = math.inf
    except ValueError as error:
        raise bad_argument(f"{to_text(base)} can't be raised to the power of {to_text(exponent)}") from error
    return checked_float(result)


def sign(value: Any) -> int:
    return int(value > 0) - int(value < 0)


def least(*values: Any) -> Any:
    result = values[0]
    for value in values[1:]:
        if lt(value, result):
            result = value
    return result


def greatest(*values: Any) -> Any:
    result = values[0]
    for value in values[1:]:
        if lt(result, value):
            result = value
    return result


# ── conversion ─────────────────────────────────────────────────────────────────────────────────────────────────


def _refused(value: Any, wanted: str) -> RunError:
    return RunError("V0105", f"{an(type_name(value))} can't be made into {an(wanted)}")


def to_int(value: Any) -> int:
    """Fractions are cut off."""
    kind = type(value)
    if kind is int or kind is bool:
        return int(value)
    if kind is float or kind is Decimal:
        return checked_int(int(value))
    if kind is str:
        return int(from_text(value, Type("int")))
    raise _refused(value, "int")


def to_float(value: Any) -> float:
    kind = type(value)
    if kind in (int, float, Decimal):
        return checked_float(float(value))
    if kind is str:
        return float(from_text(value, Type("float")))
    raise _refused(value, "float")


def to_decimal(value: Any) -> Decimal:
    if type(value) is Decimal:
        return value
    if type(value) is str:
        return checked_decimal(from_text(value, DECIMAL))
    if type(value) in (int, float):
        return checked_decimal(convert(value, DECIMAL))
    raise _refused(value, "decimal")


def by_form(kind: str, text: str, name: str) -> Any:
    """The text as the form reads it, without white space around it."""
    form = find_form(name)
    if form is None or form.kind != kind:
        raise bad_argument(f'"{name}" is no form of a {kind}', forms_of(kind))
    try:
        return form.read(text.strip())
    except ValueError as error:
        raise not_a(text, f'{kind} in the form "{name}"') from error


def number_of(text: str, form: str) -> Decimal:
    return to_decimal(str(by_form(NUMBER, text, form)))


def to_bool(value: Any) -> bool:
    kind = type(value)
    if kind is bool:
        return bool(value)
    if kind is int and value in (0, 1):
        return bool(value)
    if kind is str:
        return bool(from_text(value, Type("bool")))
    raise _refused(value, "bool")


def to_date(value: Any) -> date:
    """A timestamp's day is its day in UTC."""
    if type(value) is datetime:
        return value.date()
    if type(value) is date:
        return value
    if type(value) is str:
        result: date = from_text(value, DATE)
        return result
    raise _refused(value, "date")


def to_timestamp(value: Any) -> datetime:
    """A date becomes its midnight in UTC."""
    if type(value) is datetime:
        return value
    if type(value) is date:
        return datetime.combine(value, time(), UTC)
    if type(value) is str:
        result: datetime = from_text(value, TIMESTAMP)
        return result
    raise _refused(value, "timestamp")


# ── null ───────────────────────────────────────────────────────────────────────────────────────────────────────


def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def null_if(value: Any, other: Any) -> Any:
    return None if eq(value, other) is True else value


# ── lists ──────────────────────────────────────────────────────────────────────────────────────────────────────


def in_list(value: Any, items: list[Any] | None) -> bool | None:
    """As `value in (…)`: null when it is not found and an item is null, or the value is null and there are items; null
    when there is no list."""
    if items is None:
        return None
    found: bool | None = False
    for item in items:
        equal: bool | None = eq(value, item)
        if equal:
            return True
        if equal is None:
            found = None
    return found


def _compare(a: Any, b: Any) -> int:
    if a is None or b is None:
        return (a is None) - (b is None)
    return -1 if lt(a, b) else 1 if lt(b, a) else 0


def sort(items: list[Any]) -> list[Any]:
    """Nulls last."""
    return sorted(items, key=cmp_to_key(_compare))


def unique(items: list[Any]) -> list[Any]:
    result: list[Any] = []
    seen: set[Any] = set()
    for item in items:
        if type(item) in (list, dict):
            if not any(eq(item, other) for other in result if type(other) is type(item)):
                result.append(item)
        elif item not in seen:
            seen.add(item)
            result.append(item)
    return result


def append(items: list[Any], item: Any) -> list[Any]:
    if len(items) >= MAX_LIST:
        raise bad_argument(f"a list would be longer than {MAX_LIST:,} items")
    return [*items, item]


def first_item(items: list[Any]) -> Any:
    return items[0] if items else None


def last_item(items: list[Any]) -> Any:
    return items[-1] if items else None


def range_(low: int, high: int) -> list[int]:
    if high - low >= MAX_LIST:
        raise bad_argument(f"a list would be longer than {MAX_LIST:,} items", "`for each x in a to b do` needs no list")
    return list(range(low, high + 1))


def sum_of(items: list[Any]) -> Any:
    """Nulls don't count; null when nothing is left. Only the whole sum has to fit."""
    values = [item for item in items if item is not None]
    kinds = set(map(type, values))
    if kinds == {int}:
        return checked_int(sum(values))
    if kinds == {Decimal}:
        return checked_decimal(reduce(EXACT.add, values))
    return reduce(add, values) if values else None


def min_of(items: list[Any]) -> Any:
    values = [item for item in items if item is not None]
    return least(*values) if values else None


def max_of(items: list[Any]) -> Any:
    values = [item for item in items if item is not None]
    return greatest(*values) if values else None
