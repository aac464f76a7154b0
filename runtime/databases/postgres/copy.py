"""Rows of VM values → the text format of PostgreSQL's COPY: values between tabs, a row a line, `\\N` for null.

Source: PostgreSQL's documentation of COPY, "Text Format".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from runtime.databases.db_errors import half_character, zero_character
from runtime.databases.postgres.values import jsonb_text
from runtime.query.schema import Store
from runtime.values.conversion import json_ready
from runtime.values.types import Type
from runtime.values.value_types import checked_float, quantized

NULL: Final = "\\N"
_SPECIAL: Final = re.compile(r"[\\\t\n\r\x08\x0b\x0c]")
_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\v": "\\v", "\f": "\\f"}
_LINE: Final = re.compile(r"COPY [^\n]*, line (\d+)")
_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)


def copy_text(store: Store, rows: Sequence[Sequence[Any]]) -> bytes:
    """The rows, of the store's fields in their order. Raises DatabaseError D0307 for a text that no database keeps."""
    columns = [
        [NULL if value is None else written(value) for value in column]
        for written, column in zip(
            (_writer(field.type) for field in store.fields), zip(*rows, strict=True), strict=True
        )
    ]
    try:
        return "".join(["\t".join(row) + "\n" for row in zip(*columns, strict=True)]).encode()
    except UnicodeEncodeError as error:
        raise half_character() from error


def row_of(context: str | None) -> int | None:
    """The row (0-based) of a COPY that an error's context names."""
    found = _LINE.search(context or "")
    return None if found is None else int(found[1]) - 1


def _writer(type_: Type) -> Callable[[Any], str]:
    match type_.name:
        case "int":
            return str
        case "bool":
            return lambda value: "t" if value else "f"
        case "float":
            return lambda value: repr(checked_float(float(value)))
        case "decimal":
            scale = type_.scale
            return lambda value: format(quantized(Decimal(value), scale), "f")
        case "date" | "timestamp":
            return _iso
        case "duration":
            return _duration
        case "text":
            return _text
        case "list":
            return _array
        case _:
            return lambda value: _text(jsonb_text(value))


def _iso(value: Any) -> str:
    return str(value.isoformat())


def _duration(value: timedelta) -> str:
    return f"{value // _DAY} days {value % _DAY // _MICROSECOND} microseconds"


def _text(value: str) -> str:
    if "\0" in value:
        raise zero_character()
    return _SPECIAL.sub(_escaped, value)


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES[match[0]]


def _array(items: Sequence[Any]) -> str:
    """Of any type, since an item in quotes is read by its type."""
    shown = ",".join("NULL" if item is None else f'"{_item(item)}"' for item in items)
    return _text("{" + shown + "}")


def _item(value: Any) -> str:
    text = value if type(value) is str else msgspec.json.encode(json_ready(value)).decode().strip('"')
    return text.replace("\\", "\\\\").replace('"', '\\"')
