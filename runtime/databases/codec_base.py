"""VM values ↔ driver values: the conversions that all engines share.

An engine's own module starts from `ENCODERS` and replaces the codecs that its driver needs otherwise. Columns are read
in `try` blocks, not in a context manager: that would cost a look-up of one row about 0.5 µs a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from runtime.databases.db_errors import zero_character
from runtime.errors import DatabaseError, RunError, SopError
from runtime.values.value_types import checked_float, out_of_range

Codec = Callable[[Any], Any]
_MICROSECOND: Final = timedelta(microseconds=1)


def unchanged(value: Any) -> Any:
    """The value: the driver takes what the VM has."""
    return value


def exact_decimal(value: Any) -> Decimal:
    """The number as a Decimal; a float counts as the shortest decimal that writes it, so 0.1 is 0.1."""
    return Decimal(repr(value)) if type(value) is float else Decimal(value)


def encode_float(value: Any) -> float | None:
    """Raises RunError V0103 for an infinity or NaN."""
    return None if value is None else checked_float(float(value))


def encode_text(value: Any) -> Any:
    """Raises DatabaseError D0307 for a text with a null character, which no engine stores."""
    if value is not None and "\0" in value:
        raise zero_character()
    return value


def encode_timestamp(value: Any) -> Any:
    """A datetime in UTC → one without a zone."""
    return None if value is None else value.replace(tzinfo=None)


def encode_duration(value: Any) -> int | None:
    """A timedelta → microseconds."""
    return None if value is None else value // _MICROSECOND


def encode_limit(value: Any) -> int:
    """A `limit` or `offset`. Raises RunError V0112 when it is negative or null."""
    if value is None or value < 0:
        raise RunError("V0112", f"a limit can't be negative, and it is {'null' if value is None else value}")
    return int(value)


def decode_duration(value: int) -> timedelta:
    """Microseconds → a timedelta. Raises RunError V0107 past what a timedelta holds."""
    try:
        return timedelta(microseconds=value)
    except OverflowError as error:
        raise out_of_range() from error


ENCODERS: Final[Mapping[str, Codec]] = {
    "b": unchanged,
    "i": unchanged,
    "f": encode_float,
    "t": encode_text,
    "D": unchanged,
    "T": encode_timestamp,
    "u": encode_duration,
    "n": unchanged,
    "c": encode_limit,
}


def with_field(error: SopError, field: str) -> DatabaseError:
    """The error of reading a value, with the name of the field that holds it."""
    return DatabaseError(error.code, f"`{field}`: {error.message}", error.hint)
