"""Any chain of stages gives in each engine the rows that it gives in Python, whichever of them the generator merges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.connect import connect
from runtime.databases.protocol import Loadable
from runtime.query.algebra import (
    Aggregate,
    Column,
    Derive,
    Distinct,
    Expr,
    Group,
    Join,
    Limit,
    Op,
    Order,
    Query,
    Relation,
    Scan,
    Select,
    Sort,
    Union,
    Where,
    Window,
)
from runtime.query.schema import Field, Store
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT
from tests.engines import ENGINES, Engine

NULLABLE = INT.or_null()
ROWS = [(1, 5, None), (2, 3, 3), (3, 5, 1), (4, None, 3), (5, 3, 3), (6, 1, None)]
FIELDS = ("id", "a", "b")
Row = dict[tuple[int, str], Any]
Rows = list[Row]


@pytest.fixture(scope="module", params=list(ENGINES.values()), ids=list(ENGINES))
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loadable]:
    engine: Engine = request.param
    place = engine.place(tmp_path_factory.mktemp("stages"))
    engine.script(place, "")
    database = cast(Loadable, connect(engine.url(place), name="main", base=place, create=True))
    store = Store("t", tuple(Field(name, NULLABLE) for name in FIELDS))
    database.begin(write=True)
    database.create_store(store)
    database.insert_rows(store, ROWS)
    database.commit()
    yield database
    database.close()


@dataclass
class Chain:
    """A relation, the rows it should give, the columns to be seen, and whether the order of the rows is fixed."""

    relation: Relation
    rows: Rows
    columns: list[tuple[int, str]]
    ordered: bool = False


def scan(id_: int) -> Chain:
    rows = [{(id_, name): value for name, value in zip(FIELDS, row, strict=True)} for row in ROWS]
    return Chain(Scan(id_, "main", "t"), rows, [(id_, name) for name in FIELDS])


def plus(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a + b


def sort_key(value: Any) -> tuple[bool, Any]:
    return (value is None, value or 0)


def column(key: tuple[int, str]) -> Column:
    return Column(*key, NULLABLE)


@st.composite
def chains(draw: st.DrawFn, ids: Iterator[int] | None = None, stages: int = 6) -> Chain:
    ids = ids if ids is not None else iter(range(1, 1000))
    chain = scan(next(ids))
    for _ in range(draw(st.integers(0, stages))):
        stage = draw(st.sampled_from(STAGES))
        chain = stage(draw, chain, ids)
    return chain


def pick(draw: st.DrawFn, chain: Chain) -> tuple[int, str]:
    return draw(st.sampled_from(chain.columns))


def where(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    key, limit = pick(draw, chain), draw(st.integers(0, 8))
    condition = Op("lt", (column(key), Const(limit, INT)), BOOL.or_null())
    rows = [row for row in chain.rows if row[key] is not None and row[key] < limit]
    return Chain(Where(chain.relation, condition), rows, chain.columns, ordered=chain.ordered)


def computed(draw: st.DrawFn, chain: Chain) -> tuple[Expr, Any]:
    one, two = pick(draw, chain), pick(draw, chain)
    if draw(st.booleans()):
        return column(one), lambda row: row[one]
    return Op("add", (column(one), column(two)), NULLABLE), lambda row: plus(row[one], row[two])


def derive(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    id_ = next(ids)
    expr, value = computed(draw, chain)
    rows = [row | {(id_, "d"): value(row)} for row in chain.rows]
    columns = [*chain.columns, (id_, "d")]
    return Chain(Derive(id_, chain.relation, (("d", expr),)), rows, columns, ordered=chain.ordered)


def counted(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    """A window: the rows that share a value."""
    id_, key = next(ids), pick(draw, chain)
    expr = Window("count", (), (column(key),), (), INT)
    rows = [row | {(id_, "w"): sum(other[key] == row[key] for other in chain.rows)} for row in chain.rows]
    columns = [*chain.columns, (id_, "w")]
    return Chain(Derive(id_, chain.relation, (("w", expr),)), rows, columns, ordered=chain.ordered)


def select(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    id_ = next(ids)
    picked = [computed(draw, chain) for _ in range(draw(st.integers(1, 3)))]
    names = [f"s{index}" for index in range(len(picked))]
    rows = [{(id_, name): value(row) for name, (_, value) in zip(names, picked, strict=True)} for row in chain.rows]
    exprs = tuple((name, expr) for name, (expr, _) in zip(names, picked, strict=True))
    return Chain(Select(id_, chain.relation, exprs), rows, [(id_, name) for name in names], ordered=chain.ordered)


def group(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    id_, summed = next(ids), pick(draw, chain)
    keys = [pick(draw, chain)] if draw(st.booleans()) else []
    groups: dict[Any, Rows] = {} if keys else {(): []}
    for row in chain.rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    rows = []
    for values, members in groups.items():
        numbers = [row[summed] for row in members if row[summed] is not None]
        new: Row = {(id_, "n"): len(members), (id_, "sum"): sum(numbers) if numbers else None}
        rows.append(new | ({(id_, "k"): values[0]} if keys else {}))
    exprs: list[tuple[str, Expr]] = [
        ("n", Aggregate("count", None, False, INT)),
        ("sum", Aggregate("sum", column(summed), False, NULLABLE)),
        *(("k", column(key)) for key in keys),
    ]
    relation = Group(id_, chain.relation, tuple(map(column, keys)), tuple(exprs))
    return Chain(relation, rows, [(id_, name) for name, _ in exprs])


def distinct(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    rows = list({tuple(row[key] for key in chain.columns): row for row in chain.rows}.values())
    return Chain(Distinct(chain.relation), rows, chain.columns)


def sort(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    """By a first key, then by every column, so that the order is fixed."""
    keys = [pick(draw, chain), *chain.columns]
    descending = draw(st.booleans())
    rows = sorted(chain.rows, key=lambda row: [sort_key(row[key]) for key in keys[1:]])
    absent = [row for row in rows if row[keys[0]] is None]
    present = [row for row in rows if row[keys[0]] is not None]
    present.sort(key=lambda row: -row[keys[0]] if descending else row[keys[0]])
    orders = tuple(Order(column(key), descending and index == 0) for index, key in enumerate(keys))
    return Chain(Sort(chain.relation, orders), present + absent, chain.columns, ordered=True)


def limit(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    """Only of rows whose order is fixed, else any would do."""
    if not chain.ordered:
        chain = sort(draw, chain, ids)
    count, offset = draw(st.integers(0, 5)), draw(st.integers(0, 2))
    relation = Limit(chain.relation, Const(count, INT), Const(offset, INT))
    return Chain(relation, chain.rows[offset : offset + count], chain.columns, ordered=True)


def join(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    other = draw(chains(ids, 2))
    left, right, outer = pick(draw, chain), pick(draw, other), draw(st.booleans())
    rows = []
    for row in chain.rows:
        found = [row | each for each in other.rows if row[left] is not None and row[left] == each[right]]
        rows += found or ([row | dict.fromkeys(other.columns)] if outer else [])
    on = Op("eq", (column(left), column(right)), BOOL.or_null())
    if len(rows) > 200:
        return chain
    return Chain(Join(chain.relation, other.relation, outer, on), rows, [*chain.columns, *other.columns])


def union(draw: st.DrawFn, chain: Chain, ids: Iterator[int]) -> Chain:
    other = draw(chains(ids, 2))
    width = min(len(chain.columns), len(other.columns))
    sides = []
    for side in (chain, other):
        keys = side.columns[:width]
        picked = tuple((f"u{index}", column(key)) for index, key in enumerate(keys))
        operand: Relation = side.relation if keys == side.columns else Select(next(ids), side.relation, picked)
        sides.append((operand, [[row[key] for key in keys] for row in side.rows]))
    id_, all_ = next(ids), draw(st.booleans())
    values = sides[0][1] + sides[1][1]
    if not all_:
        values = [list(row) for row in dict.fromkeys(map(tuple, values))]
    keys = [(id_, f"u{index}") for index in range(width)]
    relation = Union(id_, sides[0][0], sides[1][0], all_, tuple((name, NULLABLE) for _, name in keys))
    return Chain(relation, [dict(zip(keys, row, strict=True)) for row in values], keys)


STAGES = [where, where, derive, derive, select, group, distinct, sort, limit, counted, join, union]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(chain=chains())
def test_stages_mean_the_same_in_an_engine(database: Loadable, chain: Chain) -> None:
    columns = tuple((f"c{index}", column(key)) for index, key in enumerate(chain.columns))
    statement = database.prepare(Query("main", chain.relation, columns, ()))
    found = [row for batch in database.query(statement, ()) for row in batch]
    wanted = [tuple(row[key] for key in chain.columns) for row in chain.rows]
    if not chain.ordered:
        found.sort(key=lambda row: [sort_key(value) for value in row])
        wanted.sort(key=lambda row: [sort_key(value) for value in row])
    assert found == wanted, statement.sql
