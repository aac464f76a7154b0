"""Typed expressions of a query → the runtime's query algebra, with everything that needs no row as a parameter.

The VM evaluates each maximal sub-expression without columns, aggregates and sub-queries before the query runs, and
binds it as a Param; literals become Const. Below a `case` that could raise errors of branches that are not taken:
there, only sub-expressions that can't fail become a Param as a whole; of others only the variables do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Final, cast

from runtime.query import algebra as ir
from runtime.values.constants import Const
from runtime.values.type_rules import NUMBERS
from runtime.values.types import NULL, TEXT, Type
from sopc.checker import typed
from sopc.checker.scope import AggregateOf, ColumnOf, SubQuery, WindowOf
from sopc.source import Span

_MAY_FAIL: Final = frozenset({"add", "sub", "mul", "div", "intdiv", "mod", "neg", "field"})
_CLOCK: Final = frozenset({"now", "today"})  # the VM reads the clock once a segment; engines never do
_NO_PARTS: Final = frozenset({"type", "span", "relation", "columns", "signature", "variable"})
# Attributes that hold expressions, by class of expression, cached since the look-up is most of the cost of `children`.
_parts: dict[type, tuple[str, ...]] = {}
_IN_PARTS: Final = (typed.Op, typed.Func, typed.Case, typed.Interpolate)  # what the engine can work out itself
_OF_ROWS: Final = (ColumnOf, AggregateOf, WindowOf, SubQuery)


class QueryBuilder:
    """Builds one query with its sub-queries: ids of relations, parameters, the database it runs on.

    json: columns (relation, name) that hold values inside JSON. error: told the code, message, place and hint of what
    no query can hold.
    """

    def __init__(self, error: Callable[[str, str, Span | None, str], None]) -> None:
        self.error = error
        self.database: str | None = None
        self.params: list[typed.Expr] = []
        self.scans: dict[int, tuple[str, str]] = {}
        self.json: set[tuple[int, str]] = set()
        self._last_id = 0

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def param(self, expr: typed.Expr) -> ir.Param:
        """The parameter for an expression; equal expressions share one."""
        for index, known in enumerate(self.params):
            if same(known, expr):
                return ir.Param(index, known.type)
        self.params.append(expr)
        return ir.Param(len(self.params) - 1, expr.type)

    def types(self) -> tuple[Type, ...]:
        return tuple(param.type for param in self.params)

    def expr(self, expr: typed.Expr, *, conditional: bool = False, json: bool = True) -> ir.Expr:
        """Lower an expression. conditional: below a `case`, so what can fail must not be evaluated before the query.
        json: whether it may be a value inside JSON, whose type no engine knows."""
        if isinstance(expr, typed.Const):
            return Const(expr.value, expr.type)
        if not json and self.in_json(expr):
            message = "a query can't compare, sort or reckon with a value inside JSON, whose type is not known"
            self.error("E0415", message, expr.span, "int(…), decimal(…), text(…) and the like make a value of one type")
            return Const(None, NULL)
        if not of_rows(expr) and not (conditional and isinstance(expr, _IN_PARTS) and _can_fail(expr)):
            return self.param(expr)
        return _LOWER[type(expr)](self, expr, conditional)

    def columns(self, relation: int, values: Iterable[tuple[str, typed.Expr]]) -> tuple[tuple[str, ir.Expr], ...]:
        """The new columns of a relation."""
        made = []
        for name, value in values:
            if self.in_json(value):
                self.json.add((relation, name))
            made.append((name, self.expr(value)))
        return tuple(made)

    def in_json(self, expr: typed.Expr) -> bool:
        """Not a column of a store, of which the engine may know more."""
        if expr.type.name != "any":
            return False
        if isinstance(expr, ColumnOf):
            return (expr.relation, expr.name) in self.json
        if isinstance(expr, SubQuery):
            relation = cast(ir.Relation, expr.relation)
            while isinstance(relation, ir.Where | ir.Sort | ir.Limit | ir.Distinct):
                relation = relation.source
            return getattr(relation, "id", None) in {id_ for id_, _ in self.json}
        is_field = isinstance(expr, typed.Op) and expr.op == "field" and of_rows(expr)
        return is_field or any(map(self.in_json, children(expr)))

    def all(self, exprs: Iterable[typed.Expr], conditional: bool, *, json: bool = False) -> tuple[ir.Expr, ...]:
        return tuple(self.expr(expr, conditional=conditional, json=json) for expr in exprs)


def _column(builder: QueryBuilder, expr: ColumnOf, conditional: bool) -> ir.Expr:
    return ir.Column(expr.relation, expr.name, expr.type)


def _op(builder: QueryBuilder, expr: typed.Op, conditional: bool) -> ir.Expr:
    return ir.Op(expr.op, builder.all(expr.args, conditional, json=expr.op in ir.TAKE_JSON), expr.type)


def _func(builder: QueryBuilder, expr: typed.Func, conditional: bool) -> ir.Expr:
    json = expr.name in ir.TAKE_JSON or (expr.name == "coalesce" and _of_one_kind(expr.args))
    return ir.Func(expr.name, builder.all(expr.args, conditional, json=json), expr.type)


def _case(builder: QueryBuilder, expr: typed.Case, conditional: bool) -> ir.Expr:
    values = [then for _, then in expr.branches] + ([expr.otherwise] if expr.otherwise is not None else [])
    lowered = builder.all(values, True, json=_of_one_kind(values))
    branches = tuple(
        (builder.expr(when, conditional=True, json=False), then)
        for (when, _), then in zip(expr.branches, lowered, strict=False)
    )
    return ir.Case(branches, lowered[-1] if expr.otherwise is not None else None, expr.type)


def _of_one_kind(exprs: Sequence[typed.Expr]) -> bool:
    """Whether all are of the type `any`, so that an engine needs no conversion."""
    return all(expr.type.name in ("any", "null") for expr in exprs)


def _aggregate(builder: QueryBuilder, expr: AggregateOf, conditional: bool) -> ir.Expr:
    json = expr.name in ir.TAKE_JSON and not expr.distinct
    arg = builder.expr(expr.arg, conditional=conditional, json=json) if expr.arg is not None else None
    return ir.Aggregate(expr.name, arg, expr.distinct, expr.type)


def _window(builder: QueryBuilder, expr: WindowOf, conditional: bool) -> ir.Expr:
    order = tuple(
        ir.Order(builder.expr(key, conditional=conditional, json=False), descending, nulls_first)
        for key, descending, nulls_first in expr.order
    )
    args = builder.all(expr.args, conditional, json=expr.name in ir.TAKE_JSON)
    partition = builder.all(expr.partition, conditional)
    return ir.Window(expr.name, args, partition, order, expr.type)


def _sub_query(builder: QueryBuilder, expr: SubQuery, conditional: bool) -> ir.Expr:
    relation = cast(ir.Relation, expr.relation)
    if expr.kind == "scalar":
        return ir.Scalar(relation, expr.type)
    if expr.kind == "exists" or expr.arg is None:
        return ir.Exists(relation, expr.type)
    return ir.InQuery(builder.expr(expr.arg, conditional=conditional, json=False), relation, expr.type)


def _convert(builder: QueryBuilder, expr: typed.Convert, conditional: bool) -> ir.Expr:
    """No conversion is needed: engines mix number types, and check nulls when a store is written."""
    if expr.type.name == "bool" and expr.arg.type.name == "any":
        builder.error("E0415", "a query can't tell whether a value of no known type is true", expr.span, "bool(…)")
    return builder.expr(expr.arg, conditional=conditional, json=expr.type.name == "any")


def _interpolate(builder: QueryBuilder, expr: typed.Interpolate, conditional: bool) -> ir.Expr:
    def lowered(part: str | typed.Expr) -> ir.Expr:
        if isinstance(part, str):
            return Const(part, TEXT)
        if part.type.name in ("list", "record") and not of_rows(part):
            return builder.param(replace(expr, parts=(part,)))  # engines don't write these as texts
        return builder.expr(part, conditional=conditional)

    return ir.Func("concat", tuple(map(lowered, expr.parts)), TEXT)


def _nothing(builder: QueryBuilder, expr: typed.Expr, conditional: bool) -> ir.Expr:
    """Where a finding was made already (a call of a script)."""
    return Const(None, NULL)


def _refused(builder: QueryBuilder, expr: typed.Expr, conditional: bool) -> ir.Expr:
    builder.error("E0415", _REFUSED[type(expr)], expr.span, "one column for each part, or `for each` over the rows")
    return Const(None, NULL)


_REFUSED: Final[dict[type, str]] = {
    typed.FieldOf: "a query can't look inside a value of a field",
    typed.ItemOf: "a query can't take an item of a list by a field",
    typed.MakeList: "a query can't make a list of fields",
    typed.MakeRecord: "a query can't make a record of fields",
}


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
        typed.ScriptCall: _nothing,
        **dict.fromkeys(_REFUSED, _refused),
    },
)


# ── looking into expressions ───────────────────────────────────────────────────────────────────────────────────


def children(expr: typed.Expr) -> Iterable[typed.Expr]:
    """The direct sub-expressions in the order of their evaluation, without those in a sub-query's relation."""
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
    """Whether the value depends on rows of the query: it contains columns, aggregates or sub-queries."""
    return isinstance(expr, _OF_ROWS) or any(of_rows(child) for child in children(expr))


def holds(expr: typed.Expr, kind: type[typed.Expr]) -> bool:
    """Whether the expression is, or contains, one of a class."""
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
    """Whether two expressions are equal, not counting their places in the source."""
    if isinstance(a, typed.Expr):
        return type(a) is type(b) and all(
            same(getattr(a, field.name), getattr(b, field.name)) for field in fields(a) if field.name != "span"
        )
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b
