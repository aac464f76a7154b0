"""Queries inside expressions → fetches by the VM, or sub-queries of the enclosing query."""

from __future__ import annotations

from dataclasses import replace

from runtime.query import algebra as ir
from runtime.values.constants import Const
from runtime.values.type_rules import common
from runtime.values.types import BOOL, INT, Type, list_of
from sopc.checker import queries, typed
from sopc.checker.env import Env
from sopc.checker.lower_query import QueryBuilder
from sopc.checker.operators import in_lower_case
from sopc.checker.report import span_of
from sopc.checker.scope import SubQuery, unknown
from sopc.checker.sources import Stage, count_of, one_row_of, project
from sopc.checker.types import an
from sopc.tree import nodes


def query(env: Env, node: nodes.QueryExpr) -> typed.Expr:
    return _fetch(env, node) if env.row is None else _sub_query(env, node)


# ── in the VM ──────────────────────────────────────────────────────────────────────────────────────────────────


def _fetch(env: Env, node: nodes.QueryExpr) -> typed.Expr:
    """`count` and `exists` become scalar queries: count() of the rows, and count() > 0 of at most one row."""
    span = span_of(node)
    if node.kind in ("first", "one", "list"):
        bound = queries.bind(env, node.query)
        type_ = list_of(bound.row) if node.kind == "list" else bound.row
        return typed.FetchExpr(bound, node.kind, type=type_.or_null() if node.kind == "first" else type_, span=span)
    inside = replace(env.plain(), builder=QueryBuilder(env.error))
    stage = queries.relation(inside, node.query, unnamed=True)
    if node.kind == "scalar":
        made = _single(inside, stage, node)
        if made is None:
            return unknown(span)
        return typed.FetchExpr(queries.finish(inside, made, node), "scalar", type=_scalar_type(made), span=span)
    return _scalar_of(inside, _counted(inside, stage, node.kind), INT if node.kind == "count" else BOOL, node)


def _scalar_of(env: Env, made: ir.Group | ir.Select, type_: Type, node: nodes.Node) -> typed.Expr:
    builder = env.builder
    assert builder is not None
    name = made.columns[0][0]
    columns = ((name, ir.Column(made.id, name, type_)),)
    query_ = ir.Query(builder.database or env.state.uses[0], made, columns, builder.types())
    bound = typed.BoundQuery(query_, tuple(builder.params), Type("record", fields=((name, type_),)))
    return typed.FetchExpr(bound, "scalar", type=type_, span=span_of(node))


def _counted(env: Env, stage: Stage, kind: str) -> ir.Group:
    if kind == "count":
        return one_row_of(env, stage, "count", count_of())
    limited = replace(stage, relation=ir.Limit(stage.relation, Const(1, INT), None))
    found = ir.Op("gt", (count_of(), Const(0, INT)), BOOL)
    return one_row_of(env, limited, "exists", found)


def _scalar_type(stage: Stage) -> Type:
    """The type of a scalar query: nullable, since there may be no row, except for an aggregate over all rows."""
    type_ = stage.row.columns[0].column.type
    always = isinstance(stage.relation, ir.Group) and not stage.relation.keys
    return type_ if always else type_.or_null()


def _single(env: Env, stage: Stage, node: nodes.QueryExpr | nodes.InExpr) -> Stage | None:
    """The query with a select of its one column; None after E0410 or an earlier finding."""
    made = project(env, stage, node)
    if made.row.broken:
        return None
    count = len(made.row.columns)
    if count != 1:
        what = "a query used as a value" if isinstance(node, nodes.QueryExpr) else "the query after `in`"
        env.error("E0410", f"{what} needs one column, but this has {count}", node, "`select` the one that is meant")
        return None
    return made


# ── in a query ─────────────────────────────────────────────────────────────────────────────────────────────────


def _sub_query(env: Env, node: nodes.QueryExpr) -> typed.Expr:
    span = span_of(node)
    if node.kind in ("first", "one", "list"):
        hint = f"`let x = {node.kind}(…)` before the query, then x in it"
        env.error("E0415", f"`{node.kind}(…)` gives records, which a query can't hold", node, hint)
        return unknown(span)
    assert env.row is not None
    before = len(env.row.captured)
    stage = queries.relation(env, node.query, unnamed=True)
    columns = tuple(env.row.captured[before:])
    if node.kind == "exists":
        return SubQuery("exists", stage.relation, None, columns, type=BOOL, span=span)
    if node.kind == "count":
        return SubQuery("scalar", _counted(env, stage, "count"), None, columns, type=INT, span=span)
    made = _single(env, stage, node)
    if made is None:
        return unknown(span)
    return SubQuery("scalar", made.relation, None, columns, type=_scalar_type(made), span=span)


def in_query(env: Env, node: nodes.InExpr) -> typed.Expr:
    """x in (from …). Outside queries it becomes a query of one row that evaluates `in` over the sub-query."""
    assert node.query is not None
    span, arg = span_of(node), env.expr(node.arg)
    inside = env if env.row is not None else replace(env.plain(), builder=QueryBuilder(env.error))
    before = len(env.row.captured) if env.row is not None else 0
    stage = _single(inside, queries.relation(inside, node.query, unnamed=True), node)
    if stage is None:
        return unknown(span)
    column = stage.row.columns[0].column
    assert inside.builder is not None
    inside.builder.expr(replace(column, span=span_of(node.query)), json=False)
    if node.ignore_case:
        arg = in_lower_case(env, arg, node.arg, node)
        if column.type.name != "text":
            env.error("E0310", f"{an(column.type)} has no case to ignore", node.query, "`in` without `ignoring case`")
            return unknown(span)
        lower = inside.builder.expr(typed.Func("lower", (column,), type=column.type, span=span))
        stage = replace(stage, relation=ir.Select(inside.builder.new_id(), stage.relation, ((column.name, lower),)))
    met = common(arg.type, column.type)
    if met is None or met.name in ("list", "record"):
        message = f"{an(arg.type)} can't be among rows of {column.type}"
        env.error("E0310", message if met is None else f"a {met.name} can't be compared in a query", node.arg)
        return unknown(span)
    type_ = BOOL.or_null() if arg.type.nullable or column.type.nullable else BOOL
    if env.row is not None:
        found: typed.Expr = SubQuery("in", stage.relation, arg, tuple(env.row.captured[before:]), type=type_, span=span)
    else:
        with env.world.findings.muted():
            empty = queries.relation(inside, node.query, unnamed=True)
        found = _scalar_of(inside, _looked_up(inside, arg, stage, empty, type_), type_, node)
    return typed.Op("not", (found,), type=type_, span=span) if node.negated else found


def _looked_up(env: Env, arg: typed.Expr, stage: Stage, empty: Stage, type_: Type) -> ir.Select:
    builder = env.builder
    assert builder is not None
    none = replace(empty, relation=ir.Limit(empty.relation, Const(0, INT), None))
    value = ir.InQuery(builder.expr(arg, json=False), stage.relation, type_)
    return ir.Select(builder.new_id(), one_row_of(env, none, "none", count_of()), (("found", value),))
