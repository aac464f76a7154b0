"""Databases → the few facts about their data that a translator may look up."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from runtime.databases.protocol import Database, Statement
from runtime.query import algebra as q
from runtime.query.schema import Schema
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, TEXT, Type

_SPELLINGS = 5


class Sampler(Protocol):
    """Looks up facts about the data. store: "database.store" (with the `uses` name of the database)."""

    def find(self, store: str, field: str, text: str) -> tuple[str, ...]:
        """The distinct values of a text field that equal `text` ignoring case, as they are stored."""
        ...

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        """Up to `count` distinct values of a text field."""
        ...

    def mentioned(self, store: str, field: str, phrases: tuple[str, ...]) -> tuple[str, ...]:
        """The distinct values of a text field that equal one of the lower-case phrases ignoring case, as stored."""
        ...

    def tells_apart(self, store: str, field: str, type_: Type) -> bool:
        """Whether the field identifies rows: each has a value, and all values differ."""
        ...


class DatabaseSampler:
    """Looks values up in databases, with bound parameters; results are cached, and so is the SQL of each field.

    Raises:
        DatabaseError: A database can't be read.
    """

    def __init__(self, databases: Callable[[str], Database]) -> None:
        """databases: returns the open database of a `uses` name."""
        self._databases = databases
        self.find = cache(self._find)
        self.examples = cache(self._examples)
        self.mentioned = cache(self._mentioned)
        self.tells_apart = cache(self._tells_apart)
        self._finder = cache(self._make_finder)

    def _find(self, store: str, field: str, text: str) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._rows(store, self._finder(store, field), text.lower()))

    def _make_finder(self, store: str, field: str) -> Statement:
        column = q.Column(0, field, TEXT.or_null())
        condition = q.Op("eq", (q.Func("lower", (column,), TEXT.or_null()), q.Param(0, TEXT)), BOOL)
        return self._prepared(_distinct(store, column, condition, _SPELLINGS, (TEXT,)))

    def _examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        column = q.Column(0, field, TEXT.or_null())
        query = _distinct(store, column, q.Op("is_not_null", (column,), BOOL), count, ())
        return tuple(str(row[0]) for row in self._rows(store, self._prepared(query)))

    def _mentioned(self, store: str, field: str, phrases: tuple[str, ...]) -> tuple[str, ...]:
        """Finds the values with a single query, however many phrases there are."""
        column = q.Column(0, field, TEXT.or_null())
        lower = q.Func("lower", (column,), TEXT.or_null())
        equal = q.Op("in", (lower, *(q.Param(number, TEXT) for number in range(len(phrases)))), BOOL)
        query = _distinct(store, column, equal, _SPELLINGS, (TEXT,) * len(phrases))
        return tuple(str(row[0]) for row in self._rows(store, self._prepared(query), *phrases))

    def _tells_apart(self, store: str, field: str, type_: Type) -> bool:
        return not self._rows(store, self._prepared(_shared(store, field, type_)))

    def _prepared(self, query: q.Query) -> Statement:
        return self._databases(query.database).prepare(query)

    def _rows(self, store: str, statement: Statement, *params: str) -> list[Any]:
        database = self._databases(store.partition(".")[0])
        database.begin(write=False)
        try:
            return [row for batch in database.query(statement, params) for row in batch]
        finally:
            database.rollback()


def _distinct(store: str, column: q.Column, condition: q.Expr, count: int, params: tuple[Type, ...]) -> q.Query:
    """The query for at most `count` distinct values of a column that meet a condition."""
    database, _, name = store.partition(".")
    rows: q.Relation = q.Where(q.Scan(0, database, name), condition)
    rows = q.Distinct(q.Select(1, rows, ((column.name, column),)))
    rows = q.Limit(rows, Const(count, INT), None)
    return q.Query(database, rows, ((column.name, q.Column(1, column.name, column.type)),), params)


def _shared(store: str, field: str, type_: Type) -> q.Query:
    """The query for one value of a field that is null or that two rows share."""
    database, _, name = store.partition(".")
    column = q.Column(0, field, type_)
    counted = ((field, column), ("rows", q.Aggregate("count", None, False, INT)))
    groups = q.Group(1, q.Scan(0, database, name), (column,), counted)
    rows = q.Column(1, "rows", INT)
    wrong = (q.Op("gt", (rows, Const(1, INT)), BOOL), q.Op("is_null", (q.Column(1, field, type_),), BOOL))
    first = q.Select(2, q.Where(groups, q.Op("or", wrong, BOOL)), (("rows", rows),))
    return q.Query(database, q.Limit(first, Const(1, INT), None), (("rows", q.Column(2, "rows", INT)),), ())


def text_fields(schema: Schema, store: str) -> tuple[str, ...]:
    """The names of a store's text fields."""
    return tuple(field.name for field in schema.stores[store].fields if field.type.name == "text")
