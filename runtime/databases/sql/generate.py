"""A query or write, the schema it runs on and a dialect's expressions → one SQL statement with bound values only.

Every name is quoted, every value bound. Errors: DatabaseError D0201 (the schema has changed), D0308.
"""

from __future__ import annotations

import sys
from threading import Lock
from typing import Final

from sqlglot import exp

from runtime.databases.protocol import BATCH_ROWS, Statement
from runtime.databases.sql.expressions import Expressions
from runtime.databases.sql.relations import Relations
from runtime.databases.sql.sql_nodes import number
from runtime.databases.sql.writes import write_tree
from runtime.errors import DatabaseError
from runtime.query.algebra import Insert, InsertList, Query, Write, row_bound
from runtime.query.schema import Schema


def generate(query: Query | Write, schema: Schema, expressions: type[Expressions]) -> Statement:
    """The statement that does what the query or write says, on a database with that schema.

    Args:
        query: What to do.
        schema: The stores of the database.
        expressions: The writer of the dialect's expressions, which is all that differs between engines.

    Raises:
        DatabaseError: D0201 when a store or field is not in the schema, D0308 when the query is nested too deeply.
    """
    for writer in expressions.attempts():
        try:
            with _DEEP:
                statement = _generate(query, schema, writer)
        except RecursionError:
            break
        if writer.has_room(statement.sql):
            return statement
    raise DatabaseError(
        "D0308", "this query is too deeply nested", "a part of it can be worked out beforehand, or kept in a store"
    )


class _RecursionRoom:
    """Room for Python's frames, some ten for each level of an expression, while statements are generated. One thread
    has it at a time, since the limit is the process's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._before = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(self._before, _FRAMES))

    def __exit__(self, *_: object) -> None:
        sys.setrecursionlimit(self._before)
        self._lock.release()


_FRAMES: Final = 20_000
_DEEP: Final = _RecursionRoom()


def _generate(query: Query | Write, schema: Schema, writer: type[Expressions]) -> Statement:
    relations = Relations(query, schema, writer)
    tree = relations.rows(query) if isinstance(query, Query) else write_tree(relations, query)
    expressions = relations.expressions
    records = tree.meta.get("records")
    used = _renumbered(tree, records)
    return Statement(
        sql=tree.sql(dialect=writer.dialect, copy=False),
        binds=tuple(expressions.binds[place - 1] for place in used),
        constants=tuple(expressions.constants),
        columns=tuple((name, column.type) for name, column in query.columns) if isinstance(query, Query) else (),
        reads=tuple(tree.meta.get("reads", ())),
        records=records.sql(dialect=writer.dialect, copy=False) if records is not None else "",
        forms=tuple(expressions.forms[place - 1] for place in used),
        each=query.fields if isinstance(query, InsertList) else (),
        store="" if isinstance(query, Query) else query.store,
        few=isinstance(query, Query) and (row_bound(query.relation) or BATCH_ROWS + 1) <= BATCH_ROWS,
        fields=query.fields if isinstance(query, InsertList) or (isinstance(query, Insert) and not query.keys) else (),
        keys=tuple(map(query.fields.index, query.keys)) if isinstance(query, Insert) else (),
    )


def _renumbered(*trees: exp.Expr | None) -> list[int]:
    """Renumber the placeholders in the trees from 1 without gaps, and return the old number of each. Gaps come from
    forms of an expression that were written and then not used; SQLite refuses values for them."""
    placeholders = [each for tree in trees if tree is not None for each in tree.find_all(exp.Parameter)]
    used = sorted({int(placeholder.this.this) for placeholder in placeholders})
    places = {old: new for new, old in enumerate(used, 1)}
    for placeholder in placeholders:
        placeholder.set("this", number(places[int(placeholder.this.this)]))
    return used
