"""A store → the SQL that makes, fills and counts it, in any engine that knows its types by the names given."""

from __future__ import annotations

from collections.abc import Callable

from runtime.databases.schema import Store
from runtime.types import Type


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def create_sql(store: Store, declared: Callable[[Type], str]) -> str:
    """declared: the engine's name of a type."""
    columns = [
        f"{quoted(field.name)} {declared(field.type)}{'' if field.type.nullable else ' NOT NULL'}"
        for field in store.fields
    ]
    if store.primary_key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, store.primary_key))})")
    return f"CREATE TABLE {quoted(store.name)} ({', '.join(columns)})"


def drop_sql(store: str) -> str:
    return f"DROP TABLE IF EXISTS {quoted(store)}"


def insert_sql(store: Store) -> str:
    places = ", ".join("?" * len(store.fields))
    return f"INSERT INTO {quoted(store.name)} ({listed(store)}) VALUES ({places})"


def listed(store: Store) -> str:
    """The names of its fields."""
    return ", ".join(quoted(field.name) for field in store.fields)


def count_sql(store: str) -> str:
    return f"SELECT count(*) FROM {quoted(store)}"
