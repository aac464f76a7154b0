"""Typed scripts → what their steps compare the text fields of stores with, write to them, and rank by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import msgspec

from runtime.query import algebra as q
from runtime.values.constants import Const
from sopc.checker import typed

Field = tuple[str, str]
"""A text field: ("database.store", name)."""


@dataclass(frozen=True)
class Compared:
    """A text field, and what it is equalled to: a literal, or a parameter of the script, by its name."""

    step: typed.Step
    field: Field
    literal: str | None = None
    parameter: str | None = None


@dataclass(frozen=True)
class Ranked:
    """A text field by which rows are put in order, or of which the highest or lowest is taken."""

    step: typed.Step
    field: Field


@dataclass(frozen=True)
class First:
    """A query that takes the first row of an order, and depends on no variable."""

    step: typed.Step
    query: q.Query
    order: q.Sort


def steps_of(steps: object) -> Iterator[typed.Step]:
    """Yield every step in a part of a script, also those inside blocks, in order."""
    if isinstance(steps, typed.Step):
        yield steps
    if isinstance(steps, tuple | typed.Step):
        for part in parts_of(steps):
            yield from steps_of(part)


def compared(script: typed.Script) -> Iterator[Compared]:
    """Yield each equality of a text field with a literal or a parameter."""
    parameters = {variable: variable.name for variable in script.params}
    records: dict[typed.Variable, typed.BoundQuery] = {}
    for step in steps_of(script.steps):
        if isinstance(step, typed.ForQuery):
            records[step.variable] = step.query
        for root, params in _queries(step):
            places = _Places(root)
            for left, right in _equalities(root):
                field = places.field(left)
                value = params[right.index] if isinstance(right, q.Param) else right
                if field is not None:
                    yield from _of(step, field, value, parameters)
        for op in _own(step, typed.Op):
            for left, right in _equalled(op):
                field = _of_record(left, records)
                if field is not None:
                    yield from _of(step, field, right, parameters)


def written(script: typed.Script) -> set[tuple[Field, str]]:
    """Return the literals that the script itself writes into text fields."""
    found: set[tuple[Field, str]] = set()
    for step in steps_of(script.steps):
        if not isinstance(step, typed.WriteStep):
            continue
        write = step.write
        store = f"{write.database}.{write.store}"
        pairs: list[tuple[str, Any]] = []
        if isinstance(write, q.Insert):
            pairs = list(zip(write.fields, step.params, strict=False))
        elif isinstance(write, q.Update):
            pairs = [(name, step.params[value.index] if isinstance(value, q.Param) else value)
                     for name, value in write.assignments]  # fmt: skip
        for name, value in pairs:
            literal = _literal(value)
            if literal is not None:
                found.add(((store, name), literal))
    return found


def ranked(script: typed.Script) -> Iterator[Ranked]:
    """Yield each text field by which a step sorts, or of which it takes the highest or lowest."""
    for step in steps_of(script.steps):
        for root, _ in _queries(step):
            places = _Places(root)
            for node in _walk(root):
                exprs: list[Any] = []
                if isinstance(node, q.Sort):
                    exprs = [key.expr for key in node.keys]
                elif isinstance(node, q.Window):
                    exprs = [key.expr for key in node.order]
                elif isinstance(node, q.Aggregate) and node.name in ("min", "max"):
                    exprs = [node.arg]
                elif isinstance(node, q.Op) and node.op in ("lt", "le", "gt", "ge", "between"):
                    exprs = list(node.args)
                found = (places.field(expr) for expr in exprs)
                yield from (Ranked(step, field) for field in found if field is not None)


def firsts(script: typed.Script) -> Iterator[First]:
    """Yield each query that takes one row, the first of an order."""
    for step in steps_of(script.steps):
        for bound in _own(step, typed.BoundQuery):
            relation = bound.query.relation
            while isinstance(relation, q.Select):
                relation = relation.source
            if (
                isinstance(relation, q.Limit)
                and isinstance(relation.count, Const)
                and relation.count.value == 1
                and relation.offset is None
                and isinstance(relation.source, q.Sort)
                and not bound.params
            ):
                yield First(step, bound.query, relation.source)


def relations(root: Any) -> Iterator[Any]:
    """Yield every part of a relation, in no order."""
    return _walk(root)


def _of(step: typed.Step, field: Field, value: Any, parameters: Mapping[typed.Variable, str]) -> Iterator[Compared]:
    literal = _literal(value)
    if literal is not None:
        yield Compared(step, field, literal=literal)
    if isinstance(value, typed.Convert):
        value = value.arg
    if isinstance(value, typed.Var) and value.variable in parameters:
        yield Compared(step, field, parameter=parameters[value.variable])


def _literal(value: Any) -> str | None:
    if isinstance(value, Const | typed.Const) and isinstance(value.value, str) and value.type.name == "text":
        return value.value
    return None


def _queries(step: typed.Step) -> Iterator[tuple[Any, tuple[typed.Expr, ...]]]:
    for bound in _own(step, typed.BoundQuery):
        yield bound.query, bound.params
    if isinstance(step, typed.WriteStep):
        yield step.write, step.params


def _equalities(root: Any) -> Iterator[tuple[Any, Any]]:
    for node in _walk(root):
        if isinstance(node, q.Op):
            yield from _equalled(node)


def _equalled(node: q.Op | typed.Op) -> Iterator[tuple[Any, Any]]:
    args: tuple[Any, ...] = node.args
    if node.op in ("eq", "ne"):
        yield args[0], args[1]
        yield args[1], args[0]
    elif node.op == "in":
        yield from ((args[0], item) for item in args[1:])


def _of_record(expr: Any, records: Mapping[typed.Variable, typed.BoundQuery]) -> Field | None:
    """The field that a loop's variable holds."""
    if not isinstance(expr, typed.FieldOf) or not isinstance(expr.base, typed.Var):
        return None
    bound = records.get(expr.base.variable)
    column = None if bound is None else dict(bound.query.columns).get(expr.name)
    return None if bound is None or column is None else _Places(bound.query).field(column)


class _Places:
    """Where the columns of a query's relations come from."""

    def __init__(self, root: Any) -> None:
        self._stores: dict[int, str] = {}
        self._columns: dict[int, Mapping[str, Any]] = {}
        for node in _walk(root):
            if isinstance(node, q.Scan | q.Update | q.Delete):
                self._stores[node.id] = f"{node.database}.{node.store}"
            elif isinstance(node, q.Select | q.Derive | q.Group):
                self._columns[node.id] = dict(node.columns)

    def field(self, expr: Any) -> Field | None:
        """The text field of a store that an expression is, if it is one."""
        while isinstance(expr, q.Column) and expr.relation in self._columns:
            expr = self._columns[expr.relation].get(expr.name)
        if not isinstance(expr, q.Column) or expr.type.name != "text" or expr.relation not in self._stores:
            return None
        return self._stores[expr.relation], expr.name


def _own(step: typed.Step, kind: type[Any]) -> Iterator[Any]:
    """The typed parts of a step of a kind, in order, without those of the steps in its blocks."""
    stack = [*parts_of(step)][::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, kind):
            yield node
        if not isinstance(node, typed.Step | typed.Variable | msgspec.Struct):  # no query holds a typed part
            stack += [*parts_of(node)][::-1]


def _walk(root: Any) -> Iterator[Any]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(parts_of(node))


def parts_of(node: Any) -> Iterator[Any]:
    """Yield what a node of a typed script or of a query is made of; nothing for other values."""
    if isinstance(node, tuple):
        yield from node
    elif isinstance(node, msgspec.Struct):
        yield from (getattr(node, name) for name in node.__struct_fields__)
    elif is_dataclass(node) and not isinstance(node, type):
        yield from (getattr(node, one.name) for one in fields(node))
