"""VM values ↔ psycopg's values, by codec name (runtime/query/codecs.py) and by type.

A record, an any and a list of those are sent as JSON text and read as JSON bytes; a timestamp has no zone, a duration
is a number of microseconds. Reading raises DatabaseError D0202 for a stored value outside the language: NaN, an
infinity, bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import Int8Dumper

from runtime.databases.codec_base import (
    ENCODERS,
    Codec,
    ColumnReader,
    decode_duration,
    encode_text,
    exact_decimal,
    read_rows,
    unchanged,
)
from runtime.databases.json_values import stored_json
from runtime.errors import DatabaseError
from runtime.values.batches import Row
from runtime.values.conversion import convert, json_ready
from runtime.values.types import INT_MAX, Type
from runtime.values.value_types import checked_float, decimal_text, quantized


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Register the adapters that this module counts on."""
    set_json_loads(unchanged, connection)
    connection.adapters.register_dumper(int, Int8Dumper)


# ── VM value → PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def encoder(form: str) -> Codec:
    """The function that encodes a VM value (or null) for psycopg."""
    kind = form[0]
    if kind in "ds":
        scale = int(form[1:])
        return lambda value: None if value is None else quantized(exact_decimal(value), scale)
    if kind == "l" and form[1] not in "lj":
        item = encoder(form[1:])
        return lambda value: None if value is None else [item(each) for each in value]
    return _ENCODERS[kind]


def _encode_json(value: Any) -> Any:
    return None if value is None else encode_text(jsonb_text(value))


def jsonb_text(value: Any) -> str:
    """The value in JSON, a float of the size of ints with a point: JSONB would give 1e16 back as 10000000000000000."""
    return msgspec.json.encode(json_ready(_with_points(value))).decode()


def _with_points(value: Any) -> Any:
    kind = type(value)
    if kind is float and 1e16 <= abs(value) <= INT_MAX:
        return Decimal(f"{int(Decimal(repr(value)))}.0")
    if kind is list:
        return [_with_points(item) for item in value]
    if kind is dict:
        return {name: _with_points(item) for name, item in value.items()}
    return value


_ENCODERS: Final[dict[str, Codec]] = {**ENCODERS, "j": _encode_json, "l": _encode_json}


# ── PostgreSQL → VM value ──────────────────────────────────────────────────────────────────────────────────────


def row_reader(columns: Sequence[tuple[str, Type]], *, json: bool) -> Callable[[list[Row]], list[Row]]:
    """A function from a batch of rows of psycopg's to a batch of VM values, or (json) of values for the JSON writer; it
    raises D0202 with_field the field."""
    return partial(read_rows, [ColumnReader(name, type_, _converter(type_, json)) for name, type_ in columns])


def _converter(type_: Type, json: bool) -> Codec | None:
    """For values that are not null; None where they are right as they are."""
    match type_.name:
        case "decimal":
            return partial(_decode_decimal, type_.scale, json)
        case "timestamp":
            return _decode_timestamp
        case "duration":
            return decode_duration
        case "any":
            return partial(_decode_any, json)
        case "list" | "record":
            item = type_.item
            raw = json and item is not None and item.name == "any"
            return partial(_decode_items, type_.not_null(), None if item is None else _converter(item, json), raw)
        case "float":
            return checked_float
        case _:
            return None


def _decode_decimal(scale: int, json: bool, value: Decimal) -> Any:
    if value.as_tuple().exponent != -scale:
        if not value.is_finite():
            raise DatabaseError("D0202", f"{value} is stored where a decimal is declared", "correct the stored value")
        value = quantized(value, scale)
    return msgspec.Raw(decimal_text(value)) if json else value


def _decode_timestamp(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


def _decode_any(json: bool, value: Any) -> Any:
    if type(value) is list:  # of blobs: what JSON has no form for is not made JSON
        raise DatabaseError("D0202", "a list of blobs is stored, which is no value here")
    if type(value) is not bytes:
        return value
    try:
        return stored_json(value, raw=json)
    except (msgspec.DecodeError, RecursionError) as error:
        raise DatabaseError("D0202", f"a blob of {len(value)} bytes is stored, which is no value here") from error


def _decode_items(type_: Type, item: Codec | None, raw: bool, value: Any) -> Any:
    """An array, or a list or record as JSON. raw: see runtime/databases/json_values.py."""
    if type(value) is bytes:
        return convert(stored_json(value, raw=raw), type_)
    if value and type(value[0]) is list:
        message = "an array of several dimensions is stored where a list is declared"
        raise DatabaseError("D0202", message, "declare the column with as many brackets: integer[][]")
    return value if item is None else [None if each is None else item(each) for each in value]
