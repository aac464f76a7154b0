"""VM values ↔ SQLite's values, for each codec name of runtime/query/codecs.py.

| codec | type | in SQLite |
|---|---|---|
| `b` `i` `f` `t` | bool, int, float, text | 0/1, INTEGER, REAL, TEXT |
| `D` `T` | date, timestamp | TEXT `2026-01-31`, `2026-01-31 10:00:00[.123456]`, UTC |
| `u` | duration | INTEGER, microseconds |
| `s2` | decimal of scale 2 as stored | REAL, rounded to the scale when read; at most 15 digits |
| `d2` | decimal of scale 2 as generated SQL works on it | INTEGER, 100 times the value |
| `j` | any, record | an int or float as itself, anything else as JSON text |
| `v` | any, record as stored | as `j`; a number has to be an int or a float |
| `l` + codec | list of that | JSON array of that form's values |
| `g` | a `like` pattern | TEXT, a pattern of GLOB, which minds case; null when it is too long for one |

Reading raises DatabaseError D0202 for a stored value that is not of its type; writing raises RunError V0104 for a
decimal with too many digits and DatabaseError D0307 for a text that no database holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from math import isfinite
from typing import Any, Final

import msgspec

from runtime.databases.codec_base import ENCODERS, Codec, decode_duration, encode_text, exact_decimal
from runtime.databases.json_values import out_of_range, stored_json
from runtime.errors import DatabaseError, RunError
from runtime.values.conversion import from_text, json_ready
from runtime.values.json_values import is_float
from runtime.values.types import INT_MAX, TIMESTAMP
from runtime.values.value_types import EXACT, QUANTA, checked_float, type_name

MAX_DIGITS: Final = 15
GLOB: Final = "g"
LONGEST_PATTERN: Final = 1000


# ── VM value → SQLite ──────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def encoder(form: str) -> Codec:
    """The function that encodes a VM value (or null) for SQLite."""
    kind = form[0]
    if kind == "d":
        return lambda value: None if value is None else _scaled(value, int(form[1:]))
    if kind == "s":
        return lambda value: None if value is None else _real(value, int(form[1:]))
    if kind == "l":
        item = _list_item_encoder(form[1:])
        return lambda value: None if value is None else msgspec.json.encode([item(each) for each in value]).decode()
    return _ENCODERS[kind]


def _list_item_encoder(form: str) -> Codec:
    """As `encoder`, inside a list: lists stay lists, and any-typed items are JSON already."""
    if form[0] == "j":
        return json_ready
    if form[0] == "l":
        item = _list_item_encoder(form[1:])
        return lambda value: None if value is None else [item(each) for each in value]
    return encoder(form)


def _scaled(value: Any, scale: int) -> int:
    units = int(exact_decimal(value).quantize(QUANTA[scale], context=EXACT).scaleb(scale, EXACT))
    if not -INT_MAX <= units <= INT_MAX:
        raise too_many_digits(scale)
    return units


def too_many_digits(scale: int) -> RunError:
    return RunError(
        "V0104",
        f"a decimal went past the digits that SQLite can work with (18, {scale} of them after the point)",
        "round(x, digits) keeps fewer digits after the point; float(x) has no such limit",
    )


def _real(value: Any, scale: int) -> float:
    units = _scaled(value, scale)
    if abs(units) >= 10**MAX_DIGITS:
        raise RunError(
            "V0104",
            f"a decimal has more than the {MAX_DIGITS} digits that SQLite keeps ({scale} of them after the point)",
        )
    return float(units / 10**scale)


def _encode_any(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is int or kind is float:
        return value
    if kind is Decimal and is_float(value, float(value)):
        return float(value)
    return msgspec.json.encode(json_ready(value)).decode()


def _encode_stored_any(value: Any) -> Any:
    """SQLite would make a float of a number in a column that is declared as JSON."""
    if type(value) is Decimal and not is_float(value, float(value)):
        raise RunError("V0104", "a decimal has more digits than a number by itself in a JSON field keeps in SQLite")
    return _encode_any(value)


def _encode_timestamp(value: Any) -> Any:
    return None if value is None else value.replace(tzinfo=None).isoformat(" ")


def _encode_pattern(value: Any) -> Any:
    return None if value is None or len(value) >= LONGEST_PATTERN else glob_pattern(encode_text(value))


def glob_pattern(pattern: str) -> str:
    """A `like` pattern as one of GLOB."""
    special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(special.get(character, character) for character in pattern)


_ENCODERS: Final[dict[str, Codec]] = {
    **ENCODERS,
    "b": lambda value: None if value is None else int(value),
    "D": lambda value: None if value is None else value.isoformat(),
    "T": _encode_timestamp,
    "j": _encode_any,
    "v": _encode_stored_any,
    GLOB: _encode_pattern,
}


# ── SQLite → VM value ──────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def decoder(form: str) -> Codec:
    """The function that decodes SQLite's value (or null) to a VM value."""
    kind = form[0]
    if kind == "d":
        exponent = -int(form[1:])
        return lambda value: None if value is None else Decimal(whole(value)).scaleb(exponent)
    if kind == "s":
        scale = int(form[1:])
        return lambda value: None if value is None else Decimal(units_of(value, scale)).scaleb(-scale)
    if kind == "l":
        item, parse = (None, stored_json) if form[1] == "j" else (decoder(form[1:]), msgspec.json.decode)
        return lambda value: None if value is None else _decode_list(value, item, parse)
    return _DECODERS[kind]


def misfit(value: Any, wanted: str) -> DatabaseError:
    """D0202: a stored value is not of the type that its column declares."""
    if type(value) is bytes:
        shown = f"a blob of {len(value)} bytes"
    else:
        text = str(value)
        shown = f'the {type_name(value)} "{text if len(text) <= 40 else text[:37] + "…"}"'
    return DatabaseError(
        "D0202",
        f"{shown} is stored where {'an' if wanted == 'int' else 'a'} {wanted} is declared",
        "correct the stored value, or declare the column with another type",
    )


def units_of(value: Any, scale: int) -> int:
    """A stored decimal in units of its last digit; the same sum as SQLite's round(value * 10^scale)."""
    kind = type(value)
    if kind is float and isfinite(value):
        shifted = value * 10**scale
        units = int(shifted + 0.5) if shifted >= 0 else -int(0.5 - shifted)
    elif kind is int:
        units = value * 10**scale
    else:
        raise misfit(value, "decimal")
    if abs(units) >= 10**MAX_DIGITS:
        raise RunError(
            "V0104",
            f"a decimal has more than the {MAX_DIGITS} digits that SQLite keeps ({scale} of them after the point)",
        )
    return units


def _decode_bool(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is int and value in (0, 1):
        return value == 1
    raise misfit(value, "bool")


def whole(value: Any) -> Any:
    """An int (or null), checked."""
    if value is None or type(value) is int:
        return value
    raise misfit(value, "int")


def _decode_float(value: Any) -> Any:
    if value is None:
        return None
    if type(value) in (float, int):
        return checked_float(float(value))
    raise misfit(value, "float")


def _decode_text(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    raise misfit(value, "text")


def _decode_date(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is str and len(value) == 10 and value[4] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise misfit(value, "date")


def _decode_timestamp(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is str:
        try:
            if len(value) == 19 and value[10] == " ":
                return datetime.fromisoformat(value).replace(tzinfo=UTC)
            return from_text(value, TIMESTAMP)
        except (ValueError, RunError):
            pass
    raise misfit(value, "timestamp")


def _decode_duration(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is int:
        return decode_duration(value)
    raise misfit(value, "duration")


def _decode_any(value: Any, raw: bool = False) -> Any:
    """raw: see runtime/databases/json_values.py."""
    if type(value) is bytes:
        raise misfit(value, "value")
    if type(value) is str:
        try:
            return stored_json(value, raw=raw)
        except (msgspec.DecodeError, RecursionError):
            return value
    if type(value) is float and not isfinite(value):
        raise out_of_range()
    return value


def _decode_list(value: Any, item: Codec | None, parse: Callable[[str], Any]) -> list[Any]:
    if type(value) is str:
        try:
            items = parse(value)
        except (msgspec.DecodeError, RecursionError):
            items = None
        if type(items) is list:
            return items if item is None else list(map(item, items))
    raise misfit(value, "list")


_DECODERS: Final[dict[str, Codec]] = {
    "b": _decode_bool,
    "i": whole,
    "f": _decode_float,
    "t": _decode_text,
    "D": lru_cache(maxsize=16384)(_decode_date),  # a table holds few different days
    "T": _decode_timestamp,
    "u": _decode_duration,
    "j": _decode_any,
    "v": _decode_any,
    "J": partial(_decode_any, raw=True),  # for the JSON writer
    "n": lambda value: None,
}
