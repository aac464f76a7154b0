"""A store → the SQL that makes, fills and counts it in SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runtime.databases.schema import Store
from runtime.types import Type

_DECLARED: Final = {
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "float": "REAL",
    "text": "TEXT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "duration": "DURATION",
}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def declared(type_: Type) -> str:
    """The declared type that runtime/databases/sqlite_schema.py reads as this one."""
    if type_.name == "decimal":
        return f"DECIMAL({type_.precision},{type_.scale})"
    return _DECLARED.get(type_.name, "JSON")


def create_sql(store: Store) -> str:
    columns = [
        f"{quoted(field.name)} {declared(field.type)}{'' if field.type.nullable else ' NOT NULL'}"
        for field in store.fields
    ]
    if store.primary_key:
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, store.primary_key))})")
    return f"CREATE TABLE {quoted(store.name)} ({', '.join(columns)})"


def drop_sql(store: str) -> str:
    return f"DROP TABLE IF EXISTS {quoted(store)}"


def insert_sql(store: str, fields: Sequence[str]) -> str:
    places = ", ".join("?" * len(fields))
    return f"INSERT INTO {quoted(store)} ({', '.join(map(quoted, fields))}) VALUES ({places})"


def count_sql(store: str) -> str:
    return f"SELECT count(*) FROM {quoted(store)}"
