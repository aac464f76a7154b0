"""VM values ↔ what psycopg is given and gives, by form code (runtime/databases/forms.py) and by type.

A list, a record and an any are JSON text on the way in, and JSON bytes on the way out. Reading raises DatabaseError
D0202 for a stored value that the language has no like of: NaN, an infinity, an interval of months, bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from decimal import Decimal
from functools import lru_cache, partial
from math import isfinite
from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.datetime import IntervalLoader
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import Int8Dumper

from runtime.conversion import convert, json_ready
from runtime.databases.protocol import Row
from runtime.databases.refusals import null_stored
from runtime.errors import DatabaseError, SopError
from runtime.kinds import checked_float, quantized
from runtime.types import Type

Codec = Callable[[Any], Any]


class _DurationLoader(IntervalLoader):
    """An interval of days and smaller units; months have no length of their own."""

    def load(self, data: Any) -> Any:
        text = bytes(data)
        if b"mon" in text or b"year" in text:
            raise psycopg.DataError(f"the interval {text.decode()} is not of days and smaller units alone")
        return super().load(data)


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Have the connection take and give what this module works with."""
    set_json_loads(_same, connection)
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_loader("interval", _DurationLoader)


# ── VM value → PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def encoder(form: str) -> Codec:
    """A function from a VM value of the form's type (or null) to what psycopg is given."""
    kind = form[0]
    if kind in "ds":
        scale = int(form[1:])
        return lambda value: None if value is None else quantized(_decimal(value), scale)
    return _ENCODERS[kind]


def _decimal(value: Any) -> Decimal:
    return Decimal(repr(value)) if type(value) is float else Decimal(value)


def _encode_text(value: Any) -> Any:
    if value is not None and "\0" in value:
        raise DatabaseError("D0307", "a text holds the character with number 0, which no database keeps")
    return value


def _encode_json(value: Any) -> Any:
    return None if value is None else _encode_text(msgspec.json.encode(json_ready(value)).decode())


def _same(value: Any) -> Any:
    return value


_ENCODERS: Final[dict[str, Codec]] = {
    "b": _same,
    "i": _same,
    "f": lambda value: None if value is None else checked_float(float(value)),
    "t": _encode_text,
    "D": _same,
    "T": _same,
    "u": _same,
    "j": _encode_json,
    "l": _encode_json,
    "n": _same,
}


# ── PostgreSQL → VM value ──────────────────────────────────────────────────────────────────────────────────────


def row_reader(columns: Sequence[tuple[str, Type]], *, json: bool) -> Callable[[list[Row]], list[Row]]:
    """A function from a batch of rows of psycopg's to a batch of VM values, or (json) of values for the JSON writer; it
    raises D0202 naming the field."""
    return partial(_read, [_Reader(name, type_, json) for name, type_ in columns])


class _Reader:
    """How one column is read. convert: None when its values are right as they are."""

    def __init__(self, name: str, type_: Type, json: bool) -> None:
        self.name = name
        self.nullable = type_.nullable
        self.is_float = type_.name == "float"
        self.convert = _converter(type_, json)


def _converter(type_: Type, json: bool) -> Codec | None:
    match type_.name:
        case "decimal":
            return _raw_decimal if json else _finite_decimal
        case "timestamp":
            return lambda value: value.replace(tzinfo=UTC)
        case "any":
            return _any
        case "list" | "record":
            return partial(_typed_json, type_.not_null())
        case "float":
            return checked_float
        case _:
            return None


def _read(readers: list[_Reader], rows: list[Row]) -> list[Row]:
    if not rows:
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    changed = False
    for index, (reader, column) in enumerate(zip(readers, columns, strict=True)):
        if not reader.nullable and None in column:
            raise null_stored(reader.name)
        convert_ = reader.convert
        if convert_ is None or (reader.is_float and isfinite(sum(filter(None, column)))):
            continue
        try:
            columns[index] = [None if value is None else convert_(value) for value in column]
        except SopError as error:
            raise DatabaseError(error.code, f"`{reader.name}`: {error.message}", error.hint) from error
        changed = True
    return list(zip(*columns, strict=True)) if changed else rows


def _finite_decimal(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise DatabaseError("D0202", f"{value} is stored where a decimal is declared", "correct the stored value")
    return value


def _raw_decimal(value: Decimal) -> msgspec.Raw:
    return msgspec.Raw(format(_finite_decimal(value), "f"))


def _any(value: Any) -> Any:
    if type(value) is not bytes:
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DatabaseError(
            "D0202", f"a value of {len(value)} bytes is stored, which the language has no like of"
        ) from error


_DECIMALS: Final = msgspec.json.Decoder(float_hook=Decimal)


def _typed_json(type_: Type, value: Any) -> Any:
    """A list or record as JSON → its values, decimals with all their digits."""
    return convert(_DECIMALS.decode(value), type_)
