"""An open DuckDB connection → its Schema: stores, types, keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from runtime.databases.duckdb.types import type_of
from runtime.databases.field_notes import TABLE, with_notes
from runtime.databases.tables import quote_literal
from runtime.query.schema import Field, ForeignKey, Schema, Store, schema_of

_FIELDS: Final = """
SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default, c.is_generated,
  t.sql IS NULL, coalesce(t.sql ILIKE '%collate%', false)
FROM system.main.duckdb_columns() AS c
  LEFT JOIN system.main.duckdb_tables() AS t USING (table_oid, schema_oid, database_oid)
WHERE NOT c.internal AND c.database_name = {0} AND c.schema_name = {1}
ORDER BY c.table_oid, c.column_index
"""
_CONSTRAINTS: Final = """
SELECT table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names
FROM system.main.duckdb_constraints()
WHERE database_name = {0} AND schema_name = {1}
  AND constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
ORDER BY table_oid, constraint_index
"""
_INDEXES: Final = """
SELECT table_name, expressions
FROM system.main.duckdb_indexes()
WHERE database_name = {0} AND schema_name = {1} AND is_unique
ORDER BY table_oid, index_oid
"""


def read_schema(query: Callable[[str], Iterable[Any]], place: tuple[str, str]) -> Schema:
    """Every table and view of one schema. query: gives the rows of one. place: database and schema."""

    def rows(sql: str) -> Iterable[Any]:
        return query(sql.format(*map(quote_literal, place)))

    columns: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows(_FIELDS):
        columns[row[0]].append(row)
    note_columns = [row[1] for row in columns.pop(TABLE, ())]
    keys: dict[str, tuple[str, ...]] = {}
    unique: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    foreign: dict[str, list[ForeignKey]] = defaultdict(list)
    for table, kind, names, other, others in rows(_CONSTRAINTS):
        if kind == "FOREIGN KEY":
            foreign[table].append(ForeignKey(tuple(names), other, tuple(others)))
            continue
        if kind == "PRIMARY KEY":
            keys[table] = tuple(names)
        unique[table].append(tuple(names))
    for table, expressions in rows(_INDEXES):
        names = [name.strip().strip("'\"") for name in expressions.strip("[]").split(",")]
        if set(names) <= {row[1] for row in columns[table]}:  # not those on expressions
            unique[table].append(tuple(names))
    stores = {
        name: Store(
            name=name,
            fields=tuple(map(_field, each)),
            primary_key=keys.get(name, ()),
            unique=tuple(dict.fromkeys([*([keys[name]] if name in keys else []), *unique[name]])),
            foreign_keys=tuple(foreign[name]),
            read_only=each[0][6],
        )
        for name, each in columns.items()
    }
    return schema_of(with_notes(stores, place, note_columns, query), place)


def _field(row: tuple[Any, ...]) -> Field:
    _, name, declared, nullable, default, generated, _, collations = row
    type_, native = type_of(declared)
    return Field(
        name=name,
        type=type_.or_null() if nullable else type_,
        has_default=default is not None or generated,
        collated=collations and type_.name == "text",
        generated=generated,
        stored=native,
    )
