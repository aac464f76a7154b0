"""VM values ↔ values of the duckdb package, for each codec name of runtime/query/codecs.py; and rows as they are read.

| codec | type | bound, and read |
|---|---|---|
| `b` `i` `f` `t` `D` | bool, int, float, text, date | as they are |
| `T` | timestamp | datetime without a zone, in UTC |
| `u` | duration | int, microseconds |
| `d2` | decimal of scale 2 | Decimal |
| `j` | any, record | JSON text |
| `l` + codec | list of that | list |
| `c` | a limit: int, not negative | int |

Reading raises DatabaseError D0202 for a stored value that the language has no value for; binding raises DatabaseError
D0307 for a text that no database holds and RunError V0112 for a negative limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

import msgspec

from runtime.databases.codec_base import ENCODERS, Codec, ColumnReader, decode_duration, exact_decimal, read_rows
from runtime.databases.json_values import stored_json
from runtime.errors import DatabaseError
from runtime.values.batches import Row
from runtime.values.conversion import convert, json_ready
from runtime.values.types import Type
from runtime.values.value_types import EXACT, QUANTA, checked_decimal, checked_float, decimal_text

# ── VM value → DuckDB ──────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=256)
def encoder(form: str) -> Codec:
    """The function that encodes a VM value (or null) for the duckdb package."""
    kind = form[0]
    if kind in "ds":
        quantum = QUANTA[int(form[1:])]
        return lambda value: None if value is None else exact_decimal(value).quantize(quantum, context=EXACT)
    if kind == "l":
        item = encoder(form[1:])
        return lambda value: None if value is None else [item(each) for each in value]
    return _ENCODERS[kind]


_ENCODERS: Final[dict[str, Codec]] = {
    **ENCODERS,
    "j": lambda value: None if value is None else msgspec.json.encode(json_ready(value)).decode(),
}


# ── DuckDB → VM value ──────────────────────────────────────────────────────────────────────────────────────────


def row_reader(columns: Sequence[tuple[str, Type]], *, json: bool) -> Callable[[list[Row]], list[Row]]:
    """A function from a batch of raw rows to a batch of VM values, or of values for the JSON writer (decimals as
    numbers with the digits of `decimal_text`); it raises D0202 with_field the field."""
    return partial(read_rows, [ColumnReader(name, type_, _converter(type_, json)) for name, type_ in columns])


def _converter(type_: Type, json: bool) -> Codec | None:
    """The function that decodes DuckDB's value, not null; None when the value needs no change."""
    name = type_.name
    if name == "decimal":
        return partial(_decode_decimal, type_.scale, json)
    if name == "list" and type_.item is not None:
        item = _converter(type_.item, json)
        return None if item is None else lambda value: [None if each is None else item(each) for each in value]
    if name in ("any", "record"):
        return partial(_decode_json, type_, json)
    return _DECODERS.get(name)


def _decode_decimal(scale: int, json: bool, value: Any) -> Any:
    if type(value) is not Decimal:
        value = exact_decimal(value)
    if value.as_tuple().exponent != -scale:
        value = value.quantize(QUANTA[scale], context=EXACT)
    return msgspec.Raw(decimal_text(value)) if json else checked_decimal(value)


def _decode_json(type_: Type, json: bool, value: Any) -> Any:
    if type(value) is bytes:
        raise _misfit("a blob", "value")
    try:
        decoded = stored_json(value, raw=json and type_.name == "any")
    except (msgspec.DecodeError, RecursionError) as error:
        raise _misfit("a text that is no JSON", "value") from error
    return convert(decoded, type_) if decoded is not None else None


def _decode_date(value: Any) -> date:
    if type(value) is date:
        return value
    raise _misfit(f"the date {value}", "date with a year from 1 to 9999")


def _decode_timestamp(value: Any) -> datetime:
    if type(value) is datetime:
        return value.replace(tzinfo=UTC)
    raise _misfit(f"the timestamp {value}", "timestamp with a year from 1 to 9999")


def _misfit(shown: str, wanted: str) -> DatabaseError:
    return DatabaseError("D0202", f"{shown} is stored where a {wanted} is declared", "correct the stored value")


_DECODERS: Final[dict[str, Codec]] = {
    "float": checked_float,
    "date": _decode_date,
    "timestamp": _decode_timestamp,
    "duration": decode_duration,
}
