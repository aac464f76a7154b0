"""Spark's types → the language's, and back."""

from __future__ import annotations

import re
from typing import Final

from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL_PRECISION,
    DURATION,
    FLOAT,
    INT,
    MAX_SCALE,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
    list_of,
)

# Spark's name of a type, as its schemas have it
_TYPES: Final[dict[str, Type]] = {
    "boolean": BOOL,
    "tinyint": INT,
    "smallint": INT,
    "int": INT,
    "bigint": INT,
    "float": FLOAT,
    "double": FLOAT,
    "string": TEXT,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamp_ntz": TIMESTAMP,
    "interval day to second": DURATION,
}
MOST_ROWS: Final = 2**31 - 1  # that Spark counts in a limit
NARROW: Final = frozenset({"tinyint", "smallint", "int", "float"})
_USUAL: Final = frozenset({"boolean", "bigint", "double", "string", "date", "timestamp_ntz"})
_DECIMAL: Final = re.compile(r"decimal\((\d+),(\d+)\)")
_ARRAY: Final = re.compile(r"array<(.*)>", re.DOTALL)
_TEXT_LIKE: Final = re.compile(r"(?:var)?char\(\d+\)")
_SQL_TYPES: Final = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "float": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP_NTZ",
    "duration": "BIGINT",
}


def type_of(declared: str) -> tuple[Type, str]:
    """A column's type as Spark writes it → the language's, not null, and that type itself where it is not the usual one
    for it (`stored` in runtime/query/schema.py)."""
    if match := _DECIMAL.fullmatch(declared):
        precision, scale = int(match[1]), int(match[2])
        if scale <= MAX_SCALE:
            return decimal_of(precision, scale), ""
        return decimal_of(DECIMAL_PRECISION, MAX_SCALE), declared
    if declared in _TYPES:
        return _TYPES[declared], "" if declared in _USUAL else declared
    if _TEXT_LIKE.fullmatch(declared):
        return TEXT, ""
    if match := _ARRAY.fullmatch(declared):
        item, native = type_of(match[1])
        if item.name not in ("any", "duration"):
            return list_of(item.or_null()), declared if native else ""
    return ANY, declared


def sql_type(type_: Type) -> str:
    """The type of a value in its working form (runtime/databases/sql/typed_expressions.py)."""
    if type_.name == "decimal":
        return f"DECIMAL({type_.precision or DECIMAL_PRECISION}, {type_.scale})"
    if type_.name == "list" and type_.item is not None:
        return f"ARRAY<{sql_type(type_.item)}>"
    return _SQL_TYPES.get(type_.name, "STRING")
