"""Query nodes → the runtime's relational algebra, stage by stage; each stage sees the columns of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, cast

from runtime.query import algebra as ir
from runtime.values.constants import Const
from runtime.values.type_rules import common
from runtime.values.types import INT, RECORD, record_of
from sopc.checker import typed
from sopc.checker.coerce import coerce, condition, is_ordered
from sopc.checker.env import Env
from sopc.checker.lower_query import QueryBuilder, children, holds, of_rows, same
from sopc.checker.report import quoted, span_of
from sopc.checker.scope import AggregateOf, ColumnOf, Row, SubQuery, Visible, unknown
from sopc.checker.sources import Stage, check_columns_apart, missing, project, source
from sopc.checker.types import an
from sopc.tree import nodes


def relation(env: Env, query: nodes.Query, *, unnamed: bool = False) -> Stage:
    """Lower a query into the one being built.

    Args:
        env: Its row is the row of the enclosing query.
        query: The tree.
        unnamed: Whether columns may lack names, because nothing refers to them.

    Returns:
        The last stage.
    """
    first = query.stages[0]
    if not isinstance(first, nodes.From):
        env.error("E0415", "a query starts with `from`", query)
        return missing(env, nodes.From(store="", span=query.span))
    stage = source(env, first, relation)
    for node in query.stages[1:]:
        if isinstance(node, nodes.Select | nodes.GroupBy):
            stage = (
                _select(env, stage, node, unnamed)
                if isinstance(node, nodes.Select)
                else _group(env, stage, node, unnamed)
            )
        else:
            stage = _STAGES[type(node)](env, stage, node)
    return stage


def bind(env: Env, query: nodes.Query) -> typed.BoundQuery:
    """Lower a whole query, with the values of its parameters."""
    builder = QueryBuilder(env.error)
    inside = replace(env.plain(), builder=builder)
    return finish(inside, relation(inside, query), query)


def bind_named(env: Env, query: nodes.Query) -> None:
    """Check a named query. Fields that share a name are reported only where one of them, or a whole row, is used."""
    inside = replace(env.plain(), builder=QueryBuilder(env.error))
    stage = relation(inside, query)
    names = stage.row.names()
    if len(set(names)) == len(names):
        finish(inside, stage, query)


def finish(env: Env, stage: Stage, place: nodes.Node) -> typed.BoundQuery:
    """The query that returns the rows of a stage."""
    builder = env.builder
    assert builder is not None
    if not stage.row.broken:
        check_columns_apart(env, stage.row, place)
    project(env, replace(stage, complete=True), place)
    columns = tuple((column.name, cast(ir.Column, builder.expr(column.column))) for column in stage.row.columns)
    row = record_of(stage.row.type()) if not stage.row.broken else RECORD
    made = ir.Query(builder.database or env.state.uses[0], stage.relation, columns, builder.types())
    return typed.BoundQuery(made, tuple(builder.params), row)


def _inside(env: Env, stage: Stage, word: str) -> Env:
    """The environment of an expression in a stage."""
    return replace(env, row=stage.row, aggregates=False, windows=False, grouped=False, keys={}, stage=word)


def _built(env: Env, expr: typed.Expr) -> ir.Expr:
    assert env.builder is not None
    return env.builder.expr(expr)


def _known(env: Env, expr: typed.Expr) -> ir.Expr:
    """As `_built`, of what rows are chosen, sorted, grouped or compared by."""
    assert env.builder is not None
    return env.builder.expr(expr, json=False)


def _id(env: Env) -> int:
    assert env.builder is not None
    return env.builder.new_id()


# ── stages that keep the columns ───────────────────────────────────────────────────────────────────────────────


def _where(env: Env, stage: Stage, node: nodes.Where) -> Stage:
    checked = condition(
        env, _inside(env, stage, "where").expr(node.condition), node.condition, "the condition of `where`"
    )
    return replace(stage, relation=ir.Where(stage.relation, _known(env, checked)))


def _join(env: Env, stage: Stage, node: nodes.Join) -> Stage:
    other = source(env, node.source, relation)
    alias = other.row.sources[0]
    if alias in stage.row.sources:
        hint = f"join {quoted(node.source.store)} as {quoted(alias[:1])}2"
        env.error("E0206", f"there is a source `{alias}` already", node.source, hint)
    right = other.row.columns
    if node.outer:
        right = tuple(replace(each, column=replace(each.column, type=each.column.type.or_null())) for each in right)
    row = Row(
        (*stage.row.columns, *right),
        (*stage.row.sources, alias),
        env.row,
        stage.row.broken or other.row.broken,
    )
    joined = Stage(stage.relation, row)
    on = condition(env, _inside(env, joined, "on").expr(node.on), node.on, "the condition of `on`")
    return Stage(ir.Join(stage.relation, other.relation, node.outer, _known(env, on)), row)


def _derive(env: Env, stage: Stage, node: nodes.Derive) -> Stage:
    inside = replace(_inside(env, stage, "derive"), windows=True)
    columns: list[tuple[str, typed.Expr]] = []
    for column in node.columns:
        name = _column_name(env, column, False, len(columns))
        value = inside.expr(column.value)
        taken = stage.row.named(name) or any(name == other for other, _ in columns)
        if taken:
            env.error("E0406", f"the rows have a field `{name}` already", column, "another name for the new one")
        elif name:
            columns.append((name, _single(env, value, column)))
    id_ = _id(env)
    assert env.builder is not None
    built = env.builder.columns(id_, columns)
    only = stage.row.sources[0] if len(stage.row.sources) == 1 else None
    new = tuple(Visible(name, only, ColumnOf(id_, name, type=value.type)) for name, value in columns)
    row = replace(stage.row, columns=(*stage.row.columns, *new))
    return Stage(ir.Derive(id_, stage.relation, built), row)


def _distinct(env: Env, stage: Stage, node: nodes.Distinct) -> Stage:
    made = project(env, stage, node)
    for column in made.row.columns:
        _known(env, replace(column.column, span=span_of(node)))
    return replace(made, relation=ir.Distinct(made.relation))


def _order(env: Env, stage: Stage, node: nodes.OrderBy) -> Stage:
    inside = _inside(env, stage, "order by")
    keys = []
    for key in node.keys:
        value = inside.expr(key.value)
        is_ordered(env, value, key.value)
        keys.append(ir.Order(_known(env, value), key.descending, key.nulls == "first"))
    return replace(stage, relation=ir.Sort(stage.relation, tuple(keys)))


def _limit(env: Env, stage: Stage, node: nodes.Limit) -> Stage:
    count = _row_count(env, node.count, "limit")
    offset = _row_count(env, node.offset, "offset") if node.offset is not None else None
    return replace(stage, relation=ir.Limit(stage.relation, count, offset))


def _row_count(env: Env, node: nodes.Expr, word: str) -> ir.Expr:
    """A number of rows: an int that does not depend on the rows."""
    value = replace(env, row=Row((), ()), aggregates=False, windows=False, keys={}, stage=word).expr(node)
    made = coerce(value, INT)
    if made is None:
        env.error("E0407", f"`{word}` is a number of rows, not {an(value.type)}", node, f"{word} 10")
    elif isinstance(made, typed.Const) and isinstance(made.value, int) and made.value < 0:
        env.error("E0407", f"`{word}` can't be negative", node, f"{word} 10")
    elif of_rows(made):
        env.error("E0407", f"`{word}` can't depend on rows", node, "`let` first works the number out")
    else:
        return _built(env, made)
    return Const(0, INT)


# ── stages that make new columns ───────────────────────────────────────────────────────────────────────────────


def _column_name(env: Env, column: nodes.NamedColumn, unnamed: bool, position: int) -> str:
    """The given name, else that of the field; "" after E0405. unnamed: generate a name if there is none."""
    if column.name is not None:
        return column.name
    if isinstance(column.value, nodes.Name | nodes.FieldAccess):
        return column.value.name
    if unnamed:
        return f"column{position + 1}"
    word = column.value.name if isinstance(column.value, nodes.CallExpr) else "x"
    env.error("E0405", "this column has no name", column, f"`as {word}` after it")
    return ""


def _columns(
    env: Env, inside: Env, columns: Sequence[nodes.NamedColumn], unnamed: bool
) -> list[tuple[str, typed.Expr, nodes.NamedColumn]]:
    """The columns with their names, which must differ."""
    made: list[tuple[str, typed.Expr, nodes.NamedColumn]] = []
    for column in columns:
        name = _column_name(env, column, unnamed, len(made))
        value = inside.expr(column.value)
        if any(name == other for other, _, _ in made):
            env.error("E0406", f"there are two columns `{name}`", column, "`as` gives one another name")
        elif name:
            made.append((name, _single(env, value, column), column))
    return made


def _single(env: Env, value: typed.Expr, column: nodes.NamedColumn) -> typed.Expr:
    """The value of a column: a query makes single values, and passes on a list that a store holds."""
    if value.type.name not in ("list", "record") or isinstance(value, ColumnOf) or holds(value, SubQuery):
        return value
    env.error("E0415", f"a column can't be {an(value.type)}", column, "one column for each of its parts")
    return unknown(value.span)


def _select(env: Env, stage: Stage, node: nodes.Select, unnamed: bool) -> Stage:
    inside = replace(_inside(env, stage, "select"), aggregates=True, windows=True)
    columns = _columns(env, inside, node.columns, unnamed)
    id_ = _id(env)
    groups = any(holds(value, AggregateOf) for _, value, _ in columns)
    if groups:
        _check_grouped(env, stage, columns, [])
    built = _built_columns(env, id_, columns)
    made = ir.Group(id_, stage.relation, (), built) if groups else ir.Select(id_, stage.relation, built)
    return Stage(made, _new_row(stage.row, id_, columns), complete=True)


def _group(env: Env, stage: Stage, node: nodes.GroupBy, unnamed: bool) -> Stage:
    inside = _inside(env, stage, "group by")
    keys: list[typed.Expr] = []
    named: dict[str, typed.Expr] = {}
    for key in node.keys:
        value = inside.expr(key.value)
        if key.name is not None and holds(value, SubQuery):
            stage, value = _derived(env, stage, key.name, value)
        keys.append(value)
        if key.name is not None:
            if stage.row.named(key.name) and not (isinstance(value, ColumnOf) and value.name == key.name):
                env.error("E0406", f"the rows have a field `{key.name}` already", key, "another name for the key")
            named[key.name] = value
    over = replace(_inside(env, stage, "select"), aggregates=True, grouped=bool(keys), keys=named)
    columns = _columns(env, over, node.columns, unnamed)
    _check_grouped(env, stage, columns, keys)
    id_ = _id(env)
    built_keys = tuple(_known(env, key) for key in keys)
    built = _built_columns(env, id_, columns)
    return Stage(ir.Group(id_, stage.relation, built_keys, built), _new_row(stage.row, id_, columns), complete=True)


def _built_columns(
    env: Env, id_: int, columns: Sequence[tuple[str, typed.Expr, nodes.NamedColumn]]
) -> tuple[tuple[str, ir.Expr], ...]:
    assert env.builder is not None
    return env.builder.columns(id_, ((name, value) for name, value, _ in columns))


def _derived(env: Env, stage: Stage, name: str, value: typed.Expr) -> tuple[Stage, typed.Expr]:
    """A stage with one more column, for a grouping key that is selected too: a query holds a sub-query only once."""
    id_ = _id(env)
    assert env.builder is not None
    made = ir.Derive(id_, stage.relation, env.builder.columns(id_, [(name, value)]))
    return replace(stage, relation=made), ColumnOf(id_, name, type=value.type, span=value.span)


def _check_grouped(
    env: Env,
    stage: Stage,
    columns: Sequence[tuple[str, typed.Expr, nodes.NamedColumn]],
    keys: Sequence[typed.Expr],
) -> None:
    """Reports columns that use, outside aggregates, a value that can differ between rows of a group."""
    own = {(visible.column.relation, visible.column.name) for visible in stage.row.columns}
    for _, value, node in columns:
        loose = _ungrouped(value, keys, own)
        if loose is not None:
            field = quoted(loose.name)
            hint = (
                f"min({field}), or `group by {field} select …`"
                if not keys
                else f"`group by …, {field}`, or max({field})"
            )
            place = loose.span or span_of(node)
            env.error("E0404", f"`{loose.name}` has many values in a group", place, hint)


def _ungrouped(expr: typed.Expr, keys: Sequence[typed.Expr], own: set[tuple[int, str]]) -> ColumnOf | None:
    if isinstance(expr, AggregateOf) or any(same(expr, key) for key in keys):
        return None
    if isinstance(expr, ColumnOf):
        return expr if (expr.relation, expr.name) in own else None
    below = [*children(expr), *(expr.columns if isinstance(expr, SubQuery) else ())]
    for child in below:
        found = _ungrouped(child, keys, own)
        if found is not None:
            return found
    return None


def _new_row(before: Row, id_: int, columns: Sequence[tuple[str, typed.Expr, nodes.NamedColumn]]) -> Row:
    """The visible row of new columns. A field that kept its name keeps its source; if there is only one source, all
    columns belong to it."""
    only = before.sources[0] if len(before.sources) == 1 else None
    visible = []
    for name, value, _ in columns:
        kept = next(
            (
                old.source
                for old in before.columns
                if isinstance(value, ColumnOf)
                and (old.name, old.column.relation, old.column.name) == (name, value.relation, value.name)
            ),
            None,
        )
        visible.append(Visible(name, only or kept, ColumnOf(id_, name, type=value.type)))
    return Row(tuple(visible), before.sources, before.outer, before.broken)


def _union(env: Env, stage: Stage, node: nodes.UnionWith) -> Stage:
    left = project(env, stage, node)
    right = project(env, relation(env, node.query), node.query)
    if left.row.broken or right.row.broken:
        return replace(left, row=replace(left.row, broken=True))
    if len(left.row.columns) != len(right.row.columns):
        counts = f"{len(left.row.columns)} and {len(right.row.columns)} columns"
        hint = f"both sides need the columns {', '.join(left.row.names())}"
        env.error("E0408", f"the sides of `{node.stage}` have {counts}", node, hint)
        return replace(left, row=replace(left.row, broken=True))
    id_ = _id(env)
    visible = []
    for mine, other in zip(left.row.columns, right.row.columns, strict=True):
        met = common(mine.column.type, other.column.type)
        assert env.builder is not None
        both = [replace(each.column, span=span_of(node)) for each in (mine, other)]
        if not node.all:
            env.builder.all(both, conditional=False)
        elif any(map(env.builder.in_json, both)):
            env.builder.json.add((id_, mine.name))
        if met is None:
            kinds = f"{an(mine.column.type)} on one side of `{node.stage}` and {an(other.column.type)} on the other"
            env.error("E0408", f"`{mine.name}` is {kinds}", node, "columns are matched by their position")
            met = mine.column.type
        visible.append(replace(mine, column=ColumnOf(id_, mine.name, type=met)))
    columns = tuple((column.name, column.column.type) for column in visible)
    made = ir.Union(id_, left.relation, right.relation, node.all, columns, node.stage)
    return Stage(made, replace(left.row, columns=tuple(visible)), complete=True)


_STAGES: Final = cast(
    "dict[type, Callable[[Env, Stage, nodes.Node], Stage]]",
    {
        nodes.Where: _where,
        nodes.Join: _join,
        nodes.Derive: _derive,
        nodes.Distinct: _distinct,
        nodes.OrderBy: _order,
        nodes.Limit: _limit,
        nodes.UnionWith: _union,
    },
)
