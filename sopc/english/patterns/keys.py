"""Schemas as declared, and their data → schemas with the keys and references that notes, names and data tell of.

Imported files declare none. What is noted of them (`sopvm db import`, `sopvm db link`) holds while the data agree. A
field called id (or like "box id" in boxes) is a key where no two rows share it and none lacks it; a field called "box
id" or "box" refers to boxes where its type is that of their key, or of their one name. Nothing that a database declares
itself is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from runtime.query.schema import Field, ForeignKey, Schema, Store, noted
from sopc.english.patterns import words
from sopc.english.patterns.tokens import name_words
from sopc.english.sample import Sampler

Names = tuple[str, ...]


def with_keys(schemas: Mapping[str, Schema], sampler: Sampler) -> dict[str, Schema]:
    """The same schemas, with keys and references added where none is declared."""
    return {database: _Keys(database, schema, sampler).added() for database, schema in schemas.items()}


def is_identifier(store: Store, field: Field) -> bool:
    """Whether a field is there to tell rows apart or to point at some, by its place in the schema or by its name."""
    keys = set(store.primary_key) if len(store.primary_key) == 1 else set()
    for key in store.foreign_keys:
        keys |= set(key.fields)
    return field.name in keys or name_words(field.name)[-1:] == ("id",)


def is_year(field: Field) -> bool:
    """Whether its whole numbers are years, as its name tells: "year", "published"."""
    return field.type.name == "int" and bool(words.YEARS & {*name_words(field.name)})


def measures(store: Store) -> list[Field]:
    """The fields whose numbers count for something: no identifiers; unique ones only where there are no others."""
    numbers = [
        field
        for field in store.fields
        if field.type.name in ("int", "float", "decimal") and not is_identifier(store, field)
    ]
    return [field for field in numbers if (field.name,) not in store.unique] or numbers


class _Keys:
    """One database's schema while keys are looked for. Data is asked only about fields whose names speak for it."""

    def __init__(self, database: str, schema: Schema, sampler: Sampler) -> None:
        self.database = database
        self.sampler = sampler
        self.declared = any(store.foreign_keys for store in schema.stores.values())
        known = noted(schema, self._agrees).stores
        self.stores = {name: self._with_key(store) for name, store in known.items()}
        self.labels = {name: list(_labels(store)) for name, store in schema.stores.items()}

    def added(self) -> Schema:
        return Schema(
            {
                name: msgspec.structs.replace(store, foreign_keys=(*store.foreign_keys, *self._references(store)))
                for name, store in self.stores.items()
            }
        )

    def _with_key(self, store: Store) -> Store:
        if store.primary_key or store.unique:
            return store
        own = name_words(store.name)
        for field in store.fields:
            called = name_words(field.name)
            named = called == ("id",) or words.same_words(called, (*own, "id"))
            if named and not store.note(field.name).said and self._tells_apart(store, field):
                return msgspec.structs.replace(store, primary_key=(field.name,))
        return store

    def _agrees(self, store: Store, name: str) -> bool:
        field = store.field(name)
        return field is not None and self._tells_apart(store, field)

    def _tells_apart(self, store: Store, field: Field) -> bool:
        return self.sampler.tells_apart(f"{self.database}.{store.name}", field.name, field.type)

    def _references(self, store: Store) -> Iterator[ForeignKey]:
        if self.declared:
            return  # fields of equal names are no reference where references are declared
        taken = {name for key in store.foreign_keys for name in key.fields} | set(store.primary_key)
        taken |= {note.field for note in store.known if note.said}
        for field in store.fields:
            targets = [
                ForeignKey((field.name,), other.name, (target.name,), unchecked=True)
                for other in self.stores.values()
                if field.name not in taken and other.name != store.name
                for target in self._pointed_at(name_words(field.name), other)
                if target.type.not_null() == field.type.not_null()
            ]
            if len(targets) == 1:
                yield targets[0]

    def _pointed_at(self, called: Names, other: Store) -> Iterator[Field]:
        """The fields of a store that a field of that name could hold the values of: its key, or its one name."""
        own = name_words(other.name)
        named = words.same_words(called, (*own, "id")) or words.same_words(called, own)
        if named and len(other.primary_key) == 1:
            yield from (field for field in other.fields if field.name in other.primary_key)
        for field, label in self.labels[other.name]:
            ways = (own, (*own, *label)) if len(label) == 1 else (label,)
            named = any(words.same_words(called, way) for way in ways)
            if named and ((field.name,) in other.unique or self._tells_apart(other, field)):
                yield field


def _labels(store: Store) -> Iterator[tuple[Field, Names]]:
    """The text fields that say what a row is called, and the words of their names."""
    for field in store.fields:
        label = name_words(field.name)
        if field.type.name == "text" and label and label[-1] in words.LABELS:
            yield field, label
