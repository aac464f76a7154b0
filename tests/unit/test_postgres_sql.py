"""Any expression means in PostgreSQL what it means in Python, its errors too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from runtime.databases.connect import connect
from runtime.databases.postgres import PostgresDatabase
from runtime.databases.query import Column, Delete, Expr, Insert, Query, Scan, Select
from tests.postgres import Server
from tests.unit.expressions import FIELDS, ROWS, evaluate, expressions
from tests.unit.test_sql_property import STORE, has_connective, outcome


@pytest.fixture(scope="module")
def database(postgres: Server) -> Iterator[PostgresDatabase]:
    with postgres.schema() as schema:
        database = connect(postgres.url(schema), name="main", base=Path())
        assert isinstance(database, PostgresDatabase)
        database.create_store(STORE)
        yield database
        database.close()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(row=ROWS, expr=expressions())
def test_an_expression_means_the_same_in_postgres(database: PostgresDatabase, row: dict[str, Any], expr: Expr) -> None:
    wanted, error = outcome(lambda: evaluate(expr, row, lazy=True))
    _, eager_error = outcome(lambda: evaluate(expr, row, lazy=False))
    type_ = expr.type.or_null()
    query = Query(
        "main", Select(2, Scan(1, "main", "things"), (("answer", expr),)), (("answer", Column(2, "answer", type_)),), ()
    )
    database.begin(write=True)
    try:
        database.execute(database.prepare(Delete(1, "main", "things", None, ())), ())
        insert = database.prepare(Insert("main", "things", tuple(FIELDS), tuple(FIELDS.values())))
        assert database.execute(insert, [row[name] for name in FIELDS]) == 1
        found, found_error = outcome(lambda: next(iter(database.query(database.prepare(query), ())))[0][0])
    finally:
        database.rollback()
    if found_error is not None:
        assert eager_error is not None or found_error.startswith("D0309"), found_error
        if eager_error is not None and not has_connective(expr) and not found_error.startswith("D0309"):
            assert found_error.split()[0] == eager_error.split()[0]
    elif error is None:
        assert found == wanted and type(found) is type(wanted)
    else:
        assert has_connective(expr), f"PostgreSQL gives {found!r} where Python fails: {error}"
