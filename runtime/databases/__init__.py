"""Queries and rows ↔ real databases: one small protocol, one engine a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.databases.dialects import SQLITE, Engine, sql_of
    from runtime.databases.duckdb.connections import require_duckdb
    from runtime.databases.protocol import SetSafe

__all__ = (
    "SQLITE",
    "Engine",
    "SetSafe",
    "require_duckdb",
    "sql_of",
)
__getattr__ = lazy(
    __name__,
    SQLITE="runtime.databases.dialects",
    Engine="runtime.databases.dialects",
    SetSafe="runtime.databases.protocol",
    require_duckdb="runtime.databases.duckdb.connections",
    sql_of="runtime.databases.dialects",
)
