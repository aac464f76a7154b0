"""The engines that language tests run on → for each: how a test creates, fills and reads a database.

To add an engine: a subclass of Engine, a row in ENGINES, and tests/language/schema.NAME.sql.
"""

from __future__ import annotations

import atexit
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from runtime.connect import connect
from runtime.databases.protocol import Database
from runtime.query.schema import Schema
from tests.postgres import shared

LANGUAGE = Path(__file__).parent / "language"


class Engine(ABC):
    """name: as in `engine` of a test's id. column_type: SQL that gives the type of the only column of `things`."""

    name: str
    savepoints: bool
    column_type: str

    @property
    def schema(self) -> Path:
        """The SQL that makes the shared tables of tests/language."""
        return LANGUAGE / f"schema.{self.name}.sql"

    @abstractmethod
    def place(self, folder: Path) -> Path:
        """Where a test's database is, given an empty folder."""

    @abstractmethod
    def script(self, place: Path, sql: str) -> None:
        """Run statements, making the database when it is not there."""

    @abstractmethod
    def rows(self, place: Path, sql: str) -> list[list[Any]]:
        """Rows of a query, as JSON has them."""

    def url(self, place: Path) -> str:
        return f"{self.name}:///{place.absolute()}"

    def open(self, place: Path, name: str = "main", *, read_only: bool = False) -> Database:
        return connect(self.url(place), name=name, base=place, read_only=read_only)

    def read_schema(self, place: Path) -> Schema:
        with self.opened(place) as database:
            return database.schema()

    @contextmanager
    def opened(self, place: Path) -> Iterator[Database]:
        """Open for reading, closed afterwards."""
        database = self.open(place, read_only=True)
        try:
            yield database
        finally:
            database.close()


class SQLite(Engine):
    name = "sqlite"
    savepoints = True
    column_type = "SELECT type FROM pragma_table_info('things')"

    @property
    def schema(self) -> Path:
        return LANGUAGE / "schema.sql"

    def place(self, folder: Path) -> Path:
        return folder / "main.db"

    def script(self, place: Path, sql: str) -> None:
        connection = sqlite3.connect(place)
        connection.executescript(sql)
        connection.close()

    def rows(self, place: Path, sql: str) -> list[list[Any]]:
        connection = sqlite3.connect(place)
        try:
            return [list(row) for row in connection.execute(sql)]
        finally:
            connection.close()


class DuckDB(Engine):
    name = "duckdb"
    savepoints = False
    column_type = "SELECT data_type FROM duckdb_columns() WHERE table_name = 'things'"

    def place(self, folder: Path) -> Path:
        return folder / "main.duckdb"

    def script(self, place: Path, sql: str) -> None:
        with duckdb.connect(str(place)) as connection:
            connection.execute(sql)

    def rows(self, place: Path, sql: str) -> list[list[Any]]:
        with duckdb.connect(str(place)) as connection:
            return [[_as_in_json(value) for value in row] for row in connection.execute(sql).fetchall()]


class Postgres(Engine):
    """A database is a schema of its own on the shared server."""

    name = "postgres"
    savepoints = True
    column_type = (
        "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'things'::regclass and attnum = 1"
    )

    def place(self, folder: Path) -> Path:
        return folder / "main.postgres"

    def script(self, place: Path, sql: str) -> None:
        schema = _schema_of(place)
        _tests_connection().execute(f"create schema if not exists {schema}; set search_path = {schema}; {sql}".encode())

    def rows(self, place: Path, sql: str) -> list[list[Any]]:
        _tests_connection().execute(f"set search_path = {_schema_of(place)}, public".encode())
        return [[_as_in_json(value) for value in row] for row in _tests_connection().execute(sql.encode())]

    def url(self, place: Path) -> str:
        return shared().url(_schema_of(place))


# which SQLite and DuckDB have
_GROUP_CONCAT = b"""
create function public.listed(text, anynonarray) returns text language sql immutable
  as $$ select case when $1 is null then $2::text else $1 || ',' || $2::text end $$;
create aggregate public.group_concat(anynonarray) (sfunc = public.listed, stype = text);
"""


def _schema_of(place: Path) -> str:
    return "test_" + sha256(str(place).encode()).hexdigest()[:16]


@cache
def _tests_connection() -> psycopg.Connection[Any]:
    connection = shared().connect()
    atexit.register(connection.close)
    connection.execute(_GROUP_CONCAT)
    return connection


ENGINES: dict[str, Engine] = {engine.name: engine for engine in (SQLite(), DuckDB(), Postgres())}
SQLITE = ENGINES["sqlite"]


def _as_in_json(value: Any) -> Any:
    """A value of a typed engine as SQLite would give it, which is how tests write what they expect."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime | date):
        return str(value)
    return value
