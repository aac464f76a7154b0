"""Every code of the checker: its wrong example gives exactly that code, its right one none."""

from __future__ import annotations

import pytest

from runtime.error_codes import Code, table
from tests.unit.books import codes

CHECKED = [row for row in table() if "E02" < row.code < "E06"]


@pytest.mark.parametrize("row", CHECKED, ids=[row.code for row in CHECKED])
def test_the_wrong_example_gives_exactly_its_code(row: Code) -> None:
    assert codes(row.wrong) == [row.code]


@pytest.mark.parametrize("row", CHECKED, ids=[row.code for row in CHECKED])
def test_the_right_example_is_right(row: Code) -> None:
    assert codes(row.right) == []


def test_a_query_of_too_many_sources_ends_with_its_own_code() -> None:
    steps = ["query q0 = from books select title"]
    steps += [f"query q{n} = from q{n - 1} union all from q{n - 1}" for n in range(1, 30)]
    assert "E0606" in codes("script s()\n" + "\n".join([*steps, "emit from q29"]) + "\nend")
