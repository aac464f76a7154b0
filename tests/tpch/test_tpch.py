"""The 22 questions of TPC-H give the same answers on every engine as the standard's SQL gives on DuckDB.

The rule: the same rows in the same order; whole numbers, texts and dates are equal, and so are decimals wherever DuckDB
gives a decimal. Where it gives a float (`avg` and `/`), that is rounded to the scale that ours has.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.files.load import import_file
from runtime.library.store import Library
from tests.harness import compile_text, execute, store
from tests.postgres import Server
from tests.spark.servers import shared
from tests.tpch.data import INDEXES, SCHEMA, Files, generate, load_duckdb, load_postgres
from tests.tpch.questions import QUESTIONS, Question

SCALE = 0.01
Rows = list[list[Any]]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return generate(tmp_path_factory.mktemp("tpch"), SCALE)


@pytest.fixture(scope="session")
def reference(files: Files) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        load_duckdb(connection, files)
        yield connection


@pytest.fixture(scope="session")
def sqlite(files: Files, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("sqlite") / "tpch.db"
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA + INDEXES)
    connection.close()
    url = f"sqlite:///{path}"
    database = connect(url, name="main", base=path.parent)
    assert isinstance(database, SQLiteDatabase)
    for table, file in files.items():
        import_file(database, file, store=table, mode="append")
    database.close()
    return url


@pytest.fixture(scope="session")
def duckdb_file(files: Files, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("duckdb") / "tpch.duckdb"
    with duckdb.connect(path) as connection:
        load_duckdb(connection, files)
    return f"duckdb:///{path}"


@pytest.fixture(scope="session")
def postgresql(files: Files, postgres: Server) -> Iterator[str]:
    with postgres.schema() as schema, postgres.connect() as connection:
        connection.execute(f"SET search_path = {schema}".encode())
        load_postgres(connection, files)
        yield postgres.url(schema)


@pytest.fixture(scope="session")
def sail(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same rows as Parquet files, read through Spark Connect."""
    folder = tmp_path_factory.mktemp("lake")
    generate(folder, SCALE, "parquet")
    return f"{shared().url}?path={folder}"


@pytest.mark.parametrize("parameters", ["standard", "others"])
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.script)
@pytest.mark.parametrize("engine", ["sqlite", "duckdb_file", "postgresql", "sail"])
def test_answers_are_those_of_the_standard_sql(
    engine: str,
    question: Question,
    parameters: str,
    reference: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """The standard's parameters are the script's defaults, so that it is given none of them."""
    args = question.standard if parameters == "standard" else question.others
    wanted = reference.execute(question.sql(args, "duckdb")).fetchall()
    url = request.getfixturevalue(engine)
    found = answer(question, {} if parameters == "standard" else args, url, tmp_path)
    assert [rounded(row, like) for row, like in zip(wanted, found, strict=False)] == found
    assert len(found) == len(wanted)
    if parameters == "others":
        assert found and None not in found[0]


def answer(question: Question, args: Mapping[str, Any], url: str, folder: Path) -> Rows:
    database = connect(url, name="main", base=folder)
    try:
        modules = compile_text(question.text, database.schema(), question.path.name)
    finally:
        database.close()
    with Library.open(folder / "home") as library:
        store(library, modules)
        raw, code = execute(library, question.script, url, dict(args))
    lines = [json.loads(line, parse_float=Decimal) for line in raw.decode().splitlines()]
    assert code == 0, lines[-2:]
    return [list(line["result"].values()) for line in lines if line["type"] == "record"]


def rounded(row: tuple[Any, ...], like: list[Any]) -> list[Any]:
    """The reference's row as JSON has it, each float at the scale of the decimal it is compared with."""
    return [_rounded(value, other) for value, other in zip(row, like, strict=True)]


def _rounded(value: Any, like: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and isinstance(like, Decimal):
        return Decimal(repr(value)).quantize(like, ROUND_HALF_UP)
    return value
