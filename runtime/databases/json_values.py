"""The JSON text of a stored value → the value, on every engine alike.

An int of 64 bits is one; another number is a float where that has all of its digits, else an int or a decimal.
"""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import Any, Final

import msgspec

from runtime.errors import DatabaseError
from runtime.values.types import DECIMAL_PRECISION, INT_MAX, INT_MIN, MAX_SCALE
from runtime.values.value_types import decimal_text

# only such a text can hold a number that a float has not all the digits of, or that is past all numbers
_MANY_DIGITS: Final = re.compile(r"[0-9][0-9.]{15}")
_MANY_BYTES: Final = re.compile(rb"[0-9][0-9.]{15}")


def json_value(text: str | bytes, *, raw: bool = False) -> Any:
    """raw: for the JSON writer, which takes decimals as their text. Raises DatabaseError D0202 for a number past the
    range of floats, msgspec.DecodeError for what is no JSON, RecursionError."""
    many = _MANY_DIGITS.search(text) if isinstance(text, str) else _MANY_BYTES.search(text)
    if many is None:
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            if "out of range" not in str(error):
                raise
    shown = text if isinstance(text, str) else text.decode()
    value = (_RAW if raw else _EXACT).decode(shown)
    return _same_everywhere(value)


def _number(text: str) -> Any:
    value = float(text)
    if not isfinite(value):
        raise _out_of_range()
    exact = Decimal(text)
    if Decimal(repr(value)) == exact:
        return value
    exponent = exact.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -MAX_SCALE and exact.adjusted() - exponent < DECIMAL_PRECISION:
        return exact
    return value


def _raw(text: str) -> Any:
    value = _number(text)
    return msgspec.Raw(decimal_text(value)) if type(value) is Decimal else value


def _same_everywhere(value: Any) -> Any:
    """With an int of more than 64 bits as the float that has all of its digits, if one has: PostgreSQL keeps 1e300 as
    an int of 301 digits."""
    kind = type(value)
    if kind is dict:
        return {name: _same_everywhere(each) for name, each in value.items()}
    if kind is list:
        return [_same_everywhere(each) for each in value]
    if kind is not int or INT_MIN <= value <= INT_MAX:
        return value
    try:
        near = float(value)
    except OverflowError as error:
        raise _out_of_range() from error
    return near if Decimal(repr(near)) == value else value


def _out_of_range() -> DatabaseError:
    return DatabaseError("D0202", "a number in stored JSON is past 1.8e308, the largest float", "correct the value")


_EXACT: Final = msgspec.json.Decoder(float_hook=_number)
_RAW: Final = msgspec.json.Decoder(float_hook=_raw)
