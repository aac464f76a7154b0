"""Databases → the few facts about their data that a translator may look up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from runtime.databases.protocol import Database, Statement
from runtime.databases.value_table import FOLDER, Held, ValueTable, open_table
from runtime.query import algebra as q
from runtime.query.schema import Schema
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, TEXT, Type


class Sampler(Protocol):
    """Looks up facts about the data. store: "database.store" (with the `uses` name of the database)."""

    def find(self, store: str, field: str, text: str, *, quoted: bool = False) -> tuple[str, ...]:
        """The distinct values of a text field that equal `text` but for case and spacing, as they are stored. Long
        texts, and fields with very many values, are found only if the text is `quoted`, and only as they are."""
        ...

    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        """(database, store, field, value) of every value that equals the text but for case and spacing."""
        ...

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        """Up to `count` distinct values of a text field."""
        ...

    def nearest(self, store: str, field: str, text: str) -> tuple[str, ...]:
        """The values of a text field that are most like a text, best first."""
        ...

    def tells_apart(self, store: str, field: str, type_: Type) -> bool:
        """Whether the field identifies rows: each has a value, and all values differ."""
        ...

    def holds_flags(self, store: str, field: str) -> bool:
        """Whether an int field holds nothing but 0 and 1."""
        ...


class DatabaseSampler:
    """Looks values up in a table of them that is made once per change of a database (runtime/databases/value_table.py).
    What is found is confirmed by a query, as the table may be a moment behind.

    Raises:
        DatabaseError: A database can't be read.
    """

    def __init__(
        self,
        databases: Callable[[str], Database],
        names: Iterable[str] = (),
        home: Path | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        """databases: returns the open database of a `uses` name. names: of all of them. home: the folder to keep the
        tables in; None keeps none. note: is told what takes long."""
        self._databases = databases
        self._names = tuple(names)
        self._folder = None if home is None else home / FOLDER
        self._note = note
        self._tables: dict[str, ValueTable] = {}
        self._held = cache(self._find_held)
        self._confirmed = cache(self._is_there)
        self.tells_apart = cache(self._tells_apart)
        self.holds_flags = cache(self._holds_flags)

    def __enter__(self) -> DatabaseSampler:
        return self

    def __exit__(self, *error: object) -> None:
        for table in self._tables.values():
            table.close()
        self._tables.clear()

    def refreshed(self, names: Iterable[str]) -> DatabaseSampler:
        """The same look-up, without what may have changed since it was looked up. names: of the databases now."""
        self.__exit__()
        self._names = tuple(names)
        for known in (self._held, self._confirmed, self.tells_apart, self.holds_flags):
            known.cache_clear()
        return self

    def find(self, store: str, field: str, text: str, *, quoted: bool = False) -> tuple[str, ...]:
        database, _, name = store.partition(".")
        if quoted and not self._table(database).is_kept(name, field):
            return (text,) if self._confirmed(store, field, text) else ()
        found = (held.value for held in self._held(database, text) if (held.store, held.field) == (name, field))
        return tuple(value for value in found if self._confirmed(store, field, value))

    def lookup(self, text: str) -> list[tuple[str, str, str, str]]:
        """(database, store, field, value) of every value that equals the text but for case and spacing."""
        return [
            (database, *held)
            for database in self._names
            for held in self._held(database, text)
            if self._confirmed(f"{database}.{held.store}", held.field, held.value)
        ]

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        database, _, name = store.partition(".")
        return self._table(database).sample(name, field, count)

    def nearest(self, store: str, field: str, text: str) -> tuple[str, ...]:
        database, _, name = store.partition(".")
        return self._table(database).nearest(name, field, text)

    def _table(self, database: str) -> ValueTable:
        if database not in self._tables:
            self._tables[database] = open_table(self._databases(database), self._folder, self._note)
        return self._tables[database]

    def _find_held(self, database: str, text: str) -> tuple[Held, ...]:
        return tuple(self._table(database).find(text))

    def _is_there(self, store: str, field: str, value: str) -> bool:
        database, _, name = store.partition(".")
        column = q.Column(0, field, TEXT.or_null())
        equal = q.Where(q.Scan(0, database, name), q.Op("eq", (column, q.Param(0, TEXT)), BOOL))
        first = q.Limit(q.Select(1, equal, ((field, column),)), Const(1, INT), None)
        query = q.Query(database, first, ((field, q.Column(1, field, column.type)),), (TEXT,))
        return bool(self._rows(store, self._prepared(query), value))

    def _tells_apart(self, store: str, field: str, type_: Type) -> bool:
        return not self._rows(store, self._prepared(_shared(store, field, type_)))

    def _holds_flags(self, store: str, field: str) -> bool:
        return not self._rows(store, self._prepared(_beyond(store, field, ("ne", "ne"), (0, 1)))) and bool(
            self._rows(store, self._prepared(_beyond(store, field, ("ge", "le"), (0, 1))))
        )

    def _prepared(self, query: q.Query) -> Statement:
        return self._databases(query.database).prepare(query)

    def _rows(self, store: str, statement: Statement, *params: str) -> list[Any]:
        database = self._databases(store.partition(".")[0])
        database.begin(write=False)
        try:
            return [row for batch in database.query(statement, params) for row in batch]
        finally:
            database.rollback()


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


def _beyond(store: str, field: str, ops: tuple[str, str], bounds: tuple[int, int]) -> q.Query:
    """The query for one value of a field that passes two tests."""
    database, _, name = store.partition(".")
    column = q.Column(0, field, INT.or_null())
    tests = tuple(q.Op(op, (column, Const(bound, INT)), BOOL) for op, bound in zip(ops, bounds, strict=True))
    found = q.Select(1, q.Where(q.Scan(0, database, name), q.Op("and", tests, BOOL)), ((field, column),))
    return q.Query(database, q.Limit(found, Const(1, INT), None), ((field, q.Column(1, field, column.type)),), ())


def text_fields(schema: Schema, store: str) -> tuple[str, ...]:
    """The names of a store's text fields."""
    return tuple(field.name for field in schema.stores[store].fields if field.type.name == "text")
