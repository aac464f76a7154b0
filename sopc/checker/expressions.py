"""Expression nodes → typed expressions: the table of handlers, one for each class of node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from sopc.checker import calls, literals, names, operators, subqueries, typed
from sopc.checker.env import MAX_DEPTH, Env
from sopc.checker.report import span_of
from sopc.checker.scope import unknown
from sopc.tree import nodes


def _in(env: Env, node: nodes.InExpr) -> typed.Expr:
    if node.query is not None:
        return subqueries.in_query(env, node)
    return operators.in_list(env, node) if node.is_list else operators.in_items(env, node)


_HANDLERS: Final = cast(
    "dict[type, Callable[[Env, nodes.Expr], typed.Expr]]",
    {
        nodes.NullLiteral: literals.null,
        nodes.BoolLiteral: literals.boolean,
        nodes.IntLiteral: literals.integer,
        nodes.NumberLiteral: literals.number,
        nodes.TextLiteral: literals.text,
        nodes.DateLiteral: literals.date,
        nodes.TimestampLiteral: literals.timestamp,
        nodes.DurationLiteral: literals.duration,
        nodes.Name: names.name,
        nodes.FieldAccess: names.field,
        nodes.IndexAccess: operators.index,
        nodes.CallExpr: calls.call,
        nodes.Unary: operators.unary,
        nodes.Binary: operators.binary,
        nodes.Between: operators.between,
        nodes.InExpr: _in,
        nodes.IsNull: operators.is_null,
        nodes.CaseExpr: operators.case,
        nodes.RecordExpr: operators.record,
        nodes.ListExpr: operators.make_list,
        nodes.QueryExpr: subqueries.query,
    },
)


def expression(env: Env, node: nodes.Expr) -> typed.Expr:
    """Type a node and bind its names; after a finding, the result has type `any`."""
    if env.state.depth >= MAX_DEPTH:
        env.error("E0604", f"the expression is nested more than {MAX_DEPTH} deep", node, "`let` names a part of it")
        return unknown(span_of(node))
    env.state.depth += 1
    try:
        return _HANDLERS[type(node)](env, node)
    finally:
        env.state.depth -= 1
