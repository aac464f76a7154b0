"""A type → the declared type of a SQLite column, which runtime/databases/sqlite/schema.py reads as that type."""

from __future__ import annotations

from typing import Final

from runtime.databases.tables import quoted
from runtime.values.types import Type

__all__ = ["declared", "quoted"]

_DECLARED: Final = {
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "float": "REAL",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "duration": "DURATION",
}


def declared(type_: Type) -> str:
    if type_.name == "decimal":
        return f"DECIMAL({type_.precision},{type_.scale})"
    return _DECLARED.get(type_.name, "JSON")
