"""A connection and a store → whether rows that are written together do what they do when written one by one.

A trigger, a rule, a policy, a partition, a reference of the table to itself, or a function of somebody's own in a check
or a default can tell the difference: what counts its table's rows sees all of them, and a row may refer to one that
comes later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from runtime.databases.tables import qualified_name
from runtime.query.schema import Schema, Store

FEW: Final = 16  # rows for which COPY, with its savepoint, takes as many trips as the statements
_TYPES: Final = frozenset({"int", "bool", "text", "date", "timestamp", "decimal", "float"})  # read alike by COPY
_STORED: Final = ("integer", "smallint", "character varying")  # types of columns that are no less so
_IS_PLAIN: Final = b"""
select c.relkind = 'r' and not c.relhasrules and not c.relrowsecurity and not c.relhassubclass and not c.relispartition
  and not exists (select from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal)
  and not exists (select from pg_constraint as f
                  where f.conrelid = c.oid and (f.contype = 'x' or (f.contype = 'f' and f.confrelid = c.oid)))
  and not exists (select from pg_depend as d join pg_constraint as f on f.oid = d.objid
                  where d.classid = 'pg_constraint'::regclass and d.refclassid = 'pg_proc'::regclass
                  and f.conrelid = c.oid)
  and not exists (select from pg_depend as d join pg_attrdef as f on f.oid = d.objid
                  where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_proc'::regclass
                  and f.adrelid = c.oid)
  and not exists (select from pg_attribute as a where a.attrelid = c.oid and not a.attisdropped
                  and (a.attgenerated <> '' or a.atttypid = 'real'::regtype
                       or (a.attidentity = 'a' and a.attname = any($3::text[]))))
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2
"""


def is_plain(connection: psycopg.Connection[Any], schema: str, store: str, fields: Sequence[str]) -> bool:
    """fields: that are given a value. Raises psycopg.Error."""
    row = connection.execute(_IS_PLAIN, [schema, store, list(fields)]).fetchone()
    return row is not None and bool(row[0])


def locks(place: tuple[str, ...], read: Sequence[str], written: Sequence[str]) -> str:
    """SQL that takes what these stores' definitions are changed under from others, or fails.

    A transaction sees the catalogue as it was at its first query, while a trigger that was made since fires all the
    same. LOCK takes no snapshot, so as the first statement it makes both one. CREATE TRIGGER waits for who writes, DROP
    INDEX and ALTER TABLE for who reads.
    """
    modes = (("access share", read), ("row exclusive", written))
    return "; ".join(
        f"lock table {', '.join(qualified_name(place, store) for store in stores)} in {mode} mode nowait"
        for mode, stores in modes
        if stores
    )


def copied_fields(schema: Schema, store: str, fields: Sequence[str]) -> Store | None:
    """The store with these fields alone, when COPY reads all of them as an INSERT does; else None."""
    known = schema.stores.get(store)
    if known is None or not fields:
        return None
    wanted = [known.field(name) for name in fields]
    kept = tuple(each for each in wanted if each is not None and each.type.name in _TYPES and _is_usual(each.stored))
    return Store(store, kept) if len(kept) == len(fields) else None


def _is_usual(stored: str) -> bool:
    return not stored or stored.startswith(_STORED)
