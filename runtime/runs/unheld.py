"""The arguments of a run, and the data → warnings for texts that no row holds where the script compares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from runtime.bytecode.module import Module
from runtime.databases.protocol import Database
from runtime.databases.statements import Statements
from runtime.databases.value_table import normal
from runtime.query import algebra as q
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, TEXT

_MAX_VALUES: Final = 5_000  # of a field, to look for the nearest among


def unheld(
    module: Module, arguments: Sequence[Any], databases: Mapping[str, Database], statements: Statements
) -> Iterator[str]:
    """Yield a warning for each argument that is a text, is compared with a field, and is no value of it.

    Args:
        module: The script's.
        arguments: One per parameter, in order. Secret ones are left out.
        databases: The open databases by name.
        statements: Where SQL is kept.

    Raises:
        DatabaseError: The data can't be read.
    """
    given = {
        param.name: value
        for param, value in zip(module.signature.params, arguments, strict=True)
        if isinstance(value, str) and param.secret is not True
    }
    for one in module.debug.compared:
        database, _, store = one.store.partition(".")
        value = given.get(one.parameter)
        if value is None or database not in databases:
            continue
        opened = databases[database]
        if _rows(opened, statements, database, store, one.field, value):
            continue
        held = _rows(opened, statements, database, store, one.field, None)
        if not held:
            continue  # of an empty field, nothing can be told
        alike = [each for each in held if normal(each) == normal(value)]
        near = alike or get_close_matches(value, held)
        nearest = f"; nearest: {', '.join(map(_quoted, near))}" if near else ""
        yield f"{one.parameter}: no row of {store} has the {one.field} {_quoted(value)}{nearest}"


def _quoted(value: str) -> str:
    return f'"{value}"'


def _rows(
    opened: Database, statements: Statements, database: str, store: str, field: str, value: str | None
) -> list[str]:
    """The rows' values of a field that equal a value, one at most; or its distinct values, up to a bound."""
    column = q.Column(0, field, TEXT.or_null())
    scan = q.Scan(0, database, store)
    rows: q.Relation
    if value is None:
        rows = q.Where(scan, q.Op("is_not_null", (column,), BOOL))
        rows = q.Distinct(q.Select(1, rows, ((field, column),)))
    else:
        rows = q.Select(1, q.Where(scan, q.Op("eq", (column, q.Param(0, TEXT)), BOOL)), ((field, column),))
    rows = q.Limit(rows, Const(_MAX_VALUES if value is None else 1, INT), None)
    query = q.Query(database, rows, ((field, q.Column(1, field, column.type)),), () if value is None else (TEXT,))
    key = f"{'all' if value is None else 'held'}:{store}:{field}".encode()
    statement = statements.statement(opened, query, key)
    opened.begin(write=False)
    try:
        found = opened.query(statement, () if value is None else (value,))
        return sorted(str(row[0]) for batch in found for row in batch)
    finally:
        opened.rollback()
