"""An int literal beside a decimal is reckoned with its own digits, and gives what it gives in Python, errors too."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from runtime.connect import connect
from runtime.databases.protocol import Loadable
from runtime.errors import SopError
from runtime.query.algebra import Column, Expr, Op, Query, Scan, Select, Where
from runtime.query.schema import Field, Store
from runtime.values.constants import Const
from runtime.values.type_rules import arithmetic
from runtime.values.types import BOOL, INT, INT_MAX, INT_MIN, Type, decimal_of
from tests.engines import ENGINES
from tests.unit.expressions import evaluate

TYPES = {f"d{digits}_{scale}": decimal_of(digits, scale) for digits, scale in ((1, 0), (15, 2), (17, 17), (18, 0))}
LITERALS = (0, 1, -1, 10, 999, -(10**13), 10**15 - 1, 10**15, 10**17 - 1, 10**17, 10**18, INT_MAX, INT_MIN)
ROWS = [
    {name: Decimal(sign).scaleb(-type_.scale) * (10**type_.precision - 1) for name, type_ in TYPES.items()}
    for sign in (-1, 1)
]


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loadable]:
    engine = ENGINES[request.param]
    place = engine.place(tmp_path_factory.mktemp("literals"))
    engine.script(place, "")
    database = cast(Loadable, connect(engine.url(place), name="main", base=place, create=True))
    store = Store("amounts", tuple(Field(name, type_) for name, type_ in TYPES.items()))
    database.begin(write=True)
    database.create_store(store)
    database.insert_rows(store, [[row[name] for name in TYPES] for row in ROWS])
    database.commit()
    yield database
    database.close()


def expressions(name: str, op: str) -> Iterator[Expr]:
    column = Column(1, name, TYPES[name])
    for number in LITERALS:
        literal = Const(number, INT)
        for args in ((column, literal), (literal, column)):
            made: Type | None = BOOL if op in ("eq", "lt") else arithmetic(op, args[0].type, args[1].type)
            assert made is not None
            yield Op(op, args, made)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("op", ["add", "sub", "mul", "eq", "lt"])
def test_an_int_literal_means_the_same_beside_a_decimal(database: Loadable, name: str, op: str) -> None:
    for expr in expressions(name, op):
        for row in ROWS:
            where = Op("eq", (Column(1, name, TYPES[name]), Const(str(row[name]), TYPES[name])), BOOL)
            assert answer(database, expr, where) == wanted(expr, row), (expr, row)


def answer(database: Loadable, expr: Expr, where: Expr) -> Any:
    rows = Select(2, Where(Scan(1, "main", "amounts"), where), (("answer", expr),))
    query = Query("main", rows, (("answer", Column(2, "answer", expr.type)),), ())
    try:
        (batch,) = database.query(database.prepare(query), ())
    except SopError as error:
        return error.code
    return batch[0][0]


def wanted(expr: Expr, row: dict[str, Any]) -> Any:
    try:
        return evaluate(expr, row, lazy=True)
    except SopError as error:
        return error.code


def test_duckdb_keeps_a_small_literal_in_64_bits(tmp_path: Path) -> None:
    """128 bits take half as long again."""
    file = tmp_path / "sales.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TABLE sales (discount DECIMAL(15, 2) NOT NULL)")
    database = connect(f"duckdb:///{file}", name="main", base=tmp_path)
    try:
        discount = Column(1, "discount", decimal_of(15, 2))
        rows = Select(2, Scan(1, "main", "sales"), (("kept", Op("sub", (Const(1, INT), discount), decimal_of(38, 2))),))
        statement = database.prepare(Query("main", rows, (("kept", Column(2, "kept", decimal_of(38, 2))),), ()))
    finally:
        database.close()
    with duckdb.connect(file) as connection:
        described = connection.execute(f"DESCRIBE {statement.sql}", ["1"]).fetchall()
    assert [row[1] for row in described] == ["DECIMAL(16,2)"]
