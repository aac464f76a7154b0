"""VM values ↔ driver values: the conversions that all engines share.

An engine's own module starts from `ENCODERS` and replaces the codecs that its driver needs otherwise. Columns are read
in `try` blocks, not in a context manager: a look-up of one row enters one a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from runtime.databases.db_errors import null_stored, zero_character
from runtime.errors import DatabaseError, RunError, SopError
from runtime.values.batches import Row
from runtime.values.types import Type
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


class ColumnReader:
    """How one column of a result is read.

    convert: decodes a value that is not null; None when the driver's values need no change.
    """

    __slots__ = ("convert", "is_float", "name", "nullable")

    def __init__(self, name: str, type_: Type, convert: Codec | None) -> None:
        self.name = name
        self.nullable = type_.nullable
        self.is_float = type_.name == "float"
        self.convert = convert


def read_rows(readers: Sequence[ColumnReader], rows: list[Row]) -> list[Row]:
    """Decode a batch, column by column.

    Args:
        readers: One for each column.
        rows: The driver's rows.

    Returns:
        Rows of VM values; the same list when nothing had to change.

    Raises:
        DatabaseError: D0202 or the codec's own code, with the field's name.
    """
    if not rows or all(reader.nullable and reader.convert is None for reader in readers):
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    changed = False
    for index, (reader, column) in enumerate(zip(readers, columns, strict=True)):
        if not reader.nullable and None in column:
            raise null_stored(reader.name)
        convert = reader.convert
        # a sum is finite only if all its items are: one check for the column in place of one for each value
        if convert is None or (reader.is_float and isfinite(sum(filter(None, column)))):
            continue
        try:
            columns[index] = [None if value is None else convert(value) for value in column]
        except SopError as error:
            raise with_field(error, reader.name) from error
        changed = True
    return list(zip(*columns, strict=True)) if changed else rows
