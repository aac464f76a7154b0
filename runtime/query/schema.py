"""What a database holds, as plain data: stores, their fields and keys."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from runtime.errors import DatabaseError
from runtime.values.names import name_fault, shortened
from runtime.values.types import Type, record_of


class Field(msgspec.Struct, frozen=True):
    """One column. type carries nullability; has_default: the engine fills it when an insert leaves it out.
    collated: it compares its text by a rule of its own, which generated SQL has to switch off.
    generated: its values are worked out by the database, so nothing can be written to it.
    stored: the column's own type in the engine, where generated SQL has to cast from it and to it; else empty."""

    name: str
    type: Type
    has_default: bool = False
    collated: bool = False
    generated: bool = False
    stored: str = ""


class ForeignKey(msgspec.Struct, frozen=True):
    """fields of this store that point at other_fields of other_store, position by position."""

    fields: tuple[str, ...]
    other_store: str
    other_fields: tuple[str, ...]


class Store(msgspec.Struct, frozen=True):
    """One table or view. unique: each set of fields that identifies a row (the primary key first)."""

    name: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    read_only: bool = False

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def row(self) -> Type:
        return record_of([(field.name, field.type) for field in self.fields])


class Broken(msgspec.Struct, frozen=True):
    """Why a store that is there can't be read: an error of ours as data."""

    code: str
    message: str
    hint: str | None = None

    def error(self) -> DatabaseError:
        return DatabaseError(self.code, self.message, self.hint)


class Schema(msgspec.Struct, frozen=True):
    """A database's stores.

    Attributes:
        stores: By name.
        place: The names before a store's own that make it the engine's full name of the table (`("hr", "main")` on
            DuckDB). Statements say them, so that no temporary table, table of the engine's own catalogue or other
            schema can stand in for a store; empty for SQL that is only shown.
        broken: Stores that can't be read, by name, such as files with a malformed line; using one is its error.
    """

    stores: dict[str, Store]
    place: tuple[str, ...] = ()
    broken: dict[str, Broken] = {}


def schema_of(stores: dict[str, Store], place: tuple[str, ...]) -> Schema:
    """What an engine found. Stores that no program could name in full are broken: engines allow fields without a
    name, and names that are longer than what a module can hold."""
    broken = {name: why for name, store in stores.items() if (why := _unnameable(store)) is not None}
    return Schema({name: store for name, store in stores.items() if name not in broken}, place, broken)


def _unnameable(store: Store) -> Broken | None:
    """Why the store is broken, if its name or one of its fields' is the reason."""
    named = [(f"the store `{shortened(store.name)}`", store.name)]
    named += [(f"a field of the store `{shortened(store.name)}`", field.name) for field in store.fields]
    for what, name in named:
        fault = name_fault(name)
        if fault is not None:
            return Broken("D0111", f"the name of {what} {fault}", "rename it, or make a view with another name for it")
    return None


def schema_hash(schema: Schema) -> str:
    """A hash (32 hex digits) of everything in the schema, whatever the order of its stores."""
    stores = dict(sorted(schema.stores.items()))
    return sha256(msgspec.msgpack.encode((schema.place, stores))).hexdigest()[:32]


def described(schema: Schema) -> dict[str, Any]:
    """Return a schema as JSON: each store's fields (types as scripts write them), keys and references.

    Args:
        schema: The schema.
    """
    return {
        store.name: {
            "read_only": store.read_only,
            "fields": [
                {
                    "name": field.name,
                    "type": str(field.type.not_null()),
                    "nullable": field.type.nullable,
                    "has_default": field.has_default,
                    "generated": field.generated,
                }
                for field in store.fields
            ],
            "primary_key": store.primary_key,
            "unique": store.unique,
            "references": [
                {"fields": key.fields, "store": key.other_store, "other_fields": key.other_fields}
                for key in store.foreign_keys
            ],
        }
        for store in schema.stores.values()
    }
