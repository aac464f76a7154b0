"""A type → the declared type of a SQLite column, which runtime/databases/sqlite/schema.py reads as that type."""

from __future__ import annotations

from typing import Final

from runtime.values.types import Type

_DECLARED: Final = {
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "float": "REAL",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "duration": "DURATION",
}


def column_type(type_: Type) -> str:
    if type_.name == "decimal":
        return f"DECIMAL({type_.precision},{type_.scale})"
    return _DECLARED.get(type_.name, "JSON")
