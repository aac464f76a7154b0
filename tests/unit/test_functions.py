"""The function table: every row is well formed, and its Python meaning gives what its `doc` says."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from runtime.databases.sqlite.functions import SQL_FUNCTIONS
from runtime.errors import RunError
from runtime.values.functions import FUNCTIONS

SIGNATURE = re.compile(r"(\w+)\((.*)\) -> [\w<>]+\??")
NOON = datetime(2026, 3, 31, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize("row", FUNCTIONS.values(), ids=lambda row: row.name)
def test_a_row_is_well_formed(row: Any) -> None:
    for signature in row.signatures:
        match = SIGNATURE.fullmatch(signature)
        assert match is not None and match[1] == row.name
    assert row.kind in ("scalar", "aggregate", "window")
    assert (row.python is not None) is (row.kind == "scalar" and row.pure)
    assert row.doc and not row.doc.endswith(".")


def test_what_sqlite_says_by_itself_are_functions_of_the_table() -> None:
    assert set(SQL_FUNCTIONS) <= set(FUNCTIONS)


@pytest.mark.parametrize(
    ("name", "args", "wanted"),
    [
        ("upper", ["straße"], "STRASSE"),
        ("trim", ["\t a b\n"], "a b"),
        ("length", [[1, 2]], 2),
        ("substring", ["hello", 2, 3], "ell"),
        ("substring", ["hello", 4], "lo"),
        ("left", ["ab", 5], "ab"),
        ("right", ["hello", 2], "lo"),
        ("right", ["hello", 0], ""),
        ("replace", ["a-b-c", "-", "+"], "a+b+c"),
        ("replace", ["abc", "", "x"], "abc"),
        ("position", ["hello", "l"], 3),
        ("position", ["hello", "x"], 0),
        ("pad_left", ["7", 3, "0"], "007"),
        ("pad_right", ["ab", 5, "xy"], "abxyx"),
        ("concat", ["a", 1, Decimal("2.50"), True], "a12.50true"),
        ("split", ["a,b,,c", ","], ["a", "b", "", "c"]),
        ("join", [["a", "b"], "-"], "a-b"),
        ("like", ["Sales\nTeam", "S%_eam"], True),
        ("like", ["sales", "S%"], False),
        ("like", ["a.c", "a_c"], True),
        ("like", ["abc", "a.c"], False),
        ("abs", [Decimal("-1.50")], Decimal("1.50")),
        ("round", [2.675, 2], 2.68),
        ("round", [-2.5], -3.0),
        ("round", [Decimal("2.345"), 2], Decimal("2.35")),
        ("round", [1250, -2], 1300),
        ("round", [4, -2], 0),
        ("floor", [-2.5], -3),
        ("ceil", [Decimal("2.01")], 3),
        ("sqrt", [9], 3.0),
        ("power", [2, 10], 1024.0),
        ("sign", [-0.5], -1),
        ("least", [3, 1, 2], 1),
        ("greatest", ["b", "a"], "b"),
        ("int", ["12"], 12),
        ("int", [-2.9], -2),
        ("decimal", [0.1], Decimal("0.1000000000")),
        ("bool", ["true"], True),
        ("date", [2026, 2, 28], date(2026, 2, 28)),
        ("date", [NOON], date(2026, 3, 31)),
        ("timestamp", [date(2026, 1, 2)], datetime(2026, 1, 2, tzinfo=UTC)),
        ("quarter", [date(2026, 4, 1)], 2),
        ("weekday", [date(2026, 11, 23)], 1),
        ("start_of", [date(2026, 11, 26), "week"], date(2026, 11, 23)),
        ("start_of", [date(1, 1, 1), "week"], date(1, 1, 1)),
        ("start_of", [NOON, "hour"], datetime(2026, 3, 31, 12, tzinfo=UTC)),
        ("start_of", [NOON, "quarter"], datetime(2026, 1, 1, tzinfo=UTC)),
        ("add_months", [date(2026, 1, 31), 1], date(2026, 2, 28)),
        ("add_months", [NOON, -1], datetime(2026, 2, 28, 12, 30, 15, tzinfo=UTC)),
        ("add_years", [date(2024, 2, 29), 1], date(2025, 2, 28)),
        ("days_between", [date(2026, 1, 1), date(2026, 3, 1)], 59),
        ("months_between", [date(2026, 1, 31), date(2026, 2, 28)], 1),
        ("months_between", [date(2026, 3, 15), date(2025, 3, 16)], -11),
        ("years_between", [date(2000, 2, 29), date(2026, 2, 27)], 25),
        ("years_between", [date(2000, 2, 29), date(2026, 2, 28)], 26),
        ("hours", [timedelta(hours=-1, minutes=-30)], -1),
        ("coalesce", [None, None, 3], 3),
        ("null_if", [0, 0], None),
        ("null_if", [None, 0], None),
        ("in_list", [2, [1, 2]], True),
        ("in_list", [3, [1, None]], None),
        ("in_list", [None, []], False),
        ("sort", [[2, None, 1]], [1, 2, None]),
        ("unique", [[1, 2, 1, [3], [3]]], [1, 2, [3]]),
        ("range", [3, 1], []),
        ("sum_of", [[1, None, 2]], 3),
        ("sum_of", [[]], None),
        ("max_of", [["a", "c", None, "b"]], "c"),
    ],
)
def test_a_function_gives(name: str, args: list[Any], wanted: Any) -> None:
    python = FUNCTIONS[name].python
    assert python is not None
    found = python(*args)
    assert found == wanted and type(found) is type(wanted)


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("substring", ["abc", 0], "V0106"),
        ("left", ["abc", -1], "V0106"),
        ("repeat", ["abc", 10**9], "V0106"),
        ("replace", ["a" * 10_000, "a", "b" * 10_000], "V0106"),
        ("pad_left", ["a", 3, ""], "V0106"),
        ("split", ["a", ""], "V0106"),
        ("sqrt", [-1], "V0106"),
        ("power", [-1, 0.5], "V0106"),
        ("power", [10.0, 400], "V0103"),
        ("abs", [-(2**63)], "V0101"),
        ("floor", [1e300], "V0101"),
        ("int", ["1.5"], "V0105"),
        ("int", [date(2026, 1, 1)], "V0105"),
        ("bool", ["yes"], "V0105"),
        ("date", ["2026-02-30"], "V0105"),
        ("date", [2026, 2, 30], "V0106"),
        ("start_of", [date(2026, 1, 1), "hour"], "V0106"),
        ("add_days", [date(2026, 1, 1), 10**12], "V0107"),
        ("add_months", [date(9999, 12, 1), 1], "V0107"),
        ("range", [1, 10**9], "V0106"),
        ("sum_of", [[2**63 - 1, 1]], "V0101"),
    ],
)
def test_a_function_refuses(name: str, args: list[Any], code: str) -> None:
    python = FUNCTIONS[name].python
    assert python is not None
    with pytest.raises(RunError) as caught:
        python(*args)
    assert caught.value.code == code


def test_a_long_pattern_takes_no_long_time() -> None:
    python = FUNCTIONS["like"].python
    assert python is not None
    assert python("a" * 60, "%" * 40 + "b") is False
