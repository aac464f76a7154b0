"""The SQL for PostgreSQL, without a server: random expressions are one statement each, and pitfalls are avoided."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings

from runtime.databases.dialects import statement_in
from runtime.errors import DatabaseError
from runtime.query.algebra import Column, Expr, Func, Op, Order, Query, Scan, Select, Window
from runtime.query.schema import Field, Schema, Store
from runtime.values.constants import Const
from runtime.values.types import BOOL, DATE, INT, TEXT
from tests.unit.expressions import FIELDS, expressions

SCHEMA = Schema({"things": Store("things", tuple(Field(name, type_.or_null()) for name, type_ in FIELDS.items()))})


def sql_of(expr: Expr) -> str:
    answer = Select(2, Scan(1, "main", "things"), (("answer", expr),))
    columns = (("answer", Column(2, "answer", expr.type.or_null())),)
    return statement_in("postgres", Query("main", answer, columns, ()), SCHEMA).sql


@settings(max_examples=100, deadline=None)
@given(expr=expressions())
def test_an_expression_is_one_statement(expr: Expr) -> None:
    (statement,) = sqlglot.parse(sql_of(expr), read="postgres")
    assert isinstance(statement, sqlglot.exp.Select)
    assert statement.named_selects == ["answer"]


def test_the_lower_bound_of_texts_is_in_brackets() -> None:
    """The grammar of PostgreSQL takes no COLLATE before the AND of a BETWEEN."""
    low = Func("upper", (Const("a", TEXT),), TEXT)
    sql = sql_of(Op("between", (Const("b", TEXT), low, Const("c", TEXT)), BOOL))
    assert " BETWEEN (UPPER(" in sql


def test_texts_are_ordered_by_code_point() -> None:
    sql = sql_of(Op("lt", (Func("lower", (Const("b", TEXT),), TEXT), Const("c", TEXT)), BOOL))
    assert 'COLLATE "C" <' in sql


def test_a_window_is_not_moved_into_a_sub_query_of_one_row() -> None:
    day = Const("2026-01-31", DATE)
    earlier = Window("lag", (day,), (), (Order(day, False, False),), DATE.or_null())
    with pytest.raises(DatabaseError, match="D0308") as raised:
        sql_of(Func("months_between", (earlier, day), INT.or_null()))
    assert raised.value.hint is not None and "derive" in raised.value.hint
