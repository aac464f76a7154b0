"""Hand-made queries and writes → SQL → the rows of SQLite, and the errors that it must not hide."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.databases.dialects import statement_in
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import SopError
from runtime.query.algebra import (
    Aggregate,
    Case,
    Column,
    Delete,
    Derive,
    Distinct,
    Exists,
    Expr,
    Func,
    Group,
    InQuery,
    Insert,
    InsertList,
    InsertQuery,
    Join,
    Limit,
    Op,
    Order,
    Param,
    Query,
    Relation,
    Scalar,
    Scan,
    Select,
    Sort,
    Union,
    Update,
    Where,
    Window,
    Write,
)
from runtime.values.constants import Const
from runtime.values.types import BOOL, DATE, FLOAT, INT, TEXT, TIMESTAMP, Type, decimal_of, list_of

SCHEMA = '''
create table staff (id integer primary key, name text collate nocase, team text, pay int, rate decimal(8,2),
                    seen timestamp, born date, ok boolean);
insert into staff values
  (1, 'Ada', 'red', 10, 0.1, '2026-01-01T10:00:00Z', '2000-01-01', 1),
  (2, 'ada', 'red', 20, 0.30000000000000004, '2026-01-01 12:00:00+02:00', '2000-01-02', 0),
  (3, 'Bob', 'blue', null, 2.675, '2026-01-01 10:00:00.5', null, null),
  (4, 'Cy', null, 9223372036854775807, null, null, '1999-12-31', 1);
create table "order by" ("group" text, "a ""b""" int, unique ("group"));
insert into "order by" values ('red', 1), ('blue', 2);
'''
MONEY = decimal_of(8, 2)
FIELDS = {
    "id": INT,
    "name": TEXT,
    "team": TEXT,
    "pay": INT,
    "rate": MONEY,
    "seen": TIMESTAMP,
    "born": DATE,
    "ok": BOOL,
}
STAFF = Scan(1, "main", "staff")
ORDERS = Scan(2, "main", "order by")


def field(name: str, relation: int = 1) -> Column:
    return Column(relation, name, FIELDS[name].or_null())


def op(name: str, *args: Expr, type_: Type = BOOL) -> Op:
    return Op(name, args, type_.or_null())


def number(value: int) -> Const:
    return Const(value, INT)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SQLiteDatabase]:
    with closing(sqlite3.connect(tmp_path / "main.db")) as connection, connection:
        connection.executescript(SCHEMA)
    connection.close()
    database = SQLiteDatabase(tmp_path / "main.db", name="main")
    yield database
    database.close()


Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def ask(database: SQLiteDatabase) -> Ask:
    def run(relation: Relation, *columns: Column, params: Sequence[Any] = (), types: Sequence[Type] = ()) -> Any:
        query = Query("main", relation, tuple((each.name, each) for each in columns), tuple(types))
        return [row for batch in database.query(database.prepare(query), params) for row in batch]

    return run


def ids(ask: Ask, condition: Expr, **more: Any) -> list[int]:
    return [row[0] for row in ask(Where(STAFF, condition), field("id"), **more)]


def value(ask: Ask, expr: Expr, **more: Any) -> list[Any]:
    """The expression for each row of staff."""
    derived = Sort(Derive(9, STAFF, (("answer", expr),)), (Order(field("id")),))
    return [row[0] for row in ask(derived, Column(9, "answer", expr.type.or_null()), **more)]


# ── conditions ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_text_compares_by_code_point_whatever_the_column_says(ask: Ask) -> None:
    assert ids(ask, op("eq", field("name"), Const("ada", TEXT))) == [2]
    distinct = Distinct(Select(3, STAFF, (("name", field("name")),)))
    assert len(ask(distinct, Column(3, "name", TEXT))) == 4
    ordered = Sort(STAFF, (Order(field("name")),))
    assert [row[0] for row in ask(ordered, field("name"))] == ["Ada", "Bob", "Cy", "ada"]


def test_decimals_compare_by_their_scale(ask: Ask) -> None:
    assert ids(ask, op("eq", field("rate"), Const("0.3", decimal_of(2, 1)))) == [2]
    assert ids(ask, op("lt", field("rate"), Const("0.101", decimal_of(4, 3)))) == [1]
    assert ids(ask, op("gt", field("rate"), number(2))) == [3]
    assert ids(ask, op("in", field("rate"), Const("2.68", MONEY), Const("0.1", MONEY))) == [1, 3]


def test_timestamps_compare_whatever_way_they_are_written(ask: Ask) -> None:
    ten = Const("2026-01-01T10:00:00Z", TIMESTAMP)
    assert ids(ask, op("eq", field("seen"), ten)) == [1, 2]
    assert ids(ask, op("gt", field("seen"), ten)) == [3]
    grouped = Group(3, STAFF, (field("seen"),), (("n", Aggregate("count", None, False, INT)),))
    assert sorted(ask(grouped, Column(3, "n", INT))) == [(1,), (1,), (2,)]


def test_patterns_mind_case_and_brackets(ask: Ask, database: SQLiteDatabase) -> None:
    assert ids(ask, op("like", field("name"), Const("a%", TEXT))) == [2]
    assert ids(ask, op("like", field("name"), Const("_da", TEXT))) == [1, 2]
    assert ids(ask, op("contains", field("name"), Const("O", TEXT))) == []
    assert ids(ask, op("starts_with", field("name"), Param(0, TEXT)), params=["B"], types=[TEXT]) == [3]
    assert ids(ask, op("ends_with", field("name"), Const("a", TEXT))) == [1, 2]
    assert value(ask, op("like", Const("a[b]*?", TEXT), Const("a[b]*_", TEXT)))[0] is True


def test_null_is_neither_in_nor_out(ask: Ask) -> None:
    assert ids(ask, op("not", op("in", field("pay"), number(10), Const(None, Type("null", nullable=True))))) == []
    assert ids(ask, op("not", op("eq", field("ok"), Const(True, BOOL)))) == [2]
    assert ids(ask, op("is_null", field("ok"))) == [3]


@pytest.mark.parametrize(
    ("name", "type_", "items", "found"),
    [
        ("pay", INT, [10, 9223372036854775807, 7], [1, 4]),
        ("name", TEXT, ["ada", "it's", 'a"b'], [2]),
        ("rate", MONEY, [Decimal("0.30"), Decimal("2.68")], [2, 3]),
        ("rate", INT, [1, 2], []),
        ("born", DATE, [date(2000, 1, 1)], [1]),
        ("seen", TIMESTAMP, [datetime(2026, 1, 1, 10, tzinfo=UTC)], [1, 2]),
        ("ok", BOOL, [False], [2]),
        ("pay", INT, [], []),
        ("pay", FLOAT, [20.0], [2]),
    ],
)
def test_a_list_is_one_bound_value(ask: Ask, name: str, type_: Type, items: list[Any], found: list[int]) -> None:
    listed = list_of(type_)
    assert ids(ask, op("in_list", field(name), Param(0, listed)), params=[items], types=[listed]) == found


def test_a_list_that_holds_null(ask: Ask) -> None:
    listed = list_of(INT)
    outside = op("not", op("in_list", field("pay"), Param(0, listed)))
    assert ids(ask, outside, params=[[10, None]], types=[listed]) == []
    assert ids(ask, outside, params=[[]], types=[listed]) == [1, 2, 3, 4]


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────


def refused(ask: Ask, expr: Expr, **more: Any) -> str:
    with pytest.raises(SopError) as caught:
        value(ask, expr, **more)
    return caught.value.code


def test_what_goes_wrong_is_an_error_never_a_null(ask: Ask) -> None:
    assert refused(ask, op("add", field("pay"), number(1), type_=INT)) == "V0101"
    assert refused(ask, op("div", field("id"), op("sub", field("id"), number(1), type_=INT), type_=FLOAT)) == "V0102"
    assert refused(ask, op("mod", field("id"), number(0), type_=INT)) == "V0102"
    assert refused(ask, op("mul", Const(1e300, FLOAT), Const(1e300, FLOAT), type_=FLOAT)) == "V0103"
    assert refused(ask, op("intdiv", Const(-(2**63), INT), number(-1), type_=INT)) == "V0101"
    big = op("mul", op("mul", field("pay"), number(2), type_=INT), Const(0.5, FLOAT), type_=FLOAT)
    assert refused(ask, big) == "V0101"
    assert refused(ask, Aggregate("sum", field("pay"), False, INT)) == "V0101"
    assert refused(ask, op("div", field("rate"), Const("0.00", MONEY), type_=decimal_of(38, 6))) == "V0102"


def test_an_error_in_a_branch_not_taken_is_none(ask: Ask) -> None:
    divided = op("div", number(6), op("sub", field("id"), number(1), type_=INT), type_=FLOAT)
    guarded = Case(((op("ne", field("id"), number(1)), divided),), Const(None, FLOAT), FLOAT)
    assert value(ask, guarded) == [None, 6.0, 3.0, 2.0]


def test_decimals_are_exact(ask: Ask) -> None:
    added = op("add", field("rate"), Const("0.1", decimal_of(2, 1)), type_=MONEY)
    assert [str(each) for each in value(ask, added)] == ["0.20", "0.40", "2.78", "None"]
    product = op("mul", field("rate"), field("rate"), type_=decimal_of(38, 4))
    assert [str(each) for each in value(ask, product)] == ["0.0100", "0.0900", "7.1824", "None"]
    third = op("div", field("rate"), number(3), type_=decimal_of(38, 6))
    assert [str(each) for each in value(ask, third)] == ["0.033333", "0.100000", "0.893333", "None"]


def test_aggregates(ask: Ask) -> None:
    six = decimal_of(38, 6)
    columns: tuple[tuple[str, Aggregate], ...] = (
        ("n", Aggregate("count", None, False, INT)),
        ("paid", Aggregate("count", field("pay"), False, INT)),
        ("teams", Aggregate("count", field("team"), True, INT)),
        ("rates", Aggregate("sum", field("rate"), False, decimal_of(38, 2).or_null())),
        ("rate", Aggregate("avg", field("rate"), False, six.or_null())),
        ("first", Aggregate("min", field("name"), False, TEXT.or_null())),
        ("last", Aggregate("max", field("seen"), False, TIMESTAMP.or_null())),
    )
    relation = Group(3, STAFF, (), columns)
    wanted = (4, 3, 2, Decimal("3.08"), Decimal("1.026667"), "Ada", datetime(2026, 1, 1, 10, 0, 0, 500000, UTC))
    assert ask(relation, *(Column(3, name, each.type) for name, each in columns)) == [wanted]
    empty = Group(3, Where(STAFF, Const(False, BOOL)), (), (("s", Aggregate("sum", field("pay"), False, INT)),))
    assert ask(empty, Column(3, "s", INT.or_null())) == [(None,)]


def summed(times: int) -> Query:
    expr: Expr = field("pay")
    for _ in range(times):
        expr = op("add", expr, field("pay"), type_=INT)
    return Query("main", Select(3, STAFF, (("s", expr),)), (("s", Column(3, "s", INT)),), ())


def test_long_sums_stay_short() -> None:
    assert len(statement_in("sqlite", summed(40), staff_schema()).sql) < 5_000


def test_stages_too_deep_for_its_parser_are_refused_when_they_are_written() -> None:
    relation: Relation = STAFF
    for _ in range(40):
        relation = Limit(Where(relation, op("gt", field("pay"), Const(0, INT), type_=BOOL)), Const(9, INT), None)
    with pytest.raises(SopError) as caught:
        statement_in("sqlite", Query("main", relation, (("pay", field("pay")),), ()), staff_schema())
    assert caught.value.code == "D0308"


def staff_schema() -> Any:
    from runtime.query.schema import Field, Schema, Store

    return Schema({"staff": Store("staff", tuple(Field(name, type_.or_null()) for name, type_ in FIELDS.items()))})


# ── sub-queries, joins, windows ────────────────────────────────────────────────────────────────────────────────


def team_orders(*columns: tuple[str, Expr]) -> Select:
    same = op("eq", Column(2, "group", TEXT.or_null()), field("team"))
    return Select(4, Where(ORDERS, same), columns)


def test_correlated_sub_queries(ask: Ask) -> None:
    amount = Column(2, 'a "b"', INT.or_null())
    assert ids(ask, Exists(team_orders(("x", amount)), BOOL)) == [1, 2, 3]
    assert ids(ask, op("not", Exists(team_orders(("x", amount)), BOOL))) == [4]
    assert value(ask, Scalar(team_orders(("x", amount)), INT.or_null())) == [1, 1, 2, None]
    assert ids(ask, InQuery(field("id"), team_orders(("x", amount)), BOOL)) == [1]


def test_a_scalar_with_several_rows_is_an_error(ask: Ask) -> None:
    everything = Select(4, ORDERS, (("x", Column(2, 'a "b"', INT.or_null())),))
    assert refused(ask, Scalar(everything, INT.or_null())) == "V0113"
    assert value(ask, Scalar(Limit(everything, number(1), None), INT.or_null()))[0] == 1
    total = Group(5, everything, (), (("n", Aggregate("sum", Column(4, "x", INT), False, INT)),))
    assert value(ask, Scalar(total, INT.or_null()))[0] == 3


def test_in_a_query_of_another_number_type(ask: Ask) -> None:
    tenfold = op("mul", field("rate", 6), number(10), type_=MONEY)
    rates = Select(4, Scan(6, "main", "staff"), (("x", tenfold),))
    assert ids(ask, InQuery(field("id"), rates, BOOL)) == [1, 3]


def test_joins_with_conditions_on_either_side(ask: Ask) -> None:
    amount = Column(2, 'a "b"', INT.or_null())
    same = op("eq", Column(2, "group", TEXT.or_null()), field("team"))
    small = Where(ORDERS, op("lt", amount, number(2)))
    paid = Where(STAFF, op("ne", field("id"), number(1)))
    assert sorted(ask(Join(paid, small, True, same), field("id"), amount)) == [(2, 1), (3, None), (4, None)]
    assert ask(Join(paid, small, False, same), field("id"), amount) == [(2, 1)]
    derived = Derive(5, ORDERS, (("twice", op("mul", amount, number(2), type_=INT)),))
    twice = Column(5, "twice", INT.or_null())
    joined = Join(STAFF, derived, True, op("and", same, op("gt", twice, number(2))))
    assert sorted(ask(joined, field("id"), twice)) == [(1, None), (2, None), (3, 4), (4, None)]


def test_windows(ask: Ask) -> None:
    order = (Order(field("id")),)
    columns: tuple[tuple[str, Expr], ...] = (
        ("id", field("id")),
        ("row", Window("row_number", (), (field("team"),), order, INT)),
        ("before", Window("lag", (field("name"),), (), order, TEXT.or_null())),
        ("last", Window("last_value", (field("name"),), (field("team"),), order, TEXT.or_null())),
        ("rates", Window("sum", (field("rate"),), (), order, decimal_of(38, 2).or_null())),
    )
    relation = Sort(Select(3, STAFF, columns), (Order(Column(3, "id", INT)),))
    assert ask(relation, *(Column(3, name, each.type.or_null()) for name, each in columns)) == [
        (1, 1, None, "ada", Decimal("0.10")),
        (2, 2, "Ada", "ada", Decimal("0.40")),
        (3, 1, "ada", "Bob", Decimal("3.08")),
        (4, 1, "Bob", "Cy", Decimal("3.08")),
    ]
    first = Where(Derive(3, STAFF, columns[1:2]), op("eq", Column(3, "row", INT), number(1)))
    assert sorted(ask(first, field("id"))) == [(1,), (3,), (4,)]


def test_union_brings_both_sides_to_one_type(ask: Ask) -> None:
    pays = Select(3, Where(STAFF, op("lt", field("pay"), number(100))), (("v", field("pay")),))
    rates = Select(4, Scan(5, "main", "staff"), (("w", field("rate", 5)),))
    union = Union(6, pays, rates, True, (("v", MONEY.or_null()),))
    found = ask(union, Column(6, "v", MONEY.or_null()))
    assert sorted(str(row[0]) for row in found) == ["0.10", "0.30", "10.00", "2.68", "20.00", "None"]
    largest = Limit(Sort(pays, (Order(Column(3, "v", INT), True),)), number(1), None)
    limited = Union(6, largest, pays, False, (("v", INT.or_null()),))
    assert sorted(ask(limited, Column(6, "v", INT.or_null()))) == [(10,), (20,)]


def test_many_unions_in_a_row(ask: Ask) -> None:
    relation: Relation = Select(100, STAFF, (("v", field("id")),))
    for id_ in range(101, 401, 2):
        side = Select(id_, Scan(id_ + 1000, "main", "staff"), (("v", field("id", id_ + 1000)),))
        relation = Union(id_ + 1, relation, side, id_ % 4 == 1, (("v", INT.or_null()),))
    found = sorted(row[0] for row in ask(relation, Column(400, "v", INT.or_null())))
    assert found == [1, 2, 3, 4]


def test_a_limit_can_not_be_negative(ask: Ask) -> None:
    with pytest.raises(SopError) as caught:
        ask(Limit(STAFF, Param(0, INT), None), field("id"), params=[-1], types=[INT])
    assert caught.value.code == "V0112"
    assert ask(Limit(STAFF, number(1), Param(0, INT)), field("id"), params=[2], types=[INT]) == [(3,)]


def test_nulls_sort_last_unless_told(ask: Ask) -> None:
    def order(descending: bool, first: bool) -> list[int]:
        key = Order(field("team"), descending, first)
        return [row[0] for row in ask(Sort(STAFF, (key, Order(field("id")))), field("id"))]

    assert order(False, False) == [3, 1, 2, 4]
    assert order(True, False) == [1, 2, 3, 4]
    assert order(False, True) == [4, 3, 1, 2]
    assert order(True, True) == [4, 1, 2, 3]


def test_functions_that_sqlite_has_otherwise(ask: Ask) -> None:
    assert value(ask, Func("upper", (Const("straße é", TEXT),), TEXT))[0] == "STRASSE É"
    assert value(ask, Func("round", (Const(2.675, FLOAT), number(2)), FLOAT))[0] == 2.68
    assert value(ask, Func("year", (field("born"),), INT)) == [2000, 2000, None, 1999]
    moved = op("add", field("born"), Const("86400", Type("duration")), type_=DATE)
    assert value(ask, moved)[3] == date(2000, 1, 1)
    between = op("sub", field("born"), Const("2000-01-01", DATE), type_=Type("duration"))
    assert value(ask, between)[3] == timedelta(days=-1)
    assert value(ask, Func("concat", (field("rate"), Const("|", TEXT), field("ok")), TEXT)) == [
        "0.10|true",
        "0.30|false",
        "2.68|null",
        "null|true",
    ]


# ── writes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def write(database: SQLiteDatabase, form: Write, *params: Any) -> int:
    return database.execute(database.prepare(form), params)


def test_inserts_and_upserts(database: SQLiteDatabase, ask: Ask) -> None:
    names = ("group", 'a "b"')
    assert write(database, Insert("main", "order by", names, (TEXT, INT)), "'; drop table staff; --", 7) == 1
    assert write(database, Insert("main", "order by", names, (TEXT, INT), ("group",)), "red", 9) == 1
    with pytest.raises(SopError) as caught:
        write(database, Insert("main", "order by", names, (TEXT, INT)), "red", 1)
    assert caught.value.code == "D0302" and "`order by`" in caught.value.message and "`group`" in caught.value.message
    records = [{"group": "x", 'a "b"': 1}, {"group": None, 'a "b"': None}]
    assert write(database, InsertList("main", "order by", names, (TEXT, INT)), records) == 2
    columns = [Column(2, name, type_.or_null()) for name, type_ in zip(names, (TEXT, INT), strict=True)]
    assert sorted(ask(ORDERS, *columns), key=str) == [
        ("'; drop table staff; --", 7),
        ("blue", 2),
        ("red", 9),
        ("x", 1),
        (None, None),
    ]


def test_insert_from_the_store_itself(database: SQLiteDatabase, ask: Ask) -> None:
    columns = (("name", field("name")), ("rate", field("rate")), ("seen", field("seen")))
    form = InsertQuery("main", "staff", ("name", "rate", "seen"), Query("main", STAFF, columns, ()))
    assert write(database, form) == 4
    assert ask(STAFF, field("rate"), field("seen"))[4:] == ask(STAFF, field("rate"), field("seen"))[:4]


def test_an_update_sees_the_rows_as_they_were(database: SQLiteDatabase, ask: Ask) -> None:
    other = Where(Scan(7, "main", "staff"), op("lt", field("id", 7), field("id")))
    before = Group(8, other, (), (("n", Aggregate("sum", field("id", 7), False, INT.or_null())),))
    form = Update(1, "main", "staff", op("lt", field("id"), number(4)), (("pay", Scalar(before, INT.or_null())),), ())
    assert write(database, form) == 3
    everyone = Group(8, Scan(7, "main", "staff"), (), (("n", Aggregate("max", field("pay", 7), False, INT.or_null())),))
    assert [row[0] for row in ask(STAFF, field("pay"))] == [None, 1, 3, 9223372036854775807]
    raised = op("add", Scalar(everyone, INT.or_null()), number(-1), type_=INT)
    assert write(database, Update(1, "main", "staff", None, (("pay", raised),), ())) == 4
    assert {row[0] for row in ask(STAFF, field("pay"))} == {9223372036854775806}


def test_updates_and_deletes(database: SQLiteDatabase, ask: Ask) -> None:
    third = op("div", field("rate"), number(3), type_=decimal_of(38, 6))
    named = op("eq", field("name"), Param(0, TEXT))
    assert write(database, Update(1, "main", "staff", named, (("rate", third),), (TEXT,)), "Bob") == 1
    assert [row[0] for row in ask(Where(STAFF, op("eq", field("id"), number(3))), field("rate"))] == [Decimal("0.89")]
    assert write(database, Delete(1, "main", "staff", op("is_null", field("team")), ())) == 1
    assert write(database, Delete(1, "main", "staff", None, ())) == 3


def test_a_decimal_too_long_for_sqlite_is_refused(database: SQLiteDatabase) -> None:
    form = Insert("main", "staff", ("rate",), (decimal_of(38, 2),))
    with pytest.raises(SopError) as caught:
        write(database, form, Decimal("12345678901234.56"))
    assert caught.value.code == "V0104"


def test_a_changed_schema_is_reported(database: SQLiteDatabase) -> None:
    for relation in (Scan(1, "main", "gone"), Where(STAFF, op("is_null", Column(1, "gone", INT)))):
        with pytest.raises(SopError) as caught:
            database.prepare(Query("main", relation, (("id", field("id")),), ()))
        assert caught.value.code == "D0201"


def test_an_unknown_dialect_is_refused() -> None:
    with pytest.raises(SopError) as caught:
        statement_in("oracle", Query("main", STAFF, (), ()), staff_schema())
    assert caught.value.code == "D0308"
