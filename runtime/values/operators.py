"""VM values → VM values: arithmetic, comparison and logic. This defines the language; tests hold engines to it.

Types of values and limits of numbers are in value_types.py, conversions in conversion.py.
Errors are RunErrors: V0101 overflow of an int, V0102 division by zero, V0103 a float that is not finite, V0104 a
decimal too large, V0106 operands that do not go together, V0107 a date or duration out of range.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from math import fmod, trunc
from typing import Any, Final

from runtime.errors import RunError
from runtime.values.types import MAX_SCALE
from runtime.values.value_types import (
    EXACT,
    QUANTA,
    an,
    checked_decimal,
    checked_duration,
    checked_float,
    checked_int,
    out_of_range,
    quantized,
    scale_of,
    type_name,
)

DIVISION_SCALE: Final = 6
ONE_DAY: Final = timedelta(days=1)


def division_by_zero() -> RunError:
    return RunError("V0102", "division by zero", "`case when divisor != 0 then … end` guards a division")


def mismatch(operator: str, a: Any, b: Any) -> RunError:
    """The error for operands of types that the operator does not combine."""
    left, right = type_name(a), type_name(b)
    hint = None
    if operator == "+" and "text" in (left, right):
        hint = 'texts are joined as "{a}{b}"'
    return RunError("V0106", f"`{operator}` does not work on {an(left)} and {an(right)}", hint)


# ── arithmetic, by the two operands' types ─────────────────────────────────────────────────────────────────────


def _dates(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def checked(a: Any, b: Any) -> Any:
        try:
            return operation(a, b)
        except OverflowError as error:
            raise out_of_range() from error

    return checked


def _durations(operation: Callable[[Any, Any], timedelta]) -> Callable[[Any, Any], Any]:
    return _dates(lambda a, b: checked_duration(operation(a, b)))


def _whole_days(duration: timedelta) -> timedelta:
    if duration % ONE_DAY:
        raise RunError(
            "V0106", "a date moves by whole days only", "timestamp(…) makes a timestamp, which any duration can move"
        )
    return duration


def _mul_decimal(a: Any, b: Any) -> Decimal:
    product = EXACT.multiply(a, b)
    return quantized(product, MAX_SCALE) if scale_of(product) > MAX_SCALE else checked_decimal(product)


def _div_decimal(a: Any, b: Any) -> Decimal:
    if not b:
        raise division_by_zero()
    a, b = Decimal(a), Decimal(b)
    return quantized(EXACT.divide(a, b), max(scale_of(a), scale_of(b), DIVISION_SCALE))


def _div_float(a: Any, b: Any) -> float:
    if not b:
        raise division_by_zero()
    return checked_float(float(a) / float(b))


def _intdiv_int(a: int, b: int) -> int:
    if not b:
        raise division_by_zero()
    quotient = a // b
    if quotient < 0 and quotient * b != a:
        quotient += 1
    return checked_int(quotient)


def _intdiv_float(a: Any, b: Any) -> float:
    quotient = _div_float(a, b)
    return float(trunc(quotient))


def _intdiv_decimal(a: Any, b: Any) -> Decimal:
    if not b:
        raise division_by_zero()
    return checked_decimal(EXACT.divide(Decimal(a), Decimal(b)).quantize(QUANTA[0], ROUND_DOWN, EXACT))


def _mod_int(a: int, b: int) -> int:
    if not b:
        raise division_by_zero()
    remainder = a % b
    if remainder and (a < 0) is not (b < 0):
        remainder -= b
    return remainder


def _mod_float(a: Any, b: Any) -> float:
    if not b:
        raise division_by_zero()
    return fmod(float(a), float(b))


def _mod_decimal(a: Any, b: Any) -> Decimal:
    if not b:
        raise division_by_zero()
    return checked_decimal(EXACT.remainder(Decimal(a), Decimal(b)))


Operation = Callable[[Any, Any], Any]
Table = dict[tuple[type, type], Operation]


def _numeric(on_int: Operation, on_float: Operation, on_decimal: Operation) -> Table:
    """int with int, a float with anything → float, a decimal with int or decimal → decimal."""
    table: Table = {(int, int): on_int}
    for a, b in ((float, float), (float, int), (int, float), (float, Decimal), (Decimal, float)):
        table[a, b] = on_float
    for a, b in ((Decimal, Decimal), (Decimal, int), (int, Decimal)):
        table[a, b] = on_decimal
    return table


_ADD: Final = _numeric(
    lambda a, b: checked_int(a + b),
    lambda a, b: checked_float(float(a) + float(b)),
    lambda a, b: checked_decimal(EXACT.add(a, b)),
) | {
    (date, timedelta): _dates(lambda a, b: a + _whole_days(b)),
    (timedelta, date): _dates(lambda a, b: b + _whole_days(a)),
    (date, int): _dates(lambda a, b: a + timedelta(days=b)),
    (int, date): _dates(lambda a, b: b + timedelta(days=a)),
    (datetime, timedelta): _dates(lambda a, b: a + b),
    (timedelta, datetime): _dates(lambda a, b: b + a),
    (timedelta, timedelta): _durations(lambda a, b: a + b),
}
_SUB: Final = _numeric(
    lambda a, b: checked_int(a - b),
    lambda a, b: checked_float(float(a) - float(b)),
    lambda a, b: checked_decimal(EXACT.subtract(a, b)),
) | {
    (date, timedelta): _dates(lambda a, b: a - _whole_days(b)),
    (date, int): _dates(lambda a, b: a - timedelta(days=b)),
    (date, date): _dates(lambda a, b: a - b),
    (datetime, timedelta): _dates(lambda a, b: a - b),
    (datetime, datetime): _dates(lambda a, b: a - b),
    (timedelta, timedelta): _durations(lambda a, b: a - b),
}
_MUL: Final = _numeric(
    lambda a, b: checked_int(a * b),
    lambda a, b: checked_float(float(a) * float(b)),
    _mul_decimal,
) | {
    (timedelta, int): _durations(lambda a, b: a * b),
    (int, timedelta): _durations(lambda a, b: a * b),
}
_DIV: Final = _numeric(_div_float, _div_float, _div_decimal)
_INTDIV: Final = _numeric(_intdiv_int, _intdiv_float, _intdiv_decimal)
_MOD: Final = _numeric(_mod_int, _mod_float, _mod_decimal)


def _apply(table: Table, operator: str, a: Any, b: Any) -> Any:
    operation = table.get((type(a), type(b)))
    if operation is not None:
        return operation(a, b)
    if a is None or b is None:
        return None
    raise mismatch(operator, a, b)


def add(a: Any, b: Any) -> Any:
    """a + b; decimals keep the larger scale; dates, timestamps and durations move, a date by an int of days too."""
    return _apply(_ADD, "+", a, b)


def sub(a: Any, b: Any) -> Any:
    """a - b, as `add`; two dates or two timestamps give a duration."""
    return _apply(_SUB, "-", a, b)


def mul(a: Any, b: Any) -> Any:
    """a * b; scales of decimals add up, to at most 18 (halves away from zero); a duration times an int."""
    return _apply(_MUL, "*", a, b)


def div(a: Any, b: Any) -> Any:
    """a / b: a float, or a decimal of scale max(scales, 6) when a side is a decimal and none a float."""
    return _apply(_DIV, "/", a, b)


def intdiv(a: Any, b: Any) -> Any:
    """a // b, truncated towards zero; of the operands' type (a decimal of scale 0)."""
    return _apply(_INTDIV, "//", a, b)


def mod(a: Any, b: Any) -> Any:
    """The remainder of a // b; has a's sign."""
    return _apply(_MOD, "%", a, b)


def neg(a: Any) -> Any:
    """-a of a number or duration."""
    kind = type(a)
    if kind is int:
        return checked_int(-a)
    if kind is float:
        return 0.0 - a  # as engines do: no negative zero
    if kind is Decimal:
        return a.copy_negate() if a else a
    if kind is timedelta:
        return checked_duration(-a)
    if a is None:
        return None
    raise RunError("V0106", f"`-` does not work on {an(type_name(a))}")


# ── comparison: True, False, or None when a side is null ───────────────────────────────────────────────────────

_NUMBERS: Final = frozenset({int, float, Decimal})
_ORDERED: Final = frozenset({bool, int, float, Decimal, str, date, datetime, timedelta})


def same(a: Any, b: Any) -> bool:
    """Whether two values are deeply equal; nulls inside lists and records equal each other."""
    kind = type(a)
    if kind is list:
        return type(b) is list and len(a) == len(b) and all(map(same, a, b))
    if kind is dict:
        return type(b) is dict and a.keys() == b.keys() and all(same(value, b[name]) for name, value in a.items())
    if kind is type(b) or (kind in _NUMBERS and type(b) in _NUMBERS):
        return bool(a == b)
    return False


def eq(a: Any, b: Any) -> bool | None:
    """a = b: numbers by exact value, texts by code points, lists and records item by item."""
    kind, other = type(a), type(b)
    if kind is other and kind in _ORDERED:
        return bool(a == b)
    if a is None or b is None:
        return None
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(a == b)
    if kind is other:
        return same(a, b)
    raise mismatch("=", a, b)


def ne(a: Any, b: Any) -> bool | None:
    """a != b, as `eq`."""
    equal = eq(a, b)
    return None if equal is None else not equal


def _comparable(operator: str, a: Any, b: Any) -> bool:
    """False when a side is null; V0106 when the two have no order."""
    kind, other = type(a), type(b)
    if kind is other and kind in _ORDERED:
        return True
    if a is None or b is None:
        return False
    if kind in _NUMBERS and other in _NUMBERS:
        return True
    raise mismatch(operator, a, b)


def field(record: Any, name: str) -> Any:
    """record.name: null where a record has no such field, or is null. V0106 for what is no record."""
    if type(record) is dict:
        return record.get(name)
    if record is None:
        return None
    raise RunError("V0106", f"{an(type_name(record))} has no fields, so no `{name}`")


def lt(a: Any, b: Any) -> bool | None:
    """a < b; false comes before true."""
    return bool(a < b) if _comparable("<", a, b) else None


def le(a: Any, b: Any) -> bool | None:
    """a <= b, as `lt`."""
    return bool(a <= b) if _comparable("<=", a, b) else None


# ── logic: True, False or None ─────────────────────────────────────────────────────────────────────────────────


def truth(value: Any) -> bool | None:
    """The value itself when it is a bool or null, else V0106."""
    if value is True or value is False or value is None:
        return value
    raise RunError("V0106", f"a condition is {an(type_name(value))}, not a bool", "compare it with something")


def logic_not(a: Any) -> bool | None:
    a = truth(a)
    return None if a is None else not a


def logic_and(a: Any, b: Any) -> bool | None:
    """False when a side is false, else null when a side is null, else true."""
    a, b = truth(a), truth(b)
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def logic_or(a: Any, b: Any) -> bool | None:
    """True when a side is true, else null when a side is null, else false."""
    a, b = truth(a), truth(b)
    if a is True or b is True:
        return True
    return None if a is None or b is None else False
