"""Any expression means in an engine what it means in Python, its errors too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings

from runtime.connect import connect
from runtime.databases.protocol import Loadable
from runtime.errors import SopError
from runtime.query.algebra import Column, Delete, Expr, Insert, Op, Query, Scan, Select
from runtime.query.schema import Field, Store
from tests.engines import ENGINES, Engine
from tests.unit.expressions import FIELDS, ROWS, evaluate, expressions

STORE = Store("things", tuple(Field(name, type_.or_null()) for name, type_ in FIELDS.items()))


@pytest.fixture(scope="module", params=list(ENGINES.values()), ids=list(ENGINES))
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loadable]:
    engine: Engine = request.param
    place = engine.place(tmp_path_factory.mktemp("property"))
    engine.script(place, "")
    database = cast(Loadable, connect(engine.url(place), name="main", base=place, create=True))
    database.begin(write=True)
    database.create_store(STORE)
    database.commit()
    yield database
    database.close()


def outcome(work: Any) -> tuple[Any, str | None]:
    try:
        return work(), None
    except SopError as error:
        return None, f"{error.code} {error.message}"


def has_connective(expr: Any) -> bool:
    if isinstance(expr, Op) and expr.op in ("and", "or", "between", "in"):
        return True
    parts = getattr(expr, "args", ()) or [part for branch in getattr(expr, "branches", ()) for part in branch]
    return any(has_connective(part) for part in parts) or (
        getattr(expr, "otherwise", None) is not None and has_connective(expr.otherwise)
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(row=ROWS, expr=expressions())
def test_an_expression_means_the_same_in_an_engine(database: Loadable, row: dict[str, Any], expr: Expr) -> None:
    store_row(database, row)
    wanted, error = outcome(lambda: evaluate(expr, row, lazy=True))
    _, eager_error = outcome(lambda: evaluate(expr, row, lazy=False))
    type_ = expr.type.or_null()
    query = Query(
        "main", Select(2, Scan(1, "main", "things"), (("answer", expr),)), (("answer", Column(2, "answer", type_)),), ()
    )
    found, found_error = outcome(lambda: run(database, query))
    if found_error is not None and f"that {database.engine}" in found_error:
        return  # it holds fewer digits of a decimal, and says so
    if found_error is not None:
        assert eager_error is not None, found_error
        if not has_connective(expr):
            assert found_error.split()[0] == eager_error.split()[0]
    elif error is None:
        assert found == wanted and type(found) is type(wanted)
    else:
        # an engine that sees null on one side need not look at the other
        assert has_connective(expr) or found is None, f"{database.engine} gives {found!r} where Python fails: {error}"


def store_row(database: Loadable, row: dict[str, Any]) -> None:

    delete = database.prepare(Delete(1, "main", "things", None, ()))
    insert = database.prepare(Insert("main", "things", tuple(FIELDS), tuple(FIELDS.values())))
    database.begin(write=True)
    database.execute(delete, ())
    assert database.execute_many(insert, [[row[name] for name in FIELDS]]) == 1
    database.commit()


def run(database: Loadable, query: Query) -> Any:
    statement = database.prepare(query)
    (batch,) = database.query(statement, ())
    return batch[0][0]
