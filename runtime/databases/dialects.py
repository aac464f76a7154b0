"""A dialect's name, and a query or write → its SQL; the one module that knows all dialects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from runtime.bytecode.module import Module
from runtime.databases.protocol import Statement
from runtime.errors import DatabaseError
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema

if TYPE_CHECKING:
    from runtime.databases.sql.expressions import Expressions

Engine = tuple[str, tuple[str, ...]]  # a dialect of SQL, and where stores are (`Schema.place`)
SQLITE: Final[Engine] = ("sqlite", ())


def expressions_of(dialect: str) -> type[Expressions]:
    """The writer of a dialect's expressions. Raises DatabaseError D0308 for an unknown dialect."""
    if dialect == "sqlite":
        from runtime.databases.sqlite.expressions import SQLiteExpressions

        return SQLiteExpressions
    if dialect == "duckdb":
        from runtime.databases.duckdb.expressions import DuckDBExpressions

        return DuckDBExpressions
    if dialect in ("spark", "sail"):
        from runtime.databases.spark.expressions import WRITERS

        return WRITERS[dialect]
    if dialect.startswith("postgres"):
        from runtime.databases.postgres.expressions import expressions_with

        return expressions_with(dialect.partition(" ")[2])
    raise DatabaseError("D0308", f"there is no SQL generator for `{dialect}`")


def statement_in(dialect: str, form: Query | Write, schema: Schema) -> Statement:
    """The statement that does what a query or write says, in a dialect."""
    from runtime.databases.sql.generate import generate

    return generate(form, schema, expressions_of(dialect))


def sql_of(module: Module, engine: Callable[[str], Engine] = lambda name: SQLITE) -> Callable[[Query | Write], str]:
    """Return a function: statement → its SQL over the stores that the script was checked against.

    Args:
        module: The compiled script.
        engine: database name → its engine.
    """

    def sql(statement: Query | Write) -> str:
        prefix = statement.database + "."
        stores = {key.removeprefix(prefix): store for key, store in module.schema.items() if key.startswith(prefix)}
        dialect, place = engine(statement.database)
        return statement_in(dialect, statement, Schema(stores, place)).sql

    return sql
