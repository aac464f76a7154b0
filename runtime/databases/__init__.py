"""Queries and rows ↔ real databases: one small protocol, one engine a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.databases.duckdb.connections import require_duckdb
    from runtime.databases.sql.of_module import SQLITE, Engine, sql_of

__all__ = (
    "SQLITE",
    "Engine",
    "require_duckdb",
    "sql_of",
)
__getattr__ = lazy(
    __name__,
    SQLITE="runtime.databases.sql.of_module",
    Engine="runtime.databases.sql.of_module",
    require_duckdb="runtime.databases.duckdb.connections",
    sql_of="runtime.databases.sql.of_module",
)
