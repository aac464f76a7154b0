"""JSON text → a value, of whatever the text comes from alike.

A number written as an int of 64 bits is one. Another number is a float where that is equal to it, else a decimal where
that has room for its digits, else the nearest float.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

import msgspec

from runtime.values.types import DECIMAL_PRECISION, INT_MAX, INT_MIN, MAX_SCALE
from runtime.values.value_types import EXACT, checked_float, decimal_text, quantized, scale_of

# only such a text can hold a number that a float has not all the digits of, or that is past all numbers
_MANY_DIGITS: Final = re.compile(r"[0-9][0-9.]{15}")
_MANY_BYTES: Final = re.compile(rb"[0-9][0-9.]{15}")


def json_value(text: str | bytes, *, raw: bool = False) -> Any:
    """raw: for the JSON writer, which takes decimals as their text. Raises RunError V0103 for a number past the largest
    float, msgspec.DecodeError for what is no JSON, RecursionError."""
    many = _MANY_DIGITS.search(text) if isinstance(text, str) else _MANY_BYTES.search(text)
    if many is None:
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            if "out of range" not in str(error):
                raise
    shown = text if isinstance(text, str) else text.decode()
    value = (_RAW if raw else _EXACT).decode(shown)
    return _with_large_ints(value, raw)


def _number(text: str) -> Any:
    return _float_or_decimal(Decimal(text), float(text))


def _float_or_decimal(exact: Decimal, near: float) -> float | Decimal:
    """near: the nearest float. Zeros at the end of a number don't count as digits."""
    if is_float(exact, checked_float(near)):
        return near
    shortest = exact.normalize(EXACT)
    scale = scale_of(shortest)
    if shortest != exact or scale > MAX_SCALE or shortest.adjusted() + scale >= DECIMAL_PRECISION:
        return near
    return quantized(shortest, scale)


def is_float(exact: Decimal, near: float) -> bool:
    """Whether the decimal is the number that the float is written as."""
    return Decimal(repr(near)) == exact


def _raw(text: str) -> Any:
    return _written(_number(text))


def _written(value: Any) -> Any:
    return msgspec.Raw(decimal_text(value)) if type(value) is Decimal else value


def _with_large_ints(value: Any, raw: bool) -> Any:
    """With each int of more than 64 bits as the float or decimal that it is."""
    kind = type(value)
    if kind is dict:
        return {name: _with_large_ints(each, raw) for name, each in value.items()}
    if kind is list:
        return [_with_large_ints(each, raw) for each in value]
    if kind is not int or INT_MIN <= value <= INT_MAX:
        return value
    exact = Decimal(value)
    number = _float_or_decimal(exact, float(exact))
    return _written(number) if raw else number


_EXACT: Final = msgspec.json.Decoder(float_hook=_number)
_RAW: Final = msgspec.json.Decoder(float_hook=_raw)
