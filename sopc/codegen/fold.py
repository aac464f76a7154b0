"""Typed expression → the same expression with constant parts evaluated, by the arithmetic of the VM.

A part that would raise an error is left as it is, so that the error comes only if a run gets there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from runtime.errors import SopError
from runtime.values import conversion, operators
from runtime.values.constants import Const
from runtime.values.functions import FUNCTIONS
from runtime.values.types import BOOL, NULL, SCALARS, TEXT
from sopc.checker import typed
from sopc.codegen.limits import MAX_NESTING, NESTED_TOO_DEEPLY, Limit

_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": operators.add,
    "sub": operators.sub,
    "mul": operators.mul,
    "div": operators.div,
    "intdiv": operators.intdiv,
    "mod": operators.mod,
    "eq": operators.eq,
    "ne": operators.ne,
    "lt": operators.lt,
    "le": operators.le,
    "gt": lambda a, b: operators.lt(b, a),
    "ge": lambda a, b: operators.le(b, a),
    "and": operators.logic_and,
    "or": operators.logic_or,
}
_UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "neg": operators.neg,
    "not": operators.logic_not,
    "is_null": lambda a: a is None,
    "is_not_null": lambda a: a is not None,
}


MAX_TEXT: Final = 1000
"""Characters beyond which a function's text is left for the run to make, to keep the module small."""


class NotConstant(Exception):
    """The value of the expression is known only at run time."""


def fold(expr: typed.Expr, depth: int = 0) -> typed.Expr:
    """Fold the constant parts of an expression.

    Raises:
        Limit: The expression nests too deeply.
    """
    if depth > MAX_NESTING:
        raise Limit(NESTED_TOO_DEEPLY, expr.span)
    expr = _parts(expr, depth + 1)
    if isinstance(expr, typed.Case):
        return _case(expr)
    if isinstance(expr, typed.Interpolate):
        return _interpolate(expr)
    if isinstance(expr, typed.Op) and expr.op in ("and", "or"):
        expr = _logic(expr)
    try:
        value = _value(expr)
        const = conversion.to_const(value, expr.type)
    except (NotConstant, SopError):
        return expr
    if value is not None and expr.type.name not in SCALARS:
        return expr
    return typed.Const(type=expr.type, span=expr.span, value=const.value)


def _parts(expr: typed.Expr, depth: int) -> typed.Expr:
    """The expression with its sub-expressions folded."""
    if isinstance(expr, typed.Op | typed.Func | typed.ScriptCall):
        return replace(expr, args=_all(expr.args, depth))
    if isinstance(expr, typed.Convert):
        return replace(expr, arg=fold(expr.arg, depth))
    if isinstance(expr, typed.FieldOf):
        return replace(expr, base=fold(expr.base, depth))
    if isinstance(expr, typed.ItemOf):
        return replace(expr, base=fold(expr.base, depth), index=fold(expr.index, depth))
    if isinstance(expr, typed.Case):
        branches = [(fold(condition, depth), fold(value, depth)) for condition, value in expr.branches]
        otherwise = None if expr.otherwise is None else fold(expr.otherwise, depth)
        return replace(expr, branches=tuple(branches), otherwise=otherwise)
    if isinstance(expr, typed.MakeRecord):
        return replace(expr, fields=tuple((name, fold(value, depth)) for name, value in expr.fields))
    if isinstance(expr, typed.MakeList):
        return replace(expr, items=_all(expr.items, depth))
    if isinstance(expr, typed.Interpolate):
        parts = [part if isinstance(part, str) else fold(part, depth) for part in expr.parts]
        return replace(expr, parts=tuple(parts))
    if isinstance(expr, typed.FetchExpr):
        return replace(expr, query=replace(expr.query, params=_all(expr.query.params, depth)))
    return expr


def _all(exprs: tuple[typed.Expr, ...], depth: int) -> tuple[typed.Expr, ...]:
    return tuple([fold(expr, depth) for expr in exprs])


def _value(expr: typed.Expr) -> Any:
    """The value of an operation on constants. Raises NotConstant, or the RunError that the operation raises at run
    time."""
    if isinstance(expr, typed.Op):
        args = [constant(arg) for arg in expr.args]
        if expr.op in _BINARY:
            value = args[0]
            for arg in args[1:]:
                value = _BINARY[expr.op](value, arg)
            return value
        if expr.op in _UNARY:
            return _UNARY[expr.op](args[0])
        if expr.op == "between":
            return operators.logic_and(operators.le(args[1], args[0]), operators.le(args[0], args[2]))
        return _call(expr.op, args) if expr.op != "in" else _call("in_list", [args[0], args[1:]])
    if isinstance(expr, typed.Func):
        return _call(expr.name, [constant(arg) for arg in expr.args])
    if isinstance(expr, typed.Convert):
        return conversion.convert(constant(expr.arg), expr.type)
    raise NotConstant


def constant(expr: typed.Expr) -> Any:
    """The VM value of a constant. Raises NotConstant for other expressions."""
    if not isinstance(expr, typed.Const):
        raise NotConstant
    return conversion.from_const(Const(expr.value, expr.type))


def _call(name: str, args: list[Any]) -> Any:
    row = FUNCTIONS.get(name)
    if row is None or row.python is None or not row.pure:
        raise NotConstant
    if not row.nulls and None in args:
        return None
    try:
        value = row.python(*args)
    except (TypeError, AttributeError) as error:
        raise NotConstant from error
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise NotConstant
    return value


def _logic(expr: typed.Op) -> typed.Expr:
    """Simplifies `and`, `or`: drops neutral operands, and cuts the chain after one that decides it."""
    decides = expr.op == "or"
    args: list[typed.Expr] = []
    for arg in expr.args:
        value = arg.value if isinstance(arg, typed.Const) else None
        if value is decides and not args:
            return typed.Const(type=expr.type, span=expr.span, value=decides)
        if value is not (not decides):
            args.append(arg)
        if value is decides:
            break
    if not args:
        return typed.Const(type=BOOL, span=expr.span, value=not decides)
    return args[0] if len(args) == 1 else replace(expr, args=tuple(args))


def _case(expr: typed.Case) -> typed.Expr:
    """Drops the branches of a `case` that are never taken."""
    branches: list[tuple[typed.Expr, typed.Expr]] = []
    otherwise = expr.otherwise
    for condition, value in expr.branches:
        if isinstance(condition, typed.Const):
            if condition.value is True:
                otherwise = value
                break
        else:
            branches.append((condition, value))
    if branches:
        return replace(expr, branches=tuple(branches), otherwise=otherwise)
    return otherwise if otherwise is not None else typed.Const(type=NULL, span=expr.span, value=None)


def _interpolate(expr: typed.Interpolate) -> typed.Expr:
    """Joins the constant pieces of a text."""
    parts: list[str | typed.Expr] = []
    for part in expr.parts:
        try:
            text = part if isinstance(part, str) else conversion.to_text(constant(part))
        except (NotConstant, SopError):
            parts.append(part)
            continue
        if parts and isinstance(parts[-1], str):
            parts[-1] += text
        elif text:
            parts.append(text)
    if all(isinstance(part, str) for part in parts):
        return typed.Const(type=TEXT, span=expr.span, value="".join(str(part) for part in parts))
    return replace(expr, parts=tuple(parts))
