"""A store → the SQL that makes, fills and counts it, in any engine that knows its types by the names given.

Each statement names the store in full: `place` is `Schema.place` (runtime/query/schema.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runtime.query.schema import Store
from runtime.values.types import Type


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL says it."""
    return "'" + text.replace("'", "''") + "'"


def in_full(place: Sequence[str], store: str) -> str:
    """The store's name, with all that comes before it."""
    return ".".join(map(quoted, (*place, store)))


def create_sql(place: Sequence[str], store: Store, declared: Callable[[Type], str]) -> str:
    """declared: the engine's name of a type."""
    columns = [
        f"{quoted(field.name)} {declared(field.type)}{'' if field.type.nullable else ' NOT NULL'}"
        for field in store.fields
    ]
    if store.primary_key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, store.primary_key))})")
    return f"CREATE TABLE {in_full(place, store.name)} ({', '.join(columns)})"


def drop_sql(place: Sequence[str], store: str) -> str:
    return f"DROP TABLE IF EXISTS {in_full(place, store)}"


def insert_sql(place: Sequence[str], store: Store) -> str:
    places = ", ".join("?" * len(store.fields))
    return f"INSERT INTO {in_full(place, store.name)} ({listed(store)}) VALUES ({places})"


def listed(store: Store) -> str:
    """The names of its fields."""
    return ", ".join(quoted(field.name) for field in store.fields)


def count_sql(place: Sequence[str], store: str) -> str:
    return f"SELECT count(*) FROM {in_full(place, store)}"
