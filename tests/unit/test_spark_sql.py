"""Spark Connect without a server: addresses, types, the SQL of expressions, and what the words of a server mean."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot

from runtime.databases.dialects import statement_in
from runtime.databases.spark.errors import translated
from runtime.databases.spark.types import sql_type, type_of
from runtime.databases.spark.url import parse_url
from runtime.errors import UsageError
from runtime.query.algebra import Column, Expr, Func, Op, Query, Scan, Select
from runtime.query.schema import Field, Schema, Store
from runtime.values.constants import Const
from runtime.values.types import BOOL, DATE, FLOAT, INT, TEXT, Type

K, NAME = Column(1, "k", INT.or_null()), Column(1, "name", TEXT.or_null())
SCHEMA = Schema({"things": Store("things", (Field("k", K.type), Field("name", NAME.type)))})


def sql_of(expr: Expr, dialect: str) -> str:
    answer = Select(2, Scan(1, "lake", "things"), (("answer", expr),))
    columns = (("answer", Column(2, "answer", expr.type.or_null())),)
    return statement_in(dialect, Query("lake", answer, columns, ()), SCHEMA).sql


@pytest.mark.parametrize("dialect", ["sail", "spark"])
@pytest.mark.parametrize(
    "expr",
    [
        Op("add", (K, Const(1, INT)), INT),
        Op("lt", (K, Const(3, INT)), BOOL),
        Func("upper", (NAME,), TEXT.or_null()),
        Func("length", (NAME,), INT.or_null()),
        Func("float", (K,), FLOAT.or_null()),
        Func("year", (Const("2026-01-31", DATE),), INT),
    ],
    ids=lambda expr: expr.op if isinstance(expr, Op) else expr.name,
)
def test_an_expression_is_one_statement(expr: Expr, dialect: str) -> None:
    (statement,) = sqlglot.parse(sql_of(expr, dialect), read="spark")
    assert isinstance(statement, sqlglot.exp.Select)
    assert statement.named_selects == ["answer"]


def test_ints_are_added_in_more_bits_than_they_have() -> None:
    assert "DECIMAL(38" in sql_of(Op("add", (K, Const(1, INT)), INT), "sail").upper()


@pytest.mark.parametrize("type_", [BOOL, INT, FLOAT, TEXT, DATE])
def test_a_type_is_read_as_it_is_written(type_: Type) -> None:
    assert type_of(sql_type(type_).lower()) == (type_, "")


def test_an_address_tells_its_token_to_the_server_alone() -> None:
    address = parse_url("sc://host/;token=secret?path=lake", "sc://host", Path("/data"))
    assert "secret" in address.remote and "secret" not in address.place
    assert (address.path, address.schema) == ("/data/lake", ())
    assert parse_url("sc://host:1?schema=cat.db", "", Path("/")).schema == ("cat", "db")


@pytest.mark.parametrize(
    "url", ["sc://", "sc://a@host", "sc://host?path=a&schema=b", "sc://host?speed=1", "sc://host:x"]
)
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="D0106"):
        parse_url(url, url, Path("/"))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("[DIVIDE_BY_ZERO] Division by zero", "V0102"),
        ("[ARITHMETIC_OVERFLOW] long overflow", "V0101"),
        ("Table not found: [TABLE_OR_VIEW_NOT_FOUND]", "D0201"),
        ("OPERATION_CANCELED", "D0403"),
        ("[SESSION_NOT_FOUND] gone", "D0421"),
        ("anything else", "D0308"),
    ],
)
def test_what_a_server_says_is_an_error_of_ours(said: str, code: str) -> None:
    assert translated(Exception(said), "lake").code == code
