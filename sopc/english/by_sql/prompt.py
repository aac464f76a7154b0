"""Schemas and values → `create table` lines, and the question: a request for one SQL statement.

The schema comes first and the question last, so that a server reads the schema once for all sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from runtime.query.schema import Schema, Store
from sopc.english.model_records import Message

ValuesOf = Callable[[str, str, str], Sequence[str]]  # database, store, field → some values

VALUES: Final = 3  # of a field
_MAX_LENGTH: Final = 30  # characters of a value
_TYPES: Final = {"int": "integer", "float": "real", "bool": "boolean"}
_TASK: Final = (
    "Write one SQLite query that answers the question about these tables. Reply with the SQL alone. Compare texts "
    "with values as they are written here. Select only the columns that are asked for."
)


def first_messages(schemas: Mapping[str, Schema], values_of: ValuesOf, question: str) -> list[Message]:
    """The request for the statement that a sentence asks for."""
    return [{"role": "system", "content": tables(schemas, values_of)}, {"role": "user", "content": question}]


def tables(schemas: Mapping[str, Schema], values_of: ValuesOf) -> str:
    """The task, and each store as the statement that would make it, with a few values of its text fields."""
    lines = [_TASK, ""]
    for database, schema in schemas.items():
        for store in schema.stores.values():
            lines += _table(store, partial(values_of, database, store.name))
    return "\n".join(lines)


def _table(store: Store, values_of: Callable[[str], Sequence[str]]) -> Iterator[str]:
    yield f"create table {_name(store.name)} ("
    points = {
        key.fields[0]: f" references {_name(key.other_store)}({_name(key.other_fields[0])})"
        for key in store.foreign_keys
        if len(key.fields) == 1
    }
    for field in store.fields:
        key = " primary key" if (field.name,) == store.primary_key else ""
        shown = values_of(field.name) if field.type.name == "text" else ()
        values = ", ".join(_value(each) for each in shown)
        kind = _TYPES.get(field.type.name, field.type.name)
        note = f" -- {values}" if values else ""
        yield f"  {_name(field.name)} {kind}{key}{points.get(field.name, '')},{note}"
    if len(store.primary_key) > 1:
        yield f"  primary key ({', '.join(map(_name, store.primary_key))})"
    yield ");"


def _name(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else '"' + name.replace('"', '""') + '"'


def _value(value: str) -> str:
    """A value as a text of SQL on one line."""
    shown = " ".join(value[:_MAX_LENGTH].split())
    return "'" + shown.replace("'", "''") + "'"
