"""Typed expressions of a query → the runtime's query form; what needs no row is left to the VM and becomes a param.

Every largest sub-expression without columns, aggregates or sub-queries is worked out by the VM before the query runs
and bound as a Param; literals are Const. Below a `case` that would raise errors of branches not taken, so there only
what can't fail is hoisted whole, and the rest is written out with its variables as Params.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Final, cast

from runtime.query import algebra as ir
from runtime.values.constants import Const
from runtime.values.types import NULL, TEXT, Type
from sopc.check import typed
from sopc.check.scope import AggregateOf, ColumnOf, SubQuery, WindowOf
from sopc.check.types import NUMBERS

_MAY_FAIL: Final = frozenset({"add", "sub", "mul", "div", "intdiv", "mod", "neg", "field"})
_CLOCK: Final = frozenset({"now", "today"})  # read once a segment by the VM; no engine is asked
_NO_PARTS: Final = frozenset({"type", "span", "relation", "columns", "signature", "variable"})
# Attributes that hold expressions, by kind of expression; looking them up is most of what `children` costs.
_parts: dict[type, tuple[str, ...]] = {}
_OF_ROWS: Final = (ColumnOf, AggregateOf, WindowOf, SubQuery)


class QueryBuilder:
    """One query being built, its sub-queries included: ids of relations, params, the database it runs on."""

    def __init__(self) -> None:
        self.database: str | None = None
        self.params: list[typed.Expr] = []
        self.scans: dict[int, tuple[str, str]] = {}
        self._last_id = 0

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def param(self, expr: typed.Expr) -> ir.Param:
        """The param with that value; equal expressions share one."""
        for index, known in enumerate(self.params):
            if same(known, expr):
                return ir.Param(index, known.type)
        self.params.append(expr)
        return ir.Param(len(self.params) - 1, expr.type)

    def types(self) -> tuple[Type, ...]:
        return tuple(param.type for param in self.params)

    def expr(self, expr: typed.Expr, *, guarded: bool = False) -> ir.Expr:
        """The runtime's form. guarded: below a `case`, so what can fail may not be worked out beforehand."""
        if isinstance(expr, typed.Const):
            return Const(expr.value, expr.type)
        if not of_rows(expr) and not (guarded and _can_fail(expr) and isinstance(expr, typed.Op | typed.Func)):
            return self.param(expr)
        return _LOWER[type(expr)](self, expr, guarded)

    def _all(self, exprs: Iterable[typed.Expr], guarded: bool) -> tuple[ir.Expr, ...]:
        return tuple(self.expr(expr, guarded=guarded) for expr in exprs)


def _column(builder: QueryBuilder, expr: ColumnOf, guarded: bool) -> ir.Expr:
    return ir.Column(expr.relation, expr.name, expr.type)


def _op(builder: QueryBuilder, expr: typed.Op, guarded: bool) -> ir.Expr:
    return ir.Op(expr.op, builder._all(expr.args, guarded), expr.type)


def _func(builder: QueryBuilder, expr: typed.Func, guarded: bool) -> ir.Expr:
    return ir.Func(expr.name, builder._all(expr.args, guarded), expr.type)


def _case(builder: QueryBuilder, expr: typed.Case, guarded: bool) -> ir.Expr:
    branches = tuple(
        (builder.expr(when, guarded=True), builder.expr(then, guarded=True)) for when, then in expr.branches
    )
    otherwise = builder.expr(expr.otherwise, guarded=True) if expr.otherwise is not None else None
    return ir.Case(branches, otherwise, expr.type)


def _aggregate(builder: QueryBuilder, expr: AggregateOf, guarded: bool) -> ir.Expr:
    arg = builder.expr(expr.arg, guarded=guarded) if expr.arg is not None else None
    return ir.Aggregate(expr.name, arg, expr.distinct, expr.type)


def _window(builder: QueryBuilder, expr: WindowOf, guarded: bool) -> ir.Expr:
    order = tuple(
        ir.Order(builder.expr(key, guarded=guarded), descending, nulls_first)
        for key, descending, nulls_first in expr.order
    )
    args, partition = builder._all(expr.args, guarded), builder._all(expr.partition, guarded)
    return ir.Window(expr.name, args, partition, order, expr.type)


def _sub_query(builder: QueryBuilder, expr: SubQuery, guarded: bool) -> ir.Expr:
    relation = cast(ir.Relation, expr.relation)
    if expr.kind == "scalar":
        return ir.Scalar(relation, expr.type)
    if expr.kind == "exists" or expr.arg is None:
        return ir.Exists(relation, expr.type)
    return ir.InQuery(builder.expr(expr.arg, guarded=guarded), relation, expr.type)


def _convert(builder: QueryBuilder, expr: typed.Convert, guarded: bool) -> ir.Expr:
    """The engine mixes numbers by itself, and refuses nulls where a store does."""
    return builder.expr(expr.arg, guarded=guarded)


def _interpolate(builder: QueryBuilder, expr: typed.Interpolate, guarded: bool) -> ir.Expr:
    parts = tuple(
        Const(part, TEXT) if isinstance(part, str) else builder.expr(part, guarded=guarded) for part in expr.parts
    )
    return ir.Func("concat", parts, TEXT)


def _nothing(builder: QueryBuilder, expr: typed.Expr, guarded: bool) -> ir.Expr:
    """Where a finding was made already (a record, list, or index over columns)."""
    return Const(None, NULL)


_LOWER: Final = cast(
    "dict[type, Callable[[QueryBuilder, typed.Expr, bool], ir.Expr]]",
    {
        ColumnOf: _column,
        typed.Op: _op,
        typed.Func: _func,
        typed.Case: _case,
        AggregateOf: _aggregate,
        WindowOf: _window,
        SubQuery: _sub_query,
        typed.Convert: _convert,
        typed.Interpolate: _interpolate,
        typed.FieldOf: _nothing,
        typed.ItemOf: _nothing,
        typed.MakeList: _nothing,
        typed.MakeRecord: _nothing,
        typed.ScriptCall: _nothing,
    },
)


# ── looking into expressions ───────────────────────────────────────────────────────────────────────────────────


def children(expr: typed.Expr) -> Iterable[typed.Expr]:
    """The expressions right below, in the order they are worked out; not those inside a sub-query's relation."""
    names = _parts.get(type(expr))
    if names is None:
        names = tuple(field.name for field in fields(expr) if field.name not in _NO_PARTS)
        _parts[type(expr)] = names
    for name in names:
        yield from _expressions(getattr(expr, name))


def _expressions(value: object) -> Iterable[typed.Expr]:
    if isinstance(value, typed.Expr):
        yield value
    elif isinstance(value, typed.BoundQuery):
        yield from value.params
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions(item)


def of_rows(expr: typed.Expr) -> bool:
    """Whether the value depends on rows of the query: columns, aggregates or sub-queries are in it."""
    return isinstance(expr, _OF_ROWS) or any(of_rows(child) for child in children(expr))


def holds(expr: typed.Expr, kind: type[typed.Expr]) -> bool:
    """Whether an expression of that kind is in it."""
    return isinstance(expr, kind) or any(holds(child, kind) for child in children(expr))


def _can_fail(expr: typed.Expr) -> bool:
    if isinstance(expr, typed.Op) and expr.op in _MAY_FAIL:
        return True
    if isinstance(expr, typed.Func) and expr.name in _CLOCK and not expr.args:
        return False
    if isinstance(expr, typed.Func | typed.ScriptCall | typed.FetchExpr):
        return True
    if isinstance(expr, typed.Convert) and not (expr.arg.type.name in NUMBERS and expr.type.name in NUMBERS):
        return True
    return any(_can_fail(child) for child in children(expr))


def same(a: object, b: object) -> bool:
    """Whether two expressions are alike wherever they stand in the source."""
    if isinstance(a, typed.Expr):
        return type(a) is type(b) and all(
            same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a) if field.name != "span"
        )
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b
