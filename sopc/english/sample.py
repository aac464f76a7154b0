"""Databases → which values they hold: what a translator may look up, and nothing more."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from runtime.databases import query as q
from runtime.databases.protocol import Database
from runtime.databases.schema import Schema
from runtime.types import BOOL, INT, TEXT

_SPELLINGS = 5


class Sampler(Protocol):
    """What is known of the data. store: "database.store" (the database's `uses` name)."""

    def find(self, store: str, field: str, text: str) -> tuple[str, ...]:
        """The distinct values of a text field that equal `text`, minding no case, as they are spelt."""
        ...

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        """Up to `count` distinct values of a text field."""
        ...


class NoSampler:
    """For when no data can be looked at: finds nothing."""

    def find(self, store: str, field: str, text: str) -> tuple[str, ...]:
        return ()

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        return ()


class DatabaseSampler:
    """Looks values up with bound parameters, each question asked once. Raises DatabaseError."""

    def __init__(self, databases: Callable[[str], Database]) -> None:
        """databases: the open database of a `uses` name."""
        self._databases = databases
        self.find = cache(self._find)
        self.examples = cache(self._examples)

    def _find(self, store: str, field: str, text: str) -> tuple[str, ...]:
        column = q.Column(0, field, TEXT.or_null())
        condition = q.Op("eq", (q.Func("lower", (column,), TEXT.or_null()), q.Param(0, TEXT)), BOOL)
        return self._distinct(store, column, condition, _SPELLINGS, text.lower())

    def _examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        column = q.Column(0, field, TEXT.or_null())
        return self._distinct(store, column, q.Op("is_not_null", (column,), BOOL), count)

    def _distinct(
        self, qualified: str, column: q.Column, condition: q.Expr, count: int, *params: str
    ) -> tuple[str, ...]:
        name, _, store = qualified.partition(".")
        rows: q.Relation = q.Where(q.Scan(0, name, store), condition)
        rows = q.Distinct(q.Select(1, rows, ((column.name, column),)))
        rows = q.Limit(rows, q.Const(count, INT), None)
        database = self._databases(name)
        query = q.Query(name, rows, ((column.name, q.Column(1, column.name, column.type)),), (TEXT,) * len(params))
        database.begin(write=False)
        try:
            batches = database.query(database.prepare(query), params)
            return tuple(str(row[0]) for batch in batches for row in batch)
        finally:
            database.rollback()


def text_fields(schema: Schema, store: str) -> tuple[str, ...]:
    """The names of a store's text fields."""
    return tuple(field.name for field in schema.stores[store].fields if field.type.name == "text")
