"""What a database holds, as plain data: stores, their fields and keys."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

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
    """fields of this store that point at other_fields of other_store, position by position. unchecked: only a note or
    the names tell of it, so rows may point at what is not there."""

    fields: tuple[str, ...]
    other_store: str
    other_fields: tuple[str, ...]
    unchecked: bool | UnsetType = UNSET


class Note(msgspec.Struct, frozen=True):
    """What is known of a field that its database does not declare.

    Attributes:
        field: Its name.
        unit: Of its numbers.
        mostly: `numbers` or `dates`, for a text field that nearly holds them.
        hint: What would read those.
        is_key: It is, or is a part of, what tells the rows of its store apart.
        other_store: Where its values are found, in the field `other_field`; empty for a field that refers to nothing.
        other_field: A field that tells the rows of that store apart.
        said: Whether a person said what it refers to and whether it is a key; else both were found in the data.
    """

    field: str
    unit: str = ""
    mostly: str = ""
    hint: str = ""
    is_key: bool = False
    other_store: str = ""
    other_field: str = ""
    said: bool = False


class Store(msgspec.Struct, frozen=True):
    """One table or view. unique: each set of fields that identifies a row (the primary key first). notes: of fields of
    which something is known that the database does not declare; unset without any, so that modules keep their
    hashes."""

    name: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    read_only: bool = False
    notes: tuple[Note, ...] | UnsetType = UNSET

    def note(self, name: str) -> Note:
        return next((note for note in self.known if note.field == name), Note(name))

    @property
    def known(self) -> tuple[Note, ...]:
        """Its notes, none where they are unset."""
        return () if self.notes is UNSET else self.notes

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


def noted(schema: Schema, is_key: Callable[[Store, str], bool] = lambda store, field: True) -> Schema:
    """Return the schema with the keys and references that notes tell of, for readers of it: the database enforces none
    of them, so no write may rely on one. A store that declares a key, or a field that refers somewhere, keeps that.

    Args:
        schema: As the database, or a person's settings, have it.
        is_key: Whether a field still tells the rows of its store apart.
    """
    stores = {name: _noted(store, schema.stores, is_key) for name, store in schema.stores.items()}
    return msgspec.structs.replace(schema, stores=stores)


def _noted(store: Store, stores: dict[str, Store], is_key: Callable[[Store, str], bool]) -> Store:
    if not store.known:
        return store
    own = {name for key in store.foreign_keys for name in key.fields}
    references = [
        ForeignKey((note.field,), note.other_store, (note.other_field,), unchecked=True)
        for note in store.known
        if note.field not in own
        and refers(store, note, stores.get(note.other_store))
        and is_key(stores[note.other_store], note.other_field)
    ]
    keys = tuple(field.name for field in store.fields if store.note(field.name).is_key)
    if len(keys) == 1 and not is_key(store, keys[0]):
        keys = ()
    return msgspec.structs.replace(
        store,
        primary_key=store.primary_key or keys,
        unique=store.unique or ((keys,) if keys else ()),
        foreign_keys=(*store.foreign_keys, *references),
    )


def refers(store: Store, note: Note, other: Store | None) -> bool:
    """Whether what a note refers to is still there, and of the field's type."""
    own, target = store.field(note.field), other.field(note.other_field) if other is not None else None
    return own is not None and target is not None and own.type.not_null() == target.type.not_null()


def without_notes(schema: Schema) -> Schema:
    """The schema as its database declares it."""
    stores = {name: msgspec.structs.replace(store, notes=UNSET) for name, store in schema.stores.items()}
    return msgspec.structs.replace(schema, stores=stores)


def schema_hash(schema: Schema) -> str:
    """A hash (32 hex digits) of everything in the schema, whatever the order of its stores."""
    stores = dict(sorted(schema.stores.items()))
    return sha256(msgspec.msgpack.encode((schema.place, stores))).hexdigest()[:32]


def described(schema: Schema) -> dict[str, Any]:
    """Return a schema as JSON: each store's fields (types as scripts write them), keys, references, and notes.

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
                    "unit": store.note(field.name).unit or None,
                    "mostly": store.note(field.name).mostly or None,
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
        for store in noted(schema).stores.values()
    }
