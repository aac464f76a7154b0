"""An open SQLite connection → its Schema: stores, declared types, keys; and a declared type's text → Type."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from typing import Any, Final

from runtime.databases.field_notes import TABLE, with_notes
from runtime.query.schema import Field, ForeignKey, Schema, Store, schema_of
from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DECIMAL_PRECISION,
    DURATION,
    FLOAT,
    INT,
    MAX_SCALE,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
)

OWN_PREFIX: Final = "sop_"
PLACE: Final = ("main",)

# The first name that occurs in the declared type decides.
_DECLARED: Final[tuple[tuple[str, Type], ...]] = (
    ("BOOL", BOOL),
    ("DATETIME", TIMESTAMP),
    ("TIMESTAMP", TIMESTAMP),
    ("DATE", DATE),
    ("INTERVAL", DURATION),
    ("DURATION", DURATION),
    ("JSON", ANY),
    ("DECIMAL", DECIMAL),
    ("NUMERIC", DECIMAL),
    ("NUMBER", DECIMAL),
    ("MONEY", DECIMAL),
    ("INT", INT),
    ("REAL", FLOAT),
    ("FLOA", FLOAT),
    ("DOUB", FLOAT),
    ("CHAR", TEXT),
    ("CLOB", TEXT),
    ("TEXT", TEXT),
    ("STRING", TEXT),
    ("UUID", TEXT),
    ("TIME", TEXT),
    ("ENUM", TEXT),
)
_SIZE: Final = re.compile(r"\(\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*)?\)")

# A table of the file may be called `pragma_table_list`: within `temp`, where none is, that name is the pragma's own.
_FIELDS: Final = """
select m.name, m.type, m.sql, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden, l.wr
from main.sqlite_schema as m join temp.pragma_table_list(m.name) as l on l.schema = 'main'
  join temp.pragma_table_xinfo(m.name) as x
where m.type in ('table', 'view') and l.type <> 'shadow' and m.name not like 'sqlite\\_%' escape '\\'
order by m.rowid, x.cid
"""
_UNIQUE: Final = """
select m.name, l.name, i.name
from main.sqlite_schema as m join temp.pragma_index_list(m.name) as l join temp.pragma_index_info(l.name) as i
where m.type = 'table' and l."unique" and not l.partial
order by m.name, l.seq, i.seqno
"""
_FOREIGN: Final = """
select m.name, f.id, f."table", f."from", f."to"
from main.sqlite_schema as m join temp.pragma_foreign_key_list(m.name) as f
where m.type = 'table'
order by m.name, f.id, f.seq
"""


def type_of(declared: str) -> Type:
    """The type, not null, that a column's declared type stands for; any where none is declared (or a blob)."""
    upper = declared.upper()
    for part, type_ in _DECLARED:
        if part in upper:
            size = _SIZE.search(declared) if type_ is DECIMAL else None
            if size is None:
                return type_
            precision, scale = int(size[1]), int(size[2] or 0)
            if 1 <= precision <= DECIMAL_PRECISION and scale <= min(precision, MAX_SCALE):
                return decimal_of(precision, scale)
            return type_
    return ANY


def read_schema(connection: sqlite3.Connection) -> Schema:
    """Every table and view except SQLite's and ours. Raises sqlite3.Error."""
    tables: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    note_columns: list[str] = []
    for row in connection.execute(_FIELDS):
        if not row[0].lower().startswith(OWN_PREFIX):
            tables[row[0]].append(row)
        elif row[0] == TABLE:
            note_columns.append(row[3])
    collations = any("collate" in (rows[0][2] or "").lower() for rows in tables.values())
    keys = {
        name: tuple(row[3] for row in sorted((row for row in rows if row[7]), key=lambda row: int(row[7])))
        for name, rows in tables.items()
    }
    unique = _unique(connection)
    foreign = _foreign_keys(connection, keys)
    stores = {}
    for name, rows in tables.items():
        is_view = rows[0][1] == "view"
        key = keys[name]
        sets = [key, *unique.get(name, [])] if key else unique.get(name, [])
        stores[name] = Store(
            name=name,
            fields=tuple(_field(row, key, collations) for row in rows if row[8] != 1),
            primary_key=key,
            unique=tuple(dict.fromkeys(sets)),
            foreign_keys=tuple(foreign.get(name, ())),
            read_only=is_view,
        )
    return schema_of(with_notes(stores, PLACE, note_columns, connection.execute), PLACE)


def _field(row: tuple[Any, ...], key: tuple[str, ...], collations: bool) -> Field:
    _, kind, sql, name, declared, not_null, default, in_key, hidden, without_row_numbers = row
    type_ = type_of(declared)
    numbered = key == (name,) and declared.upper() == "INTEGER" and not without_row_numbers
    generated = hidden in (2, 3)
    own_rule = collations if kind == "view" else "collate" in (sql or "").lower()
    return Field(
        name=name,
        type=type_ if not_null or in_key else type_.or_null(),
        has_default=default is not None or numbered or generated,
        collated=own_rule and type_.name == "text",
        generated=generated,
    )


def _unique(connection: sqlite3.Connection) -> dict[str, list[tuple[str, ...]]]:
    """Sets of fields by store. An index on an expression has a null among its names and identifies nothing here."""
    indexes: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for table, index, column in connection.execute(_UNIQUE):
        indexes[table, index].append(column)
    result: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for (table, _), columns in indexes.items():
        names = [column for column in columns if column is not None]
        if len(names) == len(columns):
            result[table].append(tuple(names))
    return result


def _foreign_keys(connection: sqlite3.Connection, keys: dict[str, tuple[str, ...]]) -> dict[str, list[ForeignKey]]:
    pairs: dict[tuple[str, int, str], list[tuple[str, str | None]]] = defaultdict(list)
    for table, number, other, column, other_column in connection.execute(_FOREIGN):
        pairs[table, number, other].append((column, other_column))
    result: dict[str, list[ForeignKey]] = defaultdict(list)
    for (table, _, other), columns in pairs.items():
        others = tuple(to for _, to in columns if to is not None) or keys.get(other, ())
        if len(others) == len(columns):
            result[table].append(ForeignKey(tuple(column for column, _ in columns), other, others))
    return result
