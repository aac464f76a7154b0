"""A typed expression and the type needed → the expression converted to it, or a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal

from runtime.values.type_rules import common, fits, is_subtype
from runtime.values.types import BOOL, FLOAT, RECORD, TEXT, Type
from sopc.checker import typed
from sopc.checker.env import Env
from sopc.checker.report import Place
from sopc.checker.scope import unknown
from sopc.checker.types import an, decimal_literal

_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)


def coerce(expr: typed.Expr, expected: Type) -> typed.Expr | None:
    """Convert an expression to a type.

    Args:
        expr: A typed expression.
        expected: The type needed.

    Returns:
        A literal of the expected type for a literal; for other values the expression, wrapped in a conversion at run
        time where its type differs. None if no value of the type can become one of the expected type.
    """
    made = _coerce_literal(expr, expected)
    if made is not None:
        return made
    if not fits(expr.type, expected):
        return None
    if is_subtype(expr.type, expected):
        return expr
    return typed.Convert(expr, type=expected, span=expr.span)


def _coerce_literal(expr: typed.Expr, expected: Type) -> typed.Expr | None:
    if isinstance(expr, typed.Const):
        return _coerce_constant(expr, expected)
    if isinstance(expr, typed.Case):
        values = coerce_all([value for _, value in expr.branches], expected)
        otherwise = coerce(expr.otherwise, expected) if expr.otherwise is not None else None
        if values is None or (expr.otherwise is None) != (otherwise is None):
            return None
        if otherwise is None and not expected.nullable:
            return None
        branches = tuple((condition, value) for (condition, _), value in zip(expr.branches, values, strict=True))
        return replace(expr, branches=branches, otherwise=otherwise, type=expected)
    if isinstance(expr, typed.MakeList) and expected.name == "list" and expected.item is not None:
        items = coerce_all(expr.items, expected.item)
        return None if items is None else replace(expr, items=tuple(items), type=expected)
    if isinstance(expr, typed.MakeRecord) and expected.name == "record" and expected.fields is not None:
        if {name for name, _ in expr.fields} != {name for name, _ in expected.fields}:
            return None
        made = []
        for name, value in expr.fields:
            field = expected.field(name)
            coerced = coerce(value, field) if field is not None else None
            if coerced is None:
                return None
            made.append((name, coerced))
        # Values are evaluated in the order they are written, so the record keeps that order of its fields.
        written = replace(expr, fields=tuple(made), type=replace_fields(expected, made))
        return written if is_subtype(written.type, expected) else typed.Convert(written, type=expected, span=expr.span)
    return None


def replace_fields(type_: Type, fields: Sequence[tuple[str, typed.Expr]]) -> Type:
    """The record type with the types of the given values as its fields."""
    return Type("record", nullable=type_.nullable, fields=tuple((name, value.type) for name, value in fields))


def coerce_all(exprs: Sequence[typed.Expr], expected: Type) -> list[typed.Expr] | None:
    """`coerce` each expression; None if one does not fit."""
    coerced = []
    for expr in exprs:
        made = coerce(expr, expected)
        if made is None:
            return None
        coerced.append(made)
    return coerced


def converge(exprs: Sequence[typed.Expr], met: Type) -> list[typed.Expr]:
    """Convert each expression to their common type; decimals become floats if that type is float."""
    return [coerce(expr, met) or typed.Convert(expr, type=met, span=expr.span) for expr in exprs]


def _coerce_constant(const: typed.Const, expected: Type) -> typed.Const | None:
    """Converts a number literal to another number type, and null to any nullable type; None for other constants."""
    value = const.value
    if const.type.name == "null" and expected.nullable:
        return replace(const, type=expected)
    if value is None or isinstance(value, bool):
        return None
    if expected.name == "float" and const.type.name == "int":
        return replace(const, value=float(value), type=expected.not_null())
    if expected.name == "decimal" and const.type.name in ("int", "float"):
        exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-expected.scale), context=_EXACT)
        if len(exact.as_tuple().digits) > expected.precision:
            return None
        return replace(const, value=format(exact, "f"), type=expected.not_null())
    return None


def exact(expr: typed.Expr) -> typed.Expr:
    """Turn a float literal into the decimal that it spells; other expressions stay as they are."""
    if isinstance(expr, typed.Const) and expr.type == FLOAT and isinstance(expr.value, float):
        return _coerce_constant(expr, decimal_literal(expr.value)) or expr
    return expr


def exact_together(exprs: Sequence[typed.Expr]) -> list[typed.Expr]:
    """Turn float literals into decimals if any of the values is a decimal."""
    if any(expr.type.name == "decimal" for expr in exprs):
        return [exact(expr) for expr in exprs]
    return list(exprs)


def common_of(exprs: Sequence[typed.Expr]) -> Type | None:
    """The common type of all expressions, None if there is none."""
    found = exprs[0].type
    for expr in exprs[1:]:
        met = common(found, expr.type)
        if met is None:
            return None
        found = met
    return found


def coerce_or_report(env: Env, expr: typed.Expr, expected: Type, place: Place, what: str) -> typed.Expr:
    """`coerce` an expression, or report E0302 "{what} needs an int, but this is a text" at `place`."""
    made = coerce(expr, expected)
    if made is not None:
        return made
    env.error("E0302", f"{what} needs {an(expected)}, but this is {an(expr.type)}", place, conversion(expr, expected))
    return unknown(expr.span)


def conversion(expr: typed.Expr, expected: Type) -> str | None:
    """A hint how to convert the expression to the expected type, None if there is no way."""
    actual = expr.type
    if isinstance(expr, typed.Const) and expected.name in ("date", "timestamp") and actual == TEXT:
        return f'{expected.name} "{expr.value}"'
    if expected.name == "text" and actual.name not in ("null", "list", "record"):
        return 'text is made with "{…}"'
    if expected.name == "bool" and actual.name not in ("null", "list", "record"):
        return "compare it with something"
    if isinstance(expr, typed.Const) and expected.name == "decimal" and actual.name in ("int", "float"):
        return f"at most {expected.precision - expected.scale} digits before the point"
    if expected.name in ("int", "decimal", "float") and actual.name in ("text", "float", "decimal", "int"):
        return f"{expected.name}(…) converts it"
    if expected.fields is not None and actual.fields is not None:
        return f"the fields are {', '.join(f'{name}: {type_}' for name, type_ in expected.fields)}"
    return None


def is_ordered(env: Env, expr: typed.Expr, place: Place) -> bool:
    """Whether rows can be put in order by a value; E0310 if not."""
    if expr.type.name not in ("list", "record"):
        return True
    env.error("E0310", f"{an(expr.type)} has no order", place, "order by a field of it")
    return False


def condition(env: Env, expr: typed.Expr, place: Place, what: str) -> typed.Expr:
    """Check that an expression is a bool, else report E0303; null counts as not true."""
    made = coerce(expr, BOOL.or_null())
    if made is not None:
        return made
    env.error("E0303", f"{what} is {an(expr.type)}, not a bool", place, "compare it with something")
    return unknown(expr.span)


def as_text(env: Env, expr: typed.Expr, place: Place, what: str) -> typed.Expr:
    return coerce_or_report(env, expr, TEXT.or_null(), place, what)


def as_record(expr: typed.Expr) -> typed.Expr | None:
    """Convert an expression to a record that is not null; None if it can't be one."""
    if expr.type.name == "record":
        return coerce(expr, expr.type.not_null())
    return coerce(expr, RECORD) if expr.type.name == "any" else None
