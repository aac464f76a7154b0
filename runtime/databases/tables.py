"""A store → the SQL that makes, fills and counts it, in any engine that knows its types by the names given.

Each statement names the store in full: `place` is `Schema.place` (runtime/query/schema.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runtime.query.schema import Store
from runtime.values.types import Type


def quote_identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """A text as SQL says it."""
    return "'" + text.replace("'", "''") + "'"


def qualified_name(place: Sequence[str], store: str) -> str:
    """The store's name, with all that comes before it."""
    return ".".join(map(quote_identifier, (*place, store)))


def create_sql(place: Sequence[str], store: Store, column_type: Callable[[Type], str]) -> str:
    """declared: the engine's name of a type."""
    columns = [
        f"{quote_identifier(field.name)} {column_type(field.type)}{'' if field.type.nullable else ' NOT NULL'}"
        for field in store.fields
    ]
    if store.primary_key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quote_identifier, store.primary_key))})")
    return f"CREATE TABLE {qualified_name(place, store.name)} ({', '.join(columns)})"


def drop_sql(place: Sequence[str], store: str) -> str:
    return f"DROP TABLE IF EXISTS {qualified_name(place, store)}"


def rename_sql(place: Sequence[str], store: str, new: str) -> str:
    return f"ALTER TABLE {qualified_name(place, store)} RENAME TO {quote_identifier(new)}"


def insert_sql(place: Sequence[str], store: Store) -> str:
    places = ", ".join("?" * len(store.fields))
    return f"INSERT INTO {qualified_name(place, store.name)} ({field_list(store)}) VALUES ({places})"


def field_list(store: Store) -> str:
    """The names of its fields."""
    return ", ".join(quote_identifier(field.name) for field in store.fields)


def count_sql(place: Sequence[str], store: str) -> str:
    return f"SELECT count(*) FROM {qualified_name(place, store)}"
