"""DuckDB's types ↔ the language's."""

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

_TYPES: Final[dict[str, Type]] = {
    "BOOLEAN": BOOL,
    "TINYINT": INT,
    "SMALLINT": INT,
    "INTEGER": INT,
    "BIGINT": INT,
    "UTINYINT": INT,
    "USMALLINT": INT,
    "UINTEGER": INT,
    "UBIGINT": decimal_of(20, 0),
    "HUGEINT": decimal_of(DECIMAL_PRECISION, 0),
    "UHUGEINT": decimal_of(DECIMAL_PRECISION, 0),
    "FLOAT": FLOAT,
    "DOUBLE": FLOAT,
    "VARCHAR": TEXT,
    "UUID": TEXT,
    "TIME": TEXT,
    "DATE": DATE,
    "TIMESTAMP": TIMESTAMP,
    "TIMESTAMP_S": TIMESTAMP,
    "TIMESTAMP_MS": TIMESTAMP,
    "TIMESTAMP_NS": TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": TIMESTAMP,
    "TIMESTAMPTZ_NS": TIMESTAMP,
    "INTERVAL": DURATION,
    "JSON": ANY,
}
# kept in fewer bits than the language's ints and floats: used as they are, but cast where they are reckoned with
NARROW: Final = frozenset({"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "FLOAT"})
_USUAL: Final = frozenset({"BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "JSON"})
# a part of another type; JSON would have it as DuckDB writes intervals, months included
INTERVAL_WITHIN: Final = re.compile(r"\bINTERVAL(?=[,)\[])")
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_ARRAY: Final = re.compile(r"(.*)\[\d*\]", re.DOTALL)
_SQL_TYPES: Final = {
    "bool": "BOOLEAN",
    "int": "BIGINT",
    "float": "DOUBLE",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "duration": "BIGINT",
}


def type_of(declared: str) -> tuple[Type, str]:
    """A column's type as DuckDB writes it → the language's, not null, and that type itself where it is not the usual
    one for it (`stored` in runtime/query/schema.py)."""
    if match := _DECIMAL.fullmatch(declared):
        precision, scale = int(match[1]), int(match[2])
        if scale <= MAX_SCALE:
            return decimal_of(precision, scale), ""
        return decimal_of(DECIMAL_PRECISION, MAX_SCALE), declared
    if declared in _TYPES:
        return _TYPES[declared], "" if declared in _USUAL else declared
    if match := _ARRAY.fullmatch(declared):
        item, native = type_of(match[1])
        if item.name not in ("any", "record"):
            usual = not native and declared.endswith("[]")
            return list_of(item.or_null()), "" if usual else declared
    if declared.startswith(("ENUM(", "TIME")) or declared == "BIT":
        return TEXT, declared
    return ANY, declared


def sql_type(type_: Type) -> str:
    """The type of a value in its working form (runtime/databases/sql/typed_expressions.py)."""
    if type_.name == "decimal":
        return f"DECIMAL({type_.precision or DECIMAL_PRECISION}, {type_.scale})"
    if type_.name == "list" and type_.item is not None:
        return f"{sql_type(type_.item)}[]"
    return _SQL_TYPES.get(type_.name, "JSON")


def column_type(type_: Type) -> str:
    """The type of a column that is made for the type."""
    return "INTERVAL" if type_.name == "duration" else sql_type(type_)
