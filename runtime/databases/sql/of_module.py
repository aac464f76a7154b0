"""A compiled script's queries and writes → their SQL, over the stores that it was checked against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runtime.bytecode.module import Module
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema

Engine = tuple[str, tuple[str, ...]]  # a dialect of SQL, and where stores are (`Schema.place`)
SQLITE: Final[Engine] = ("sqlite", ())


def sql_of(module: Module, engine: Callable[[str], Engine] = lambda name: SQLITE) -> Callable[[Query | Write], str]:
    """Return a function: statement → its SQL over the stores that the script was checked against.

    Args:
        module: The compiled script.
        engine: database name → its engine.
    """
    from runtime.databases.sql.generate import generate

    def sql(statement: Query | Write) -> str:
        prefix = statement.database + "."
        stores = {key.removeprefix(prefix): store for key, store in module.schema.items() if key.startswith(prefix)}
        dialect, place = engine(statement.database)
        return generate(statement, Schema(stores, place), dialect).sql

    return sql
