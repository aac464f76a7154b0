"""VM values ↔ other forms: constants of a module, texts, values of a wanted type, packed bytes.

Errors are RunErrors: V0105 a value that is not of the wanted type (null where a value is needed included), V0104 a
decimal with more digits than its type holds, V0107 a duration out of range.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import inf
from typing import Any, Final

import msgspec

from runtime.errors import RunError
from runtime.values.constants import Const
from runtime.values.json_values import json_value
from runtime.values.types import INT_MAX, INT_MIN, MAX_SCALE, Type
from runtime.values.value_types import (
    EXACT,
    an,
    checked_decimal,
    checked_duration,
    checked_float,
    checked_int,
    decimal_text,
    out_of_range,
    quantized,
    scale_of,
    type_name,
)

_INT: Final = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_DURATION: Final = re.compile(r"([+-]?[0-9]{1,12}) (second|minute|hour|day|week)s?")
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


# ── constants of a module ──────────────────────────────────────────────────────────────────────────────────────


def from_const(const: Const) -> Any:
    """The VM value of a module's constant; V0105 when its text is not of its type."""
    value, name = const.value, const.type.name
    if value is None:
        return None
    if name == "duration":
        return _duration_of_seconds(str(value))
    if name == "float" and type(value) is int:
        return float(value)
    if name == "decimal":
        return _parse_decimal(str(value))
    if name in ("date", "timestamp"):
        return from_text(str(value), Type(name))
    return value


def from_default(default: Const | tuple[Const, ...]) -> Any:
    """The VM value of a parameter's default; V0105 as `from_const`."""
    return list(map(from_const, default)) if isinstance(default, tuple) else from_const(default)


def to_const(value: Any, type_: Type) -> Const:
    """A module's constant for a scalar value; V0105 for a list or record."""
    kind = type(value)
    if kind is timedelta:
        seconds = Decimal(value // timedelta(microseconds=1)).scaleb(-6, EXACT)
        return Const(format(seconds.normalize(EXACT), "f"), type_)
    if kind is Decimal:
        return Const(format(value, "f"), type_)
    if kind in (date, datetime):
        return Const(to_text(value), type_)
    if value is None or kind in (bool, int, float, str):
        return Const(value, type_)
    raise RunError("V0105", f"{an(type_name(value))} can't be a constant")


def _duration_of_seconds(text: str) -> timedelta:
    if not _NUMBER.fullmatch(text):
        raise not_a(text, "duration in seconds")
    try:
        return checked_duration(timedelta(microseconds=int(Decimal(text).scaleb(6, EXACT))))
    except OverflowError as error:
        raise out_of_range() from error


# ── texts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def to_text(value: Any) -> str:
    """The value as interpolation shows it: a text as itself, anything else as in the output, without quotes
    (null, true, 12, 1.5, 2.50, 2026-01-31, 2026-01-31T10:00:00Z, P90D; lists and records as JSON)."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is int:
        return str(value)
    if kind is Decimal:
        return decimal_text(value)
    text = msgspec.json.encode(json_ready(value)).decode()
    return text[1:-1] if kind in (date, datetime, timedelta) else text


def json_ready(value: Any) -> Any:
    """The value in a form that msgspec writes as JSON: decimals as numbers with the digits of `decimal_text`."""
    kind = type(value)
    if kind is Decimal:
        return msgspec.Raw(decimal_text(value))
    if kind is list:
        return [json_ready(item) for item in value]
    if kind is dict:
        return {name: json_ready(item) for name, item in value.items()}
    return value


def from_text(text: str, type_: Type) -> Any:
    """A value of the type, written as on a command line or in a literal.

    bool `true`, `false`; text as it is; date and timestamp in ISO 8601 (UTC when no zone is given); duration
    `90 days`, `P90D`; list and record as JSON; any as JSON where it is that, else text; `null` for a nullable type
    other than text. V0105 when it is none.
    """
    name = type_.name
    if name == "text":
        return text
    stripped = text.strip()
    if type_.nullable and stripped == "null":
        return None
    if name == "bool":
        if stripped in ("true", "false"):
            return stripped == "true"
    elif name == "int":
        if _INT.fullmatch(stripped) and INT_MIN <= int(stripped) <= INT_MAX:
            return int(stripped)
    elif name == "float":
        if _NUMBER.fullmatch(stripped):
            return checked_float(float(stripped))
    elif name == "decimal":
        return convert(_parse_decimal(stripped), type_)
    elif name == "date":
        return _parse_date(stripped)
    elif name == "timestamp":
        return _parse_timestamp(stripped)
    elif name == "duration":
        return _parse_duration(stripped)
    else:
        try:
            parsed = json_value(stripped)
        except (msgspec.DecodeError, RecursionError) as error:
            if name == "any":
                return text
            raise not_a(text, f"{name} in JSON") from error
        return convert(parsed, type_)
    raise not_a(text, name)


def not_a(text: str, kind: str) -> RunError:
    shown = text if len(text) <= 60 else text[:57] + "…"
    return RunError("V0105", f'"{shown}" is not {an(kind)}')


def _parse_decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise not_a(text, "decimal")
    value = Decimal(text)
    if scale_of(value) > MAX_SCALE:
        return quantized(value, MAX_SCALE)
    return checked_decimal(value) if value.as_tuple().exponent in range(-MAX_SCALE, 1) else quantized(value, 0)


def _parse_date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise not_a(text, "date") from error
    raise not_a(text, "date")


def _parse_timestamp(text: str) -> datetime:
    try:
        if _TIMESTAMP.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise not_a(text, "timestamp") from error
    raise not_a(text, "timestamp")


def _parse_duration(text: str) -> timedelta:
    try:
        if match := _DURATION.fullmatch(text):
            return checked_duration(timedelta(seconds=int(match[1]) * _UNITS[match[2]]))
        return checked_duration(msgspec.convert(text, timedelta))
    except (msgspec.ValidationError, OverflowError) as error:
        raise not_a(text, "duration") from error


# ── values of a wanted type ────────────────────────────────────────────────────────────────────────────────────


def _float(value: int | Decimal) -> float:
    """Infinite past what a float holds."""
    try:
        return float(value)
    except OverflowError:
        return inf


def convert(value: Any, type_: Type) -> Any:
    """Convert a value to a type.

    int → float and decimal; float ↔ decimal; decimal → the type's scale (halves away from zero); text → date,
    timestamp, duration and decimal (JSON has no form for them); lists and records item by item, in the type's order of
    fields. Any other value must be of the type already.

    Args:
        value: Any VM value, or a caller's int of any size.
        type_: The wanted type.

    Returns:
        A value of the type; null for null where the type is nullable.

    Raises:
        RunError: V0105 not convertible; V0104 a decimal with too many digits; V0101, V0103 out of range.
    """
    name = type_.name
    if name == "any":
        return value
    kind = type(value)
    if kind is timedelta and name == "duration":
        return checked_duration(value)
    if kind is python_type(name) and name not in ("decimal", "list", "record"):
        return checked_int(value) if kind is int else value
    if value is None:
        if type_.nullable:
            return None
        raise RunError("V0105", f"null where {an(str(type_))} is needed", "`is null` tests for it")
    if name == "float" and kind in (int, Decimal):
        return checked_float(_float(value))
    if name == "decimal":
        return _to_decimal(value, type_)
    if name in ("date", "timestamp", "duration") and kind is str:
        return from_text(value, type_.not_null())
    if name == "list" and kind is list:
        return [convert(item, type_.item) for item in value] if type_.item is not None else value
    if name == "record" and kind is dict:
        return _to_record(value, type_)
    raise RunError("V0105", f"{an(type_name(value))} where {an(str(type_))} is needed")


def python_type(name: str) -> type | None:
    """The Python type of a type's values; None for any and null."""
    return _PYTHON_TYPES.get(name)


_PYTHON_TYPES: Final[dict[str, type]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "decimal": Decimal,
    "text": str,
    "date": date,
    "timestamp": datetime,
    "duration": timedelta,
    "list": list,
    "record": dict,
}


def _to_decimal(value: Any, type_: Type) -> Decimal:
    kind = type(value)
    if kind is Decimal or kind is int:
        exact = Decimal(value)
    elif kind is float:
        exact = Decimal(repr(checked_float(value)))
    elif kind is str:
        exact = _parse_decimal(value)
    else:
        raise RunError("V0105", f"{an(type_name(value))} where {an(str(type_))} is needed")
    result = quantized(exact, type_.scale)
    if type_.precision and result and result.adjusted() >= type_.precision - type_.scale:
        raise RunError("V0104", f"{to_text(value)} has more digits than {type_.not_null()} holds")
    return result


def _to_record(value: dict[str, Any], type_: Type) -> dict[str, Any]:
    if type_.fields is None:
        return value
    result = {}
    for name, field_type in type_.fields:
        if name not in value and not field_type.nullable:
            raise RunError("V0105", f"the record has no field `{name}`, which {an(str(field_type))} is needed for")
        result[name] = convert(value.get(name), field_type)
    return result


# ── packed bytes ───────────────────────────────────────────────────────────────────────────────────────────────

_DECIMAL_EXT: Final = 1
_DATE_EXT: Final = 2
_DURATION_EXT: Final = 3
_ENCODER: Final = msgspec.msgpack.Encoder()


def pack(value: Any) -> bytes:
    """Any VM value, nested as it may be, as msgpack; `unpack` gives back an equal value of the same kinds."""
    return _ENCODER.encode(packable(value))


def unpack(data: bytes) -> Any:
    return _DECODER.decode(data)


def packable(value: Any) -> Any:
    """The value in a form that msgspec writes as msgpack, and `unpack_ext` helps to read back."""
    kind = type(value)
    if kind is Decimal:
        return msgspec.msgpack.Ext(_DECIMAL_EXT, str(value).encode())
    if kind is date:
        return msgspec.msgpack.Ext(_DATE_EXT, value.isoformat().encode())
    if kind is timedelta:
        micros = value // timedelta(microseconds=1)
        return msgspec.msgpack.Ext(_DURATION_EXT, str(micros).encode())
    if kind is list:
        return [packable(item) for item in value]
    if kind is dict:
        return {name: packable(item) for name, item in value.items()}
    return value


def unpack_ext(code: int, data: memoryview) -> Any:
    """The ext_hook of a decoder of packed values."""
    text = bytes(data).decode()
    if code == _DECIMAL_EXT:
        return Decimal(text)
    if code == _DATE_EXT:
        return date.fromisoformat(text)
    return timedelta(microseconds=int(text))


_DECODER: Final = msgspec.msgpack.Decoder(ext_hook=unpack_ext)
