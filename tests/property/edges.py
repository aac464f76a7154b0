"""Types → the values at which functions and operators are most likely to go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, Final

from runtime.files.infer import declared_type
from runtime.values.conversion import convert
from runtime.values.types import ANY, INT_MAX, INT_MIN, Type, list_of

MAX_ROWS: Final = 160  # of one table: every pair of two arguments' values, and a spread of three's

EDGES: Final[dict[str, tuple[Any, ...]]] = {
    "bool": (True, False),
    "int": (0, 1, -1, 2, 5, -7, 19, 2**31, 2**53 + 1, INT_MAX, INT_MIN),
    "float": (
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -2.5,
        0.1,
        2.675,
        1e-7,
        1e16,
        2.0**53,
        9.3e18,
        -1.7976931348623157e308,
        1e300,
        5e-324,
    ),
    "decimal(10,2)": tuple(map(Decimal, ("0.00", "1.00", "-1.00", "0.01", "-2.55", "12.50", "99999999.99"))),
    "decimal(38,18)": tuple(map(Decimal, ("0", "0.000000000000000001", "-12.5", "99999999999999999999.5"))),
    "text": (
        *(
            "",
            " ",
            "a",
            "abc",
            "Zoë",
            " 7 ",
            "1.5",
            "-0",
            "1e5",
            "1e400",
            "007",
            "+3",
            "1_000",
            "0x10",
            "٣",
            ".5",
            "5.",
        ),
        *(
            "true",
            "TRUE",
            "null",
            "nan",
            "a%b_c",
            "%",
            "_",
            "\\",
            "it's {x}",
            "😀é",
            "\u00a0a\u00a0",
            "a\nb",
            "x" * 5000,
        ),
        *(
            "1e-20",
            "9223372036854775808",
            "1" * 41,
            "99999999999999999999999999999",
            "-1.005",
            "year",
            "hour",
            "a,b,,c",
        ),
        *("2024-02-29", "2023-02-29", "2024-2-9", "0001-01-01", "9999-12-31", "10000-01-01", "0000-01-01"),
        *("2024-02-29T10:00:00.1234567Z", "2024-02-29 24:00:00", "0001-01-01T00:00:00+01:00", "2024-02-29T10:00"),
    ),
    "date": tuple(
        date(*parts)
        for parts in ((1, 1, 1), (1582, 10, 10), (1970, 1, 1), (2023, 12, 31), (2024, 2, 29), (9999, 12, 31))
    ),
    "timestamp": (
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1582, 10, 10, 12, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 30, 15, 500000, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ),
    "duration": (
        timedelta(),
        timedelta(microseconds=1),
        timedelta(seconds=-1.5),
        timedelta(days=90),
        timedelta(hours=-36),
        timedelta(days=3_652_059),
        timedelta(microseconds=INT_MAX),
        timedelta(microseconds=-INT_MAX),
    ),
    "any": (
        *(True, 1, -7, 1.5, 1e300, 12345678901234567, "a", "12", " 7 ", "1.5", "true", "2024-02-29", ""),
        *({"b": 1, "a": "x"}, {}, [1, "a", None], {"k": {"b": [1.0], "a": None}}),
    ),
    "list<int>": ([], [1], [3, None, 1, 3], [None], [INT_MAX, 1]),
    "list<text>": ([], ["b", "a", "b"], ["a", None], ["Zoë", "", "zoe"]),
    "list<float>": ([], [0.5, None, -1.0], [1e308, 1e308]),
    "list<date>": ([], [date(2024, 2, 29), None, date(1, 1, 1)]),
}
_SPREAD: Final = 7919  # a prime: a step through all combinations that meets every value of each argument

# of the types with many edges, those that matter as a second or third argument too
_FEW: Final[dict[str, tuple[Any, ...]]] = {
    "text": ("", " ", "a", "Zoë", "%", "a%b_c", "_", "b", "\\", "year", "hour", "week", "1.5", "x" * 5000, "😀é"),
    "int": (0, 1, -1, 2, 3, 19, -19, 40, 400, 2**31, INT_MAX, INT_MIN),
}


def typed(name: str) -> Type:
    """The type with that name, which may be null: as a field of a table has it."""
    if name == "any":
        return ANY
    if name.startswith("list<"):
        return list_of(typed(name[5:-1])).or_null()
    return declared_type(name).type.or_null()


def edges(name: str, *, first: bool = True) -> list[Any]:
    """Null and the edge values of a type, as the VM has them. first: they are for a function's first argument."""
    values = EDGES[name] if first else _FEW.get(name, EDGES[name])
    return [None, *(convert(value, typed(name)) for value in values)]


def rows(types: Sequence[str]) -> list[tuple[Any, ...]]:
    """Combinations of edge values of some types, at most MAX_ROWS of them."""
    combinations = list(product(*(edges(name, first=not index) for index, name in enumerate(types))))
    if len(combinations) <= MAX_ROWS:
        return combinations
    return [combinations[index * _SPREAD % len(combinations)] for index in range(MAX_ROWS)]
