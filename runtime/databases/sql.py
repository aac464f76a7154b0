"""A query or write, the schema it runs on and a dialect → one SQL statement with bound values only.

Every name is quoted, every value bound. Errors: DatabaseError D0201 (the schema has changed), D0308.
"""

from __future__ import annotations

from sqlglot.dialects.sqlite import SQLite
from sqlglot.generators.sqlite import SQLiteGenerator

from runtime.databases.protocol import Statement
from runtime.databases.query import InsertList, Query, Write
from runtime.databases.schema import Schema
from runtime.databases.sql_relations import Relations
from runtime.databases.sql_writes import write_tree
from runtime.errors import DatabaseError


class _SQLite(SQLite):
    """SQLite with numbered placeholders: ?1, ?2, …"""

    class Generator(SQLiteGenerator):
        PARAMETER_TOKEN = "?"


DIALECTS = {"sqlite": _SQLite}


def generate(query: Query | Write, schema: Schema, dialect: str) -> Statement:
    """The statement that does what the query or write says, on a database with that schema."""
    if dialect not in DIALECTS:
        raise DatabaseError("D0308", f"there is no SQL generator for `{dialect}`")
    try:
        return _generate(query, schema, dialect)
    except RecursionError as error:
        raise DatabaseError(
            "D0308", "a query is too deeply nested", "variables worked out beforehand make its expressions shorter"
        ) from error


def _generate(query: Query | Write, schema: Schema, dialect: str) -> Statement:
    relations = Relations(query, schema)
    tree = relations.rows(query) if isinstance(query, Query) else write_tree(relations, query)
    expressions = relations.expressions
    return Statement(
        sql=tree.sql(dialect=DIALECTS[dialect]),
        binds=tuple(expressions.binds),
        constants=tuple(expressions.constants),
        columns=tuple((name, column.type) for name, column in query.columns) if isinstance(query, Query) else (),
        forms=tuple(expressions.forms),
        each=query.fields if isinstance(query, InsertList) else (),
        store="" if isinstance(query, Query) else query.store,
    )
