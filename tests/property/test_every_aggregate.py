"""Every aggregate and window function over edge values, on every engine → what the language's own arithmetic makes of
them. Nulls don't count; a group without values gives null."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial, reduce
from itertools import product
from typing import Any

import pytest

from runtime.databases.exclusions import Answers, excused
from runtime.databases.protocol import Loadable, Statement
from runtime.errors import SopError
from runtime.query.schema import Field, Store
from runtime.values.builtins import greatest, least, sum_of
from runtime.values.functions import FUNCTIONS
from runtime.values.operators import DIVISION_SCALE
from runtime.values.types import INT
from runtime.values.value_types import EXACT, quantized, scale_of
from tests.engines import ENGINES
from tests.harness import compile_text
from tests.property.edges import edges, typed
from tests.property.every import ERRORS_EACH, is_code, opened

TYPES = ("bool", "int", "float", "decimal(10,2)", "decimal(38,18)", "text", "date", "timestamp", "duration")
ZEROS: dict[str, Any] = {
    "int": 0,
    "float": 0.0,
    "decimal(10,2)": Decimal("0.00"),
    "decimal(38,18)": Decimal("0.000000000000000000"),
    "duration": timedelta(),
}
SUMMED = tuple(ZEROS)
AGGREGATES = {
    "count": TYPES,
    "sum": SUMMED,
    "total": SUMMED,
    "avg": ("int", "float", "decimal(10,2)", "decimal(38,18)"),
    "min": TYPES,
    "max": TYPES,
}
WINDOWS = (
    *("row_number()", "rank()", "dense_rank()", "lag(x)", "lag(x, 2)", "lag(x, 0)", "lead(x)", "lead(x, 2)"),
    *("first_value(x)", "last_value(x)", "count(x)", "min(x)", "max(x)"),
)


def groups(type_: str) -> list[list[Any]]:
    """No value, one of each, and pairs and threes of them; of floats only those that add up exactly."""
    values = [value for value in edges(type_) if type_ != "float" or value in (None, 0.0, 0.5, -2.5, 2.0**53, 1e16)]
    several = [[*pair, value] for pair, value in zip(product(values, values), values * len(values), strict=True)]
    return [[], *([value] for value in values), *map(list, product(values, values)), *several]


def wanted(name: str, type_: str, values: Sequence[Any]) -> Any:
    """The aggregate by the language's own operators; a RunError where it has no value."""
    known = [value for value in values if value is not None]
    if name == "count":
        return len(known)
    if not known and name == "total":
        return ZEROS[type_]
    if not known:
        return None
    if name == "avg":
        if isinstance(known[0], Decimal):  # of all digits, whether or not their sum has too many
            exact = EXACT.divide(reduce(EXACT.add, known), Decimal(len(known)))
            return quantized(exact, max(scale_of(known[0]), DIVISION_SCALE))
        return sum(known) / len(known)  # of ints too: rounded once
    by: dict[str, Callable[..., Any]] = {"min": least, "max": greatest}
    return sum_of(known) if name in ("sum", "total") else by[name](*known)


def outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except SopError as error:
        return error.code


def stored(database: Loadable, name: str, type_: str, filled: Sequence[Sequence[Any]]) -> None:
    """A store of the groups' values, numbered by group and position."""
    made = Store(name, (Field("g", INT), Field("n", INT), Field("x", typed(type_))))
    database.begin(write=True)
    database.create_store(made)
    rows = [(group, place, value) for group, values in enumerate(filled) for place, value in enumerate(values)]
    database.insert_rows(made, rows)
    database.commit()
    database.forget_schema()


def prepared(database: Loadable, query: str) -> Statement:
    """A query of the parameter `groups`."""
    (module,) = compile_text(f"script test(groups: list<int>)\n  emit {query}\nend\n", database.schema())
    return database.prepare(module.queries[0].query)


def asked(database: Loadable, statement: Statement, groups: list[int]) -> list[tuple[Any, ...]]:
    database.begin(write=False)
    try:
        return [row for batch in database.query(statement, [groups]) for row in batch]
    finally:
        database.rollback()


def _of_group(database: Loadable, grouped: Statement, number: int) -> Any:
    return asked(database, grouped, [number])[0][1]


def answered(database: Loadable, store: str, name: str, machine: Sequence[Any]) -> dict[int, Any]:
    """What the engine says for each group that has a value, in one statement, and for some of those with an error."""
    grouped = prepared(database, f"from {store} where g in groups group by g select g, {name}(x) as y")
    failing = [number for number, answer in enumerate(machine) if is_code(str(answer))]
    whole = [number for number in range(1, len(machine)) if number not in failing]
    alone = failing[:: max(1, len(failing) // ERRORS_EACH)]
    found = {0: asked(database, prepared(database, f"from {store} where g in groups select {name}(x) as y"), [])[0][0]}
    try:
        found |= dict(asked(database, grouped, whole))
    except SopError:  # which of them is it?
        alone = [*whole, *alone]
    for number in alone:
        found[number] = outcome(partial(_of_group, database, grouped, number))
    return found


@pytest.fixture(scope="module", params=list(ENGINES))
def database(request: pytest.FixtureRequest) -> Iterator[Loadable]:
    with opened(ENGINES[request.param]) as made:
        yield made


def fits(database: Loadable, type_: str) -> bool:
    return not (database.dialect == "sqlite" and type_ == "decimal(38,18)")


@pytest.mark.parametrize("type_", TYPES)
def test_an_aggregate_is_what_its_values_add_up_to(database: Loadable, type_: str) -> None:
    if not fits(database, type_):
        return
    filled = groups(type_)
    store = f"a{TYPES.index(type_)}"
    stored(database, store, type_, filled)
    differing = []
    for name in (name for name, types in AGGREGATES.items() if type_ in types):
        machine = [outcome(partial(wanted, name, type_, values)) for values in filled]
        for number, found in answered(database, store, name, machine).items():
            if found != machine[number] or type(found) is not type(machine[number]):
                answers = Answers((name,), (type_,), str(machine[number]), str(found))
                if excused(database.dialect.split()[0], answers) is None:
                    differing.append(f"{name} of {filled[number]} is {found!r}, and should be {machine[number]!r}")
    assert not differing, "\n".join(differing[:20])


@pytest.mark.parametrize("type_", TYPES)
def test_a_window_sees_its_rows(database: Loadable, type_: str) -> None:
    if not fits(database, type_):
        return
    values = edges(type_)
    store = f"w{TYPES.index(type_)}"
    stored(database, store, type_, [values])
    for call in WINDOWS:
        query = f"from {store} where g in groups select n, {call} over (order by n) as y order by n"
        rows = asked(database, prepared(database, query), [0])
        assert [row[1] for row in rows] == [seen(call, type_, values, place) for place in range(len(values))], call


def seen(call: str, type_: str, values: list[Any], place: int) -> Any:
    """What a window function gives for the row at that place, of rows that all differ in their order."""
    name = call.partition("(")[0]
    if name in ("row_number", "rank", "dense_rank"):
        return place + 1
    if name in ("lag", "lead"):
        step = int(call.partition(", ")[2].rstrip(")") or 1) * (-1 if name == "lag" else 1)
        return values[place + step] if 0 <= place + step < len(values) else None
    if name in ("first_value", "last_value"):
        return values[0 if name == "first_value" else -1]
    return wanted(name, type_, values[: place + 1])


def test_every_aggregate_and_window_is_tried() -> None:
    kinds = {row.name for row in FUNCTIONS.values() if row.kind != "scalar"}
    assert kinds == AGGREGATES.keys() | {call.partition("(")[0] for call in WINDOWS}
