"""A VM value → its type's name; and the limits of numbers.

A value is None, bool, int (64-bit), float (finite), Decimal (at most 38 digits), str, date, datetime (UTC),
timedelta, list or dict (a record, in field order).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation
from math import isfinite
from typing import Any, Final

from runtime.errors import RunError
from runtime.values.types import DECIMAL_PRECISION, DECIMAL_SCALE, INT_MAX, INT_MIN, MAX_SCALE

# Digits enough for the exact product of two decimals, and for a quotient that may be rounded twice without error.
EXACT: Final = Context(
    prec=130, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation, DivisionByZero]
)
DECIMAL_LIMIT: Final = Decimal(10) ** DECIMAL_PRECISION
QUANTA: Final = tuple(Decimal(1).scaleb(-scale) for scale in range(MAX_SCALE + 1))
TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    Decimal: "decimal",
    str: "text",
    date: "date",
    datetime: "timestamp",
    timedelta: "duration",
    list: "list",
    dict: "record",
}


def type_name(value: Any) -> str:
    """The language's name for the type of a value, for messages."""
    return TYPE_NAMES.get(type(value), "unknown")


def an(kind: str) -> str:
    """ "an int", "a text": a kind with its article, for messages."""
    return f"an {kind}" if kind == "int" else f"a {kind}"


def decimal_text(value: Decimal) -> str:
    """The decimal with all digits of its scale; one of the scale that plain `decimal` has, without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if text[-DECIMAL_SCALE - 1 : -DECIMAL_SCALE] == "." else text


MAX_DURATION: Final = timedelta(microseconds=INT_MAX)  # some 292,000 years, either way


# ── results that must fit ──────────────────────────────────────────────────────────────────────────────────────


def overflow() -> RunError:
    return RunError("V0101", "an int went past 64 bits", "decimal(…) and float(…) hold larger numbers")


def checked_int(value: int) -> int:
    if INT_MIN <= value <= INT_MAX:
        return value
    raise overflow()


def checked_duration(value: timedelta) -> timedelta:
    """The duration, or V0107 past 2^63 microseconds, which is what databases hold."""
    if -MAX_DURATION <= value <= MAX_DURATION:
        return value
    raise out_of_range()


def duration_of(microseconds: int) -> timedelta:
    """The duration, or V0107 past 2^63 microseconds."""
    if -INT_MAX <= microseconds <= INT_MAX:
        return timedelta(microseconds=microseconds)
    raise out_of_range()


def out_of_range() -> RunError:
    hint = "years go from 1 to 9999, durations to 106,751,991 days"
    return RunError("V0107", "a date or duration went out of range", hint)


def checked_float(value: float) -> float:
    if isfinite(value):
        return value
    raise RunError("V0103", "a float went out of range", "a float holds at most about 1.8e308")


def checked_decimal(value: Decimal) -> Decimal:
    """The decimal with no negative zero, or V0104 past 38 digits."""
    if not value:
        return value.copy_abs()
    if EXACT.abs(value).scaleb(scale_of(value), EXACT) < DECIMAL_LIMIT:
        return value
    raise _too_long()


def _too_long() -> RunError:
    hint = "round(x, digits) keeps fewer digits after the point"
    return RunError("V0104", f"a decimal went past {DECIMAL_PRECISION} digits", hint)


def scale_of(value: Decimal) -> int:
    """Digits after the point."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def quantized(value: Decimal, scale: int) -> Decimal:
    """The decimal with exactly `scale` (0 to 18) digits after the point, halves away from zero; V0104 if too long."""
    if value and value.adjusted() > DECIMAL_PRECISION:
        raise _too_long()
    return checked_decimal(value.quantize(QUANTA[scale], context=EXACT))
