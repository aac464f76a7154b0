"""Literal nodes → constants, checked against the range of their types."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Final

from runtime.errors import RunError
from runtime.values.conversion import from_text, to_const
from runtime.values.types import (
    BOOL,
    DATE,
    DECIMAL_PRECISION,
    DURATION,
    FLOAT,
    INT,
    INT_MAX,
    INT_MIN,
    MAX_SCALE,
    NULL,
    TEXT,
    TIMESTAMP,
    Type,
)
from sopc.checker import typed
from sopc.checker.env import Env
from sopc.checker.report import span_of
from sopc.checker.scope import unknown
from sopc.checker.types import decimal_literal
from sopc.tree import nodes

UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def null(env: Env, node: nodes.NullLiteral) -> typed.Expr:
    return typed.Const(None, type=NULL, span=span_of(node))


def boolean(env: Env, node: nodes.BoolLiteral) -> typed.Expr:
    return typed.Const(node.value, type=BOOL, span=span_of(node))


def integer(env: Env, node: nodes.IntLiteral) -> typed.Expr:
    span = span_of(node)
    if not INT_MIN <= node.value <= INT_MAX:
        shown = str(node.value) if abs(node.value) < 10**40 else "this number"
        hint = f"an int goes from {INT_MIN} to {INT_MAX}; with a point and a digit more it is a decimal"
        env.error("E0307", f"{shown} does not fit an int, which has 64 bits", span, hint)
        return unknown(span)
    return typed.Const(node.value, type=INT, span=span)


def number(env: Env, node: nodes.NumberLiteral) -> typed.Expr:
    """A float, or a decimal if no float has exactly the digits as written."""
    span = span_of(node)
    try:
        value, exact = float(node.value), Decimal(node.value)
    except (ValueError, InvalidOperation):
        env.error("E0307", f'"{node.value}" is not a number', span, "a number is written 1.5 or 2e6")
        return unknown(span)
    if not isfinite(value):
        env.error("E0307", "the number does not fit a float", span, "a float holds at most about 1.8e308")
        return unknown(span)
    if Decimal(repr(value)) != exact:
        digits, exponent = exact.as_tuple().digits, exact.as_tuple().exponent
        if isinstance(exponent, int) and -MAX_SCALE <= exponent <= 0 and len(digits) <= DECIMAL_PRECISION:
            spelt = format(exact, "f")
            return typed.Const(spelt, type=decimal_literal(spelt), span=span)
    return typed.Const(value, type=FLOAT, span=span)


def text(env: Env, node: nodes.TextLiteral) -> typed.Expr:
    span = span_of(node)
    parts: list[str | typed.Expr] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(env.expr(part))
    if all(isinstance(part, str) for part in parts):
        return typed.Const("".join(str(part) for part in parts), type=TEXT, span=span)
    return typed.Interpolate(tuple(parts), type=TEXT, span=span)


def date(env: Env, node: nodes.DateLiteral) -> typed.Expr:
    return _moment(env, node.value, DATE, node, 'a date is written date "2026-01-31"')


def timestamp(env: Env, node: nodes.TimestampLiteral) -> typed.Expr:
    return _moment(env, node.value, TIMESTAMP, node, 'a timestamp is written timestamp "2026-01-31T10:00:00Z"')


def _moment(env: Env, value: str, type_: Type, node: nodes.Node, hint: str) -> typed.Expr:
    try:
        constant = to_const(from_text(value, type_), type_)
    except RunError:
        env.error("E0308", f'"{value}" is not a {type_}', node, hint)
        return unknown(span_of(node))
    return typed.Const(constant.value, type=type_, span=span_of(node))


def duration(env: Env, node: nodes.DurationLiteral) -> typed.Expr:
    seconds = node.value * UNITS.get(node.unit, 1)
    if abs(seconds) > timedelta.max.days * UNITS["day"]:
        env.error("E0308", "the duration is too long", node, f"a duration has at most {timedelta.max.days} days")
        return unknown(span_of(node))
    return typed.Const(str(seconds), type=DURATION, span=span_of(node))
