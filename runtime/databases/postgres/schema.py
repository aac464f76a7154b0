"""An open PostgreSQL connection → the Schema of its namespace: stores, types, keys; by the system catalogue.

The map of types is in runtime/databases/README.md. A type that the language has no like of (uuid, an enum, inet, …) is
text here, as PostgreSQL writes it; Field.stored then says what the column really is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

import psycopg

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
    SCALARS,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
    list_of,
)

OWN_PREFIX: Final = "sop_"
# by the name in pg_type
_TYPES: Final[dict[str, Type]] = {
    "bool": BOOL,
    "int2": INT,
    "int4": INT,
    "int8": INT,
    "float4": FLOAT,
    "float8": FLOAT,
    "text": TEXT,
    "varchar": TEXT,
    "bpchar": TEXT,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamptz": TIMESTAMP,
    "interval": DURATION,
    "json": ANY,
    "jsonb": ANY,
    "bytea": ANY,
}
# The types as generated SQL works with them: no cast is needed to read or to write such a column.
_USUAL: Final = frozenset({"bool", "int8", "float8", "text", "varchar", "date", "timestamp", "timestamptz"})

_DECLARED: Final = {
    "bool": "boolean",
    "int": "bigint",
    "float": "double precision",
    "text": "text",
    "date": "date",
    "timestamp": "timestamptz",
    "duration": "interval",
}

_FIELDS: Final = """
select c.oid, c.relname, c.relkind, a.attname, a.attnotnull, a.atttypid, a.atttypmod,
       format_type(a.atttypid, a.atttypmod), a.atthasdef, a.attidentity, a.attgenerated,
       a.attcollation not in (0, 100) and o.collname not in ('C', 'POSIX'), a.attndims
from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  join pg_attribute as a on a.attrelid = c.oid
  left join pg_collation as o on o.oid = a.attcollation
where n.nspname = $1::text and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
order by c.oid, a.attnum
"""
_TYPE_ROWS: Final = """
select t.oid, t.typname, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull, t.typcategory, t.typelem
from pg_type as t where t.oid = any($1::oid[])
"""
_KEYS: Final = """
select i.indrelid, i.indisprimary,
       array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality as k(number, place)
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.number
             where k.place <= i.indnkeyatts order by k.place),
       i.indnkeyatts
from pg_index as i join pg_class as c on c.oid = i.indrelid join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1::text and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
  and not i.indisexclusion
order by i.indrelid, not i.indisprimary, i.indexrelid
"""
_FOREIGN: Final = """
select k.conrelid, other.relname,
       array(select a.attname::text from unnest(k.conkey) with ordinality as u(number, place)
             join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.number order by u.place),
       array(select a.attname::text from unnest(k.confkey) with ordinality as u(number, place)
             join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = u.number order by u.place)
from pg_constraint as k join pg_class as c on c.oid = k.conrelid join pg_namespace as n on n.oid = c.relnamespace
  join pg_class as other on other.oid = k.confrelid
where n.nspname = $1::text and other.relnamespace = c.relnamespace and k.contype = 'f' and k.conparentid = 0
order by k.conrelid, k.oid
"""


class _TypeRow(NamedTuple):
    """A row of pg_type."""

    name: str
    kind: str
    base: int
    modifier: int
    not_null: bool
    category: str
    item: int


def column_type(type_: Type) -> str:
    """The column type that is read as this one."""
    if type_.name == "decimal":
        return f"numeric({type_.precision},{type_.scale})"
    if type_.name == "list" and type_.item is not None and type_.item.name in SCALARS - {"duration"}:
        return f"{column_type(type_.item)}[]"
    return _DECLARED.get(type_.name, "jsonb")


def read_schema(connection: psycopg.Connection[Any], schema: str) -> Schema:
    """Every table and view of the namespace except ours. Raises psycopg.Error."""
    every = connection.execute(_FIELDS, [schema]).fetchall()
    note_columns = [row[3] for row in every if row[1] == TABLE]
    rows = [row for row in every if not row[1].lower().startswith(OWN_PREFIX)]
    types = _types(connection, {row[5] for row in rows})
    keys: dict[int, tuple[str, ...]] = {}
    unique: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for table, primary, names, size in connection.execute(_KEYS, [schema]):
        if len(names) == size:
            unique[table].append(tuple(names))
            if primary:
                keys[table] = tuple(names)
    foreign: dict[int, list[ForeignKey]] = defaultdict(list)
    for table, other, names, others in connection.execute(_FOREIGN, [schema]):
        foreign[table].append(ForeignKey(tuple(names), other, tuple(others)))
    tables: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        tables[row[0]].append(row)
    stores = {}
    for table, columns in tables.items():
        _, name, kind, *_ = columns[0]
        stores[name] = Store(
            name=name,
            fields=tuple(_field(row, types) for row in columns),
            primary_key=keys.get(table, ()),
            unique=tuple(dict.fromkeys(unique[table])),
            foreign_keys=tuple(foreign[table]),
            read_only=kind in ("v", "m"),
        )
    return schema_of(with_notes(stores, (schema,), note_columns, connection.execute), (schema,))


def _types(connection: psycopg.Connection[Any], wanted: set[int]) -> dict[int, _TypeRow]:
    """The rows of pg_type with these numbers, and those that they are made of."""
    found: dict[int, _TypeRow] = {}
    while wanted:
        for number, *row in connection.execute(_TYPE_ROWS, [sorted(wanted)]):
            found[number] = _TypeRow(*row)
        wanted = {part for each in found.values() for part in (each.base, each.item) if part} - found.keys()
    return found


def _field(row: tuple[Any, ...], types: dict[int, _TypeRow]) -> Field:
    _, _, _, name, not_null, number, modifier, formatted, has_default, identity, generated, own_rule, dimensions = row
    while types[number].kind == "d":  # a domain takes values as what it is made of does, and checks them
        domain = types[number]
        not_null = not_null or domain.not_null
        number, modifier = domain.base, domain.modifier
        formatted = types[number].name
    type_, usual = _type_of(types[number], modifier, types)
    for _ in range(dimensions - 1 if type_.name == "list" else 0):
        type_, usual = list_of(type_.or_null()), False
    return Field(
        name=name,
        type=type_ if not_null else type_.or_null(),
        has_default=bool(has_default or identity or generated),
        collated=bool(own_rule) and type_ is TEXT,
        generated=bool(generated) or identity == "a",
        stored="" if usual else formatted,
    )


def _type_of(row: _TypeRow, modifier: int, types: dict[int, _TypeRow]) -> tuple[Type, bool]:
    """The type, not null, and whether generated SQL may take the column as it is."""
    if row.category == "A" and row.item:
        item, usual = _type_of(types[row.item], modifier, types)
        if item is ANY and types[row.item].name == "bytea":
            return ANY, False
        return list_of(item.or_null()), usual
    if row.name == "numeric":
        precision, scale = (modifier - 4) >> 16, (modifier - 4) & 0x7FF
        if modifier >= 4 and precision <= DECIMAL_PRECISION and scale <= min(precision, MAX_SCALE):
            return decimal_of(precision, scale), True
        return DECIMAL, False
    type_ = _TYPES.get(row.name) if row.kind == "b" else None
    return (type_, row.name in _USUAL) if type_ is not None else (TEXT, False)
