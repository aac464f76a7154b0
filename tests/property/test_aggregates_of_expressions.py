"""Aggregates over int expressions at the limits of int, on every engine → the exact result, or V0101 if any row's
expression leaves the range: an optimizer that moves a constant out of an aggregate loses or makes up such errors."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import pytest

from runtime.databases.protocol import Loadable, Statement
from runtime.errors import SopError
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import INT, INT_MAX, INT_MIN
from tests.engines import ENGINES
from tests.harness import compile_text
from tests.property.edges import typed
from tests.property.every import opened

EXPRESSIONS: Final = 60
CHOICES: Final = 4  # sets of rows that each expression is tried over
NAMES: Final = ("count", "sum", "min", "max")
ERROR: Final = "V0101"
CONSTANTS: Final = (0, 1, 2, -1, -2, 3, INT_MAX, INT_MAX - 2, INT_MIN + 1, INT_MIN + 3, 2**62, -(2**62), 2**53 + 1)
VALUES: Final = (0, 1, 5, -2, -7, INT_MAX, INT_MAX - 2, INT_MIN, INT_MIN + 3, 2**62, -(2**62), 2**32, 2**53 + 1)
STORE: Final = Store("limits", (Field("id", INT), Field("a", INT), Field("b", INT), Field("c", typed("int?"))))
OPERATORS: Final[dict[str, Callable[[int, int], int]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


class Known(NamedTuple):
    """An expression's value for a row. lost: a part of it left the range of int."""

    value: int | None
    lost: bool


class Expression(NamedTuple):
    """constant: it has no field, so that an operation on two such would be worked out before the query."""

    text: str
    of: Callable[[Sequence[int | None]], Known]
    constant: bool = False


def field(chance: random.Random) -> Expression:
    name, at = chance.choice([("a", 1), ("b", 2), ("c", 3)])
    return Expression(name, lambda row: Known(row[at], False))


def absolute(inner: Expression) -> Expression:
    if inner.constant:
        return inner

    def of(row: Sequence[int | None]) -> Known:
        value, lost = inner.of(row)
        return Known(None, lost) if value is None else Known(abs(value), lost or value == INT_MIN)

    return Expression(f"abs({inner.text})", of)


def made(chance: random.Random, depth: int) -> Expression:
    if depth == 0:
        if chance.random() < 0.45:
            constant = chance.choice(CONSTANTS)
            text = f"({constant})" if constant < 0 else str(constant)
            return Expression(text, lambda row: Known(constant, False), constant=True)
        return field(chance)
    if chance.random() < 0.1:
        return absolute(made(chance, depth - 1) if depth > 1 else field(chance))
    op = chance.choice(("+", "+", "-", "*"))
    left, right = (made(chance, chance.choice((0, depth - 1))) for _ in range(2))
    if left.constant and right.constant:
        left = field(chance)

    def of(row: Sequence[int | None]) -> Known:
        one, other = left.of(row), right.of(row)
        if one.value is None or other.value is None:
            return Known(None, one.lost or other.lost)
        value = OPERATORS[op](one.value, other.value)
        return Known(value, one.lost or other.lost or not INT_MIN <= value <= INT_MAX)

    return Expression(f"({left.text} {op} {right.text})", of)


def aggregates(known: Sequence[Known]) -> dict[str, Any]:
    """What each aggregate of these values is."""
    if any(each.lost for each in known):
        return dict.fromkeys(NAMES, ERROR)
    values = [each.value for each in known if each.value is not None]
    total = sum(values)
    return {
        "count": len(values),
        "sum": None if not values else total if INT_MIN <= total <= INT_MAX else ERROR,
        "min": min(values, default=None),
        "max": max(values, default=None),
    }


def in_any_order(known: Sequence[Known]) -> bool:
    """Whether no running total leaves the range while the whole one does not, whatever the order of the rows."""
    values = [each.value for each in known if each.value is not None]
    ends = (sum(v for v in values if v < 0), sum(v for v in values if v > 0), sum(values))
    return all(INT_MIN <= end <= INT_MAX for end in ends) or not INT_MIN <= ends[2] <= INT_MAX


def prepared(database: Loadable, schema: Schema, expression: str) -> dict[str, Statement]:
    """The statement of each aggregate of the expression, over the rows whose ids are given; plain and as a window."""
    queries = [f"{name}({expression}){over}" for name in NAMES for over in ("", " over ()")]
    steps = "".join(f"  emit from limits where id in $ids select {query} as x\n" for query in queries)
    (module,) = compile_text(f"script test(ids: list<int>)\n{steps}end\n", schema)
    return {query: database.prepare(fetch.query) for query, fetch in zip(queries, module.queries, strict=True)}


def asked(database: Loadable, statement: Statement, ids: Sequence[int]) -> Any:
    database.begin(write=False)
    try:
        rows = [row for batch in database.query(statement, [list(ids)]) for row in batch]
        return rows[0][0]
    except SopError as error:
        return error.code
    finally:
        database.rollback()


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("seed", range(2))
def test_an_aggregate_sees_every_overflow_and_makes_none_up(engine: Any, seed: int) -> None:
    chance = random.Random(seed)
    rows = [(at, chance.choice(VALUES), chance.choice(VALUES), chance.choice((None, *VALUES))) for at in range(40)]
    wrong, tried = [], Counter[bool]()
    with opened(engine) as database:
        database.begin(write=True)
        database.create_store(STORE)
        database.insert_rows(STORE, rows)
        database.commit()
        database.forget_schema()
        schema = database.schema()
        for _ in range(EXPRESSIONS):
            expression = made(chance, chance.choice((1, 2, 2, 3)))
            statements = prepared(database, schema, expression.text)
            known = {row[0]: expression.of(row) for row in rows}
            usable = [at for at, each in known.items() if not (each.lost and each.value is None)]
            fine = [at for at in usable if not known[at].lost]
            for _ in range(CHOICES):
                pool = usable if chance.random() < 0.5 or not fine else fine
                ids = chance.sample(pool, min(len(pool), chance.choice((1, 2, 3))))
                chosen = [known[at] for at in ids]
                results = aggregates(chosen)
                for query, statement in statements.items() if ids else ():
                    name = query.partition("(")[0]
                    if name == "sum" and not in_any_order(chosen):
                        continue
                    found = asked(database, statement, ids)
                    tried[results[name] == ERROR] += 1
                    if found != results[name]:
                        wrong.append(f"{query}, {[rows[at] for at in ids]}: {found}, not {results[name]}")
    assert not wrong, f"{len(wrong)} of {tried.total()}\n" + "\n".join(wrong[:5])
    assert tried[True] > 200 < tried[False]
