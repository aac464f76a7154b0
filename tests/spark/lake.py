"""A Spark Connect server over a folder of Parquet files, as an engine that tests run on.

Tests fill it as they fill DuckDB: each table is then written as a Parquet file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from runtime.connect import connect
from runtime.databases.protocol import Database
from runtime.databases.spark.database import SparkDatabase
from runtime.databases.spark.url import parse_url
from runtime.query.schema import Store
from runtime.values.types import Type
from tests.engines import ENGINES, Engine
from tests.spark.servers import shared

DUCKDB: Final = ENGINES["duckdb"]
_FIELDS: Final = """
SELECT table_name, list(is_nullable ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal GROUP BY table_name
"""
_TYPES: Final = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


class Lake(Engine):
    """name: of the server. server: its URL."""

    savepoints = False
    column_type = ""

    def __init__(self, name: str, server: Callable[[], str]) -> None:
        self.name = name
        self._server = server

    @property
    def schema(self) -> Path:
        return DUCKDB.schema

    def place(self, folder: Path) -> Path:
        return folder / "lake"

    def script(self, place: Path, sql: str) -> None:
        place.mkdir(exist_ok=True)
        DUCKDB.script(_tables(place), sql)
        with duckdb.connect(str(_tables(place))) as connection:
            for table, nullable in connection.execute(_FIELDS).fetchall():
                name = table.replace('"', '""')
                found = connection.sql(f'FROM "{name}"').to_arrow_table()
                fields = [field.with_nullable(null) for field, null in zip(found.schema, nullable, strict=True)]
                pq.write_table(found.cast(pa.schema(fields)), place / f"{table}.parquet")

    def rows(self, place: Path, sql: str) -> list[list[Any]]:
        return DUCKDB.rows(_tables(place), sql)

    def url(self, place: Path) -> str:
        return f"{self._server()}?path={place.absolute()}"

    def open(self, place: Path, name: str = "main", *, read_only: bool = False) -> Database:
        return connect(self.url(place), name=name, base=place, read_only=read_only)


def _tables(place: Path) -> Path:
    return place.with_suffix(".duckdb")


def arrow_type(type_: Type) -> pa.DataType:
    """The type of a column of a Parquet file. KeyError for one that Parquet has none for."""
    if type_.name == "decimal":
        return pa.decimal128(type_.precision, type_.scale)
    if type_.name == "list" and type_.item is not None:
        return pa.list_(arrow_type(type_.item))
    return _TYPES[type_.name]


def write_parquet(file: Path, store: Store, rows: Sequence[Sequence[Any]]) -> None:
    """Rows of VM values as a Parquet file of a store."""
    fields = [pa.field(each.name, arrow_type(each.type), each.type.nullable) for each in store.fields]
    columns = [pa.array([_naive(row[at]) for row in rows], field.type) for at, field in enumerate(fields)]
    pq.write_table(pa.table(columns, schema=pa.schema(fields)), file)


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value


class Growing(Lake):
    """A folder that tests add stores to."""

    def script(self, place: Path, sql: str) -> None:
        super().script(place, sql or "CREATE TABLE first (x BIGINT)")

    def open(self, place: Path, name: str = "main", *, read_only: bool = False) -> Database:
        url = self.url(place)
        return cast(Database, Loadable(parse_url(url, url, place), name=name))


class Loadable(SparkDatabase):
    """A folder that a test may add stores to, each by one call of `insert_rows`."""

    def begin(self, *, write: bool) -> None:
        super().begin(write=False)

    def create_store(self, store: Store, *, replace: bool = False) -> None:
        """It is made with its rows."""

    def insert_rows(self, store: Store, rows: Sequence[Sequence[Any]]) -> int:
        write_parquet(Path(self._connection.address.path) / f"{store.name}.parquet", store, rows)
        return len(rows)

    def forget_schema(self) -> None:
        assert self.renew()


SAIL: Final = Lake("sail", lambda: shared().url)
GROWING: Final = Growing("sail", lambda: shared().url)
