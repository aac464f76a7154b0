"""A stage whose expressions nest deeply around aggregates or windows, or that groups by such → one that works these out
alone, and one of expressions over its columns.

An engine may write an operand several times (see `let` in typed_arithmetic.py) unless it can be worked out beforehand
in a sub-select, and what an aggregate or a window means depends on the SELECT that it is in. So it gets a SELECT of its
own, of which it is a field.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from runtime.query.algebra import (
    Aggregate,
    Case,
    Column,
    Derive,
    Exists,
    Expr,
    Func,
    Group,
    Inline,
    InQuery,
    Op,
    Order,
    Param,
    Scalar,
    Select,
    Window,
)
from runtime.values.constants import Const

_SHALLOW: Final = 3  # levels, the aggregate included, that may be written as they are
_LARGE_KEY: Final = 2  # levels
Swap = Callable[[Expr], Expr | None]


def staged(stage: Group | Select) -> Group | Select | None:
    """The stage over others; None where it may be written as it is, or where a sub-query in an expression may look at
    the rows themselves. New columns are of relations with negative numbers."""
    try:
        if isinstance(stage, Select):
            return _separated(stage, (), Window)
        by_fields = _by_fields(stage)
        return _separated(by_fields or stage, (by_fields or stage).keys, Aggregate) or by_fields
    except _NeedsRows:
        return None


def _by_fields(stage: Group) -> Group | None:
    """Groups by fields, where keys are more than a function of one."""
    if max(map(_height, stage.keys), default=0) < _LARGE_KEY:
        return None
    inner = -2 * stage.id
    keys = {key: Column(inner, f"k{number}", key.type) for number, key in enumerate(stage.keys, 1)}
    columns = tuple((name, _swapped(expr, partial(_of_groups, keys))) for name, expr in stage.columns)
    source = Derive(inner, stage.source, tuple((column.name, key) for key, column in keys.items()))
    return Group(stage.id, source, tuple(keys.values()), columns)


def _separated(stage: Group | Select, keys: tuple[Expr, ...], kind: type[Aggregate | Window]) -> Select | None:
    """A stage of aggregates or windows alone, and the expressions over it."""
    if max((_levels(expr, kind) for _, expr in stage.columns), default=0) <= _SHALLOW:
        return None
    inner = -2 * stage.id - 1
    known: dict[Expr, Column] = {}

    def swap(expr: Expr) -> Expr | None:
        if isinstance(expr, kind) or expr in keys:
            return known.setdefault(expr, Column(inner, f"x{len(known) + 1}", expr.type))
        return _of_groups({}, expr) if isinstance(stage, Group) else None

    columns = tuple((name, _swapped(expr, swap)) for name, expr in stage.columns)
    parts = tuple((column.name, expr) for expr, column in known.items())
    first = Group(inner, stage.source, keys, parts) if isinstance(stage, Group) else Derive(inner, stage.source, parts)
    return Select(stage.id, first, columns)


def _of_groups(keys: dict[Expr, Column], expr: Expr) -> Expr | None:
    """The field that a key has become, and nothing that would look at the rows of a group."""
    if expr in keys:
        return keys[expr]
    if isinstance(expr, Aggregate):
        return expr
    if isinstance(expr, Column | Scalar | Exists | InQuery):
        raise _NeedsRows
    return None


class _NeedsRows(Exception):
    """An expression needs rows, and only groups are left."""


def _height(expr: Expr) -> int:
    """How many operators and functions are within one another."""
    children = _children(expr)
    return 1 + max(map(_height, children), default=0) if children else 0


def _levels(expr: Expr, kind: type[Aggregate | Window]) -> int:
    """How many operators and functions are around an expression of the kind, at most; 0 where there is none."""
    if isinstance(expr, kind):
        return 1
    around = max((_levels(child, kind) for child in _children(expr)), default=0)
    return around + 1 if around else 0


def _children(expr: Expr) -> list[Expr]:
    match expr:
        case Op() | Func():
            return list(expr.args)
        case Case():
            parts = [part for branch in expr.branches for part in branch]
            return [*parts, expr.otherwise] if expr.otherwise is not None else parts
        case Window():
            return [*expr.args, *expr.partition, *(key.expr for key in expr.order)]
        case _:
            return []


def _swapped(expr: Expr, swap: Swap) -> Expr:
    """The expression with others in the place of those that `swap` gives one for."""
    found = swap(expr)
    if found is not None:
        return found

    def all_of(exprs: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return tuple(_swapped(each, swap) for each in exprs)

    match expr:
        case Op() | Func():
            return msgspec.structs.replace(expr, args=all_of(expr.args))
        case Case():
            branches = tuple((_swapped(when, swap), _swapped(then, swap)) for when, then in expr.branches)
            otherwise = None if expr.otherwise is None else _swapped(expr.otherwise, swap)
            return Case(branches, otherwise, expr.type)
        case Window():
            order = tuple(Order(_swapped(key.expr, swap), key.descending, key.nulls_first) for key in expr.order)
            return Window(expr.name, all_of(expr.args), all_of(expr.partition), order, expr.type)
        case Const() | Param() | Column() | Aggregate() | Scalar() | Exists() | InQuery() | Inline():
            return expr
