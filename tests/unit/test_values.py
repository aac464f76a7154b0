"""Arithmetic, comparison, logic, conversions: the rules of the language, and properties over many values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import RunError
from runtime.values import conversion, operators, value_types
from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    INT_MAX,
    INT_MIN,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
    list_of,
    record_of,
)

D = Decimal
DAY = timedelta(days=1)

ints = st.integers(INT_MIN, INT_MAX)
floats = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(-(10**12), 10**12, places=4).map(lambda value: value if value else value.copy_abs())
texts = st.text()
dates = st.dates()
timestamps = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0))
durations = st.timedeltas(timedelta(days=-99999), timedelta(days=99999))
scalars = st.one_of(st.none(), st.booleans(), ints, floats, decimals, texts, dates, timestamps, durations)
nested = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


def code_of(work: Callable[[], Any]) -> str:
    with pytest.raises(RunError) as raised:
        work()
    return raised.value.code


def rounded(value: Fraction, scale: int) -> Fraction:
    """Half away from zero."""
    scaled = abs(value) * 10**scale + Fraction(1, 2)
    whole = Fraction(scaled.numerator // scaled.denominator, 10**scale)
    return whole if value >= 0 else -whole


# ── arithmetic ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(ints, ints)
def test_ints_are_exact_or_overflow(a: int, b: int) -> None:
    for operation, exact in ((operators.add, a + b), (operators.sub, a - b), (operators.mul, a * b)):
        if INT_MIN <= exact <= INT_MAX:
            assert operation(a, b) == exact
        else:
            assert code_of(lambda operation=operation: operation(a, b)) == "V0101"  # type: ignore[misc]


@given(ints, ints.filter(bool))
def test_int_division_truncates_and_the_remainder_has_the_sign_of_the_dividend(a: int, b: int) -> None:
    exact = abs(a) // abs(b) * (1 if (a < 0) is (b < 0) else -1)
    if exact > INT_MAX:
        assert code_of(lambda: operators.intdiv(a, b)) == "V0101"
        return
    quotient, remainder = operators.intdiv(a, b), operators.mod(a, b)
    assert quotient == exact
    assert quotient * b + remainder == a
    assert remainder == 0 or (remainder < 0) is (a < 0)


@given(decimals, decimals.filter(bool))
def test_decimals_round_half_away_from_zero_at_their_scale(a: Decimal, b: Decimal) -> None:
    assert operators.add(a, b) == a + b
    assert value_types.scale_of(operators.add(a, b)) == 4
    assert value_types.scale_of(operators.mul(a, b)) == 8
    assert Fraction(operators.mul(a, b)) == Fraction(a) * Fraction(b)
    assert Fraction(operators.div(a, b)) == rounded(Fraction(a) / Fraction(b), 6)
    assert value_types.scale_of(operators.div(a, b)) == 6
    assert Fraction(operators.mod(a, b)) == Fraction(a) - Fraction(b) * int(Fraction(a) / Fraction(b))


def test_scales_of_decimals() -> None:
    assert str(operators.add(D("1.5"), D("0.25"))) == "1.75"
    assert conversion.to_text(operators.mul(D("0.1234567890"), D("0.1234567890"))) == "0.015241578750190521"
    assert conversion.to_text(operators.mul(D("-0.000000001"), D("0.0000000005"))) == "-0.000000000000000001"
    assert conversion.to_text(operators.div(D("1.00000000"), 3)) == "0.33333333"
    assert conversion.to_text(operators.div(2, D("3"))) == "0.666667"
    assert conversion.to_text(operators.intdiv(D("-7.5"), 2)) == "-3"
    assert conversion.to_text(operators.mul(D("0.00"), D("-1"))) == "0.00"
    assert code_of(lambda: operators.mul(D("9" * 38), 10)) == "V0104"
    assert code_of(lambda: operators.add(D("9" * 38), 1)) == "V0104"


def test_kinds_of_numbers_that_meet() -> None:
    assert type(operators.add(1, 1.5)) is float
    assert type(operators.add(1, D("1.5"))) is Decimal
    assert type(operators.add(D("1.5"), 1.5)) is float
    assert operators.div(7, 2) == 3.5
    assert operators.intdiv(7.5, 2) == 3.0
    assert operators.mod(-7.5, 2) == -1.5


@pytest.mark.parametrize("operation", [operators.div, operators.intdiv, operators.mod])
@pytest.mark.parametrize("zero", [0, 0.0, -0.0, D("0.00")])
def test_division_by_zero(operation: Callable[[Any, Any], Any], zero: Any) -> None:
    assert code_of(lambda: operation(1, zero)) == "V0102"
    assert operation(None, zero) is None


def test_floats_stay_finite() -> None:
    assert code_of(lambda: operators.mul(1e308, 10.0)) == "V0103"
    assert code_of(lambda: operators.add(1.7e308, 1.7e308)) == "V0103"
    assert code_of(lambda: operators.div(1e308, 1e-308)) == "V0103"


def test_dates_and_durations() -> None:
    day, moment = date(2026, 1, 31), datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert operators.add(day, DAY) == date(2026, 2, 1)
    assert operators.add(DAY, day) == date(2026, 2, 1)
    assert operators.sub(day, date(2026, 1, 1)) == 30 * DAY
    assert operators.sub(moment, timedelta(hours=13)) == datetime(2026, 1, 30, 23, tzinfo=UTC)
    assert operators.mul(3, DAY) == operators.add(DAY, 2 * DAY)
    assert operators.neg(DAY) == -DAY
    assert code_of(lambda: operators.add(day, timedelta(hours=1))) == "V0106"
    assert code_of(lambda: operators.add(date.max, DAY)) == "V0107"
    assert code_of(lambda: operators.mul(DAY, 10**12)) == "V0107"
    assert code_of(lambda: operators.sub(day, moment)) == "V0106"


@pytest.mark.parametrize(
    "operation", [operators.add, operators.sub, operators.mul, operators.div, operators.intdiv, operators.mod]
)
def test_null_with_anything_is_null(operation: Callable[[Any, Any], Any]) -> None:
    for other in (None, 1, 1.5, D(1), DAY):
        assert operation(None, other) is None
        assert operation(other, None) is None


def test_operands_that_do_not_go_together() -> None:
    with pytest.raises(RunError) as raised:
        operators.add("a", 1)
    assert (raised.value.code, raised.value.message) == ("V0106", "`+` does not work on a text and an int")
    assert raised.value.hint == 'texts are joined as "{a}{b}"'
    for work in (
        lambda: operators.mul("a", 10**9),
        lambda: operators.add(True, 1),
        lambda: operators.neg("a"),
        lambda: operators.add([1], [2]),
    ):
        assert code_of(work) == "V0106"


# ── comparison and logic ───────────────────────────────────────────────────────────────────────────────────────


@given(st.one_of(ints, floats, decimals), st.one_of(ints, floats, decimals))
def test_numbers_compare_by_their_exact_value(a: Any, b: Any) -> None:
    left, right = Fraction(a), Fraction(b)
    assert operators.eq(a, b) is (left == right)
    assert operators.ne(a, b) is (left != right)
    assert operators.lt(a, b) is (left < right)
    assert operators.le(a, b) is (left <= right)


@given(texts, texts)
def test_texts_compare_by_code_point(a: str, b: str) -> None:
    assert operators.lt(a, b) is ([*map(ord, a)] < [*map(ord, b)])


def test_comparisons_with_null_are_null_and_others_must_be_of_a_kind() -> None:
    for operation in (operators.eq, operators.ne, operators.lt, operators.le):
        assert operation(None, 1) is None
        assert operation("a", None) is None
        assert operation(None, None) is None
        for a, b in ((True, 1), ("1", 1), (date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)), (DAY, 1)):
            assert code_of(lambda operation=operation, a=a, b=b: operation(a, b)) == "V0106"  # type: ignore[misc]
    assert code_of(lambda: operators.lt([1], [2])) == "V0106"
    assert operators.lt(False, True) is True


def test_lists_and_records_are_equal_item_by_item() -> None:
    assert operators.eq([1, {"a": None}], [1.0, {"a": None}]) is True
    assert operators.eq({"a": 1, "b": 2}, {"b": 2, "a": 1}) is True
    assert operators.eq([1], [True]) is False
    assert operators.eq([1], [1, 2]) is False
    assert operators.ne({"a": 1}, {"a": 1, "b": None}) is True


def test_logic_is_three_valued() -> None:
    table = [(True, True), (True, False), (True, None), (False, False), (False, None), (None, None)]
    assert [operators.logic_and(a, b) for a, b in table] == [True, False, None, False, False, None]
    assert [operators.logic_or(a, b) for a, b in table] == [True, True, True, False, None, None]
    assert [operators.logic_and(b, a) for a, b in table] == [True, False, None, False, False, None]
    assert [operators.logic_or(b, a) for a, b in table] == [True, True, True, False, None, None]
    assert [operators.logic_not(a) for a in (True, False, None)] == [False, True, None]
    assert code_of(lambda: operators.logic_and(1, True)) == "V0106"


# ── texts, constants, types ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (-5, "-5"),
        (1.0, "1.0"),
        (1e22, "1e22"),
        (D("2.50"), "2.50"),
        (D("0E-10"), "0"),
        ("a\n", "a\n"),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 10, 0, 0, 5, tzinfo=UTC), "2026-01-31T10:00:00.000005Z"),
        (90 * DAY, "P90D"),
        ([1, D("0E-7"), {"a": "x"}], '[1,0.0000000,{"a":"x"}]'),
    ],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert conversion.to_text(value) == text


@given(
    st.one_of(
        st.tuples(ints, st.just(INT)),
        st.tuples(floats, st.just(FLOAT)),
        st.tuples(decimals, st.just(decimal_of(38, 4))),
        st.tuples(texts, st.just(TEXT)),
        st.tuples(st.booleans(), st.just(BOOL)),
        st.tuples(dates, st.just(DATE)),
        st.tuples(timestamps, st.just(TIMESTAMP)),
        st.tuples(durations, st.just(DURATION)),
    )
)
def test_texts_and_constants_give_the_value_back(pair: tuple[Any, Type]) -> None:
    value, type_ = pair
    for again in (
        conversion.from_text(conversion.to_text(value), type_),
        conversion.from_const(conversion.to_const(value, type_)),
    ):
        assert again == value
        assert type(again) is type(value)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("abc", INT),
        ("1.5", INT),
        ("1_000", INT),
        ("99999999999999999999", INT),
        ("", INT),
        ("9" * 5000, INT),
        ("nan", FLOAT),
        ("1e999", DECIMAL),
        ("inf", DECIMAL),
        ("yes", BOOL),
        ("2026-02-30", DATE),
        ("20260131", DATE),
        ("2026-01-31T25:00", TIMESTAMP),
        ("ninety days", DURATION),
        ("999999999999 weeks", DURATION),
        ("[1,", list_of(INT)),
        ('["a"]', list_of(INT)),
        ("[" * 5000, list_of(INT)),
    ],
)
def test_texts_that_are_no_value_of_the_type(text: str, type_: Type) -> None:
    assert code_of(lambda: conversion.from_text(text, type_)) in ("V0104", "V0105")


def test_texts_in_other_forms() -> None:
    assert conversion.from_text("90 days", DURATION) == 90 * DAY
    assert conversion.from_text("2026-01-31 10:00+02:00", TIMESTAMP) == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert conversion.from_text("2026-01-31 10:00:00+00", TIMESTAMP) == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert conversion.from_text("2026-01-31T10:00-0530", TIMESTAMP) == datetime(2026, 1, 31, 15, 30, tzinfo=UTC)
    assert conversion.from_text("2026-01-31", TIMESTAMP) == datetime(2026, 1, 31, tzinfo=UTC)
    assert conversion.from_text("null", INT.or_null()) is None
    assert conversion.from_text("null", TEXT.or_null()) == "null"
    assert conversion.from_text('{"a": 1}', record_of([("a", INT)])) == {"a": 1}
    assert conversion.from_text("plain", ANY) == "plain"


def test_conversion_to_a_type() -> None:
    assert type(conversion.convert(5, FLOAT)) is float
    assert conversion.to_text(conversion.convert(5, DECIMAL)) == "5"
    assert conversion.to_text(conversion.convert(0.07, decimal_of(10, 2))) == "0.07"
    assert conversion.to_text(conversion.convert(D("0.005"), decimal_of(10, 2))) == "0.01"
    assert conversion.convert("2026-01-31", DATE) == date(2026, 1, 31)
    assert conversion.convert({"b": 1, "a": 2}, record_of([("a", FLOAT), ("c", INT.or_null())])) == {
        "a": 2.0,
        "c": None,
    }
    assert conversion.convert([1, None], list_of(INT.or_null())) == [1, None]
    for value, type_ in (
        (None, INT),
        (True, INT),
        (1.0, INT),
        ("5", INT),
        (1, BOOL),
        ([None], list_of(INT)),
        ({}, record_of([("a", INT)])),
        (1, TEXT),
        (1, DATE),
    ):
        assert code_of(lambda value=value, type_=type_: conversion.convert(value, type_)) == "V0105"  # type: ignore[misc]
    assert code_of(lambda: conversion.convert(1000, decimal_of(4, 2))) == "V0104"
    assert code_of(lambda: conversion.convert(1e300, DECIMAL)) == "V0104"


@given(nested)
def test_packing_keeps_value_and_kind(value: Any) -> None:
    again = conversion.unpack(conversion.pack(value))
    assert operators.same(again, value)
    assert repr(again) == repr(value)


@given(decimals)
def test_a_decimal_in_json_has_all_digits_of_its_scale(value: Decimal) -> None:
    small = value.scaleb(-10)
    written = msgspec.json.encode(conversion.json_ready([small])).decode()
    assert written == f"[{small:f}]"


@pytest.mark.parametrize(
    ("value", "type_", "code"),
    [
        (INT_MAX + 1, INT, "V0101"),
        (10**30, INT.or_null(), "V0101"),
        ([1, 10**30], list_of(INT), "V0101"),
        ({"n": INT_MIN - 1}, record_of([("n", INT)]), "V0101"),
        (10**400, FLOAT, "V0103"),
        ([-(10**400)], list_of(FLOAT), "V0103"),
        (D("1e400"), FLOAT, "V0103"),
    ],
)
def test_numbers_of_callers_that_no_type_holds(value: Any, type_: Type, code: str) -> None:
    """A caller in Python or of an agent's tool may give ints of any size."""
    with pytest.raises(RunError) as raised:
        conversion.convert(value, type_)
    assert raised.value.code == code
