"""Phrases for rows, columns, figures per group and order → queries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from runtime.types import INT
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Reject, Row, Several
from sopc.english.patterns.meanings import (
    Condition,
    Context,
    Rows,
    Sort,
    Source,
    Value,
    call,
    conjuncts,
)
from sopc.english.patterns.names import field_value, is_measure
from sopc.english.patterns.queries import Ask, Having
from sopc.english.patterns.values import aggregate_call, live, not_a_variable
from sopc.tree import nodes


@dataclass(frozen=True)
class Part:
    """A piece of a question that may stand anywhere after its figures: keys, rows, a condition, an order."""

    keys: tuple[Value, ...] = ()
    rows: Rows | None = None
    condition: Condition | None = None
    sorts: tuple[Sort, ...] = ()
    having: Any = None


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _determined(
    context: Context,
    named: Rows,
    det: str = "",
    adjectives: tuple[Condition, ...] = (),
    top: tuple[nodes.Expr | None, Sort | None] = (None, None),
    tail: Condition | None = None,
    best: Sort | None = None,
    ordered: tuple[Sort, ...] = (),
) -> Rows:
    """Rows by their store's name and everything said around it."""
    found = context.found is not None and named.source == context.found.source
    if found:
        live(context)
        if det == "all":
            raise Reject()
    elif det == "those":
        raise Reject()
    limit, sort = top
    if sort is not None and ordered:
        sort, ordered = _directed(sort, ordered)
    if best is not None:
        if sort is not None:
            raise Reject()
        sort, limit = best, limit or nodes.IntLiteral(value=1)
    conditions = [*(one.node for one in adjectives), *([tail.node] if tail else [])]
    mentioned = [name for one in (*adjectives, *([tail] if tail else [])) for name in one.mentioned]
    sorts = (sort, *ordered) if sort is not None else ordered
    flat = tuple(part for condition in conditions for part in conjuncts(condition))
    return Rows(named.source, flat, sorts, limit, tuple(dict.fromkeys(mentioned)))


def _directed(sort: Sort, ordered: tuple[Sort, ...]) -> tuple[Sort, tuple[Sort, ...]]:
    """As in "the top 5 by size": the word before gives the direction, the one after the key."""
    first = ordered[0]
    if first.value is None or not first.undirected:
        raise Reject()
    return Sort(sort.descending, sort.by, first.value), ordered[1:]


def _unsorted(
    context: Context,
    named: Rows,
    top: Any,
    det: str = "",
    adjectives: tuple[Condition, ...] = (),
    tail: Condition | None = None,
) -> Rows:
    raise Reject("the first few of rows in no order could be any: say by what they are sorted")


def _pronoun(context: Context, pronoun: Rows, ordered: tuple[Sort, ...] = ()) -> Rows:
    if pronoun.source.origin is not None:
        live(context)
    return replace(pronoun, sorts=ordered)


def _det(name: str) -> Any:
    return lambda context: name


def _top(descending: bool, by: str) -> Any:
    def build(context: Context, number: Value | None = None) -> tuple[nodes.Expr, Sort]:
        return (number.node if number else nodes.IntLiteral(value=1)), Sort(descending, by)

    return build


def _best(descending: bool, by: str) -> Any:
    def build(context: Context, field: Value) -> Sort:
        _check_sortable(field, by)
        return Sort(descending, by, field)

    return build


def _check_sortable(field: Value, by: str) -> None:
    times = field.type.name in ("date", "timestamp")
    if (by == "time") != times:
        raise Reject()


# ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sort(descending: bool, by: str) -> Any:
    def build(context: Context, key: Value | None = None) -> Sort:
        if key is not None and key.aggregate is None:
            _check_sortable(key, by)
        return Sort(descending, by, key)

    return build


def _sort_by(context: Context, key: Value, direction: bool | None = None) -> Sort:
    return Sort(bool(direction), "number", key, undirected=direction is None)


def _sorts(context: Context, first: Sort, more: tuple[Sort, ...] = ()) -> tuple[Sort, ...]:
    return (first, *more)


def _label_sort(context: Context) -> tuple[Sort, ...]:
    return (Sort(False, "text"),)


# ── columns and figures ──────────────────────────────────────────────────────────────────────────────────────────


def _column(context: Context, field: Value) -> Value:
    return field


def _renamed(context: Context, value: Value, name: tuple[str, ...]) -> Value:
    return replace(value, label=name)


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


def _listed(context: Context, first: Value, more: tuple[Value, ...] = ()) -> tuple[Value, ...]:
    return (first, *more)


def row_count(context: Context, rows: Rows | None = None) -> Value:
    if rows is not None and (rows.sorts or rows.limit):
        raise Reject()
    return Value(call("count"), INT, ("count",), aggregate="count", counted=rows)


def _distinct_count(context: Context, field: Value) -> Value:
    node = nodes.CallExpr(name="count", args=(nodes.Argument(value=field.node),), distinct=True)
    return Value(node, INT, ("count", *field.label), field.hops, aggregate="count")


def _aggregated(context: Context, aggregate: str, field: Value) -> Value:
    if context.source is not None and context.source.origin is None:
        raise Reject()
    return aggregate_call(aggregate, field)


def _bare_aggregate(context: Context, aggregate: str) -> Any:
    """As in "the total": of the one measure there is."""
    not_a_variable(context, aggregate)
    source = context.source
    if source is None or source.origin is None:
        raise Reject()
    measures = [field for field in source.store.fields if is_measure(source.store, field)]
    return Several(tuple(aggregate_call(aggregate, field_value(source, field)) for field in measures))


# ── parts of a question ──────────────────────────────────────────────────────────────────────────────────────────


def _per(context: Context, keys: tuple[Value, ...]) -> Part:
    return Part(keys=keys)


def _of_rows(context: Context, rows: Rows) -> Part:
    if context.source != rows.source:
        raise Reject()
    return Part(rows=rows)


def _when(context: Context, condition: Condition) -> Part:
    return Part(condition=condition)


def _in_order(context: Context, ordered: tuple[Sort, ...]) -> Part:
    return Part(sorts=ordered)


def _time_key(unit: str) -> Any:
    """As in "per month": the start of the month of the one day or moment there is, named after the unit."""

    def build(context: Context, happened: Value | None = None) -> Any:
        source = context.source
        if source is None or source.origin is None:
            raise Reject()
        fields = [
            field_value(source, field) for field in source.store.fields if field.type.name in ("date", "timestamp")
        ]
        if happened is not None:
            fields = [happened]
        return Several(tuple(_unit_of(value, unit) for value in fields))

    return build


def _happened_per(unit: str) -> Any:
    return lambda context, happened: Part(keys=(_unit_of(happened, unit),))


def _unit_of(value: Value, unit: str) -> Value:
    if unit == "year":
        return Value(call("year", value.node), INT, ("year",))
    return Value(call("start_of", value.node, nodes.TextLiteral(parts=(unit,))), value.type, (unit,))


def _having(context: Context, test: Any, figure: Value | None = None) -> Part:
    return Part(having=Having(figure, test))


def _group_test(context: Context, comparison: str, number: Value) -> tuple[str, nodes.Expr]:
    return comparison, number.node


def _group_bound(context: Context, number: Value, bound: str) -> tuple[str, nodes.Expr]:
    return bound, number.node


def _summary(context: Context, figures: tuple[Value, ...], parts: tuple[Part, ...] = ()) -> Ask:
    """Figures of rows, per key: one row a group, or a single row."""
    source = context.source
    assert source is not None
    ask = assembled(source, parts)
    if source.origin is None or any(figure.aggregate is None for figure in figures):
        raise Reject()
    if context.found is not None and source == context.found.source:
        live(context)
    counted = [figure.counted for figure in figures if figure.counted is not None]
    narrowed = tuple(condition for rows in counted for condition in rows.conditions)
    if not counted and not any(part.rows for part in parts) and _were_found(context, source):
        raise Reject()
    if narrowed and len(figures) > 1:
        raise Reject("figures of different rows can't stand in one table")
    ask = replace(ask, rows=replace(ask.rows, conditions=(*narrowed, *ask.rows.conditions)))
    return replace(ask, columns=figures)


def _were_found(context: Context, source: Source) -> bool:
    """Whether rows of that store were found before: figures that name no rows are then of those."""
    found = context.found
    return found is not None and source != found.source and source == found.rows.source


def assembled(source: Source, parts: tuple[Part, ...]) -> Ask:
    rows = Rows(source)
    keys: tuple[Value, ...] = ()
    having: tuple[Having, ...] = ()
    seen: list[str] = []
    for part in parts:
        if part.rows is not None:
            if "rows" in seen:
                raise Reject()
            seen.append("rows")
            own = part.rows
            if own.limit is not None or own.sorts:
                raise Reject()
            rows = replace(rows, conditions=(*rows.conditions, *own.conditions), mentioned=own.mentioned)
        if part.keys:
            if "keys" in seen:
                raise Reject()
            seen.append("keys")
            keys = part.keys
        if part.condition is not None:
            rows = replace(rows, conditions=(*rows.conditions, *conjuncts(part.condition.node)))
        if part.sorts:
            if rows.sorts:
                raise Reject()
            rows = replace(rows, sorts=part.sorts)
        if part.having is not None:
            having = (*having, part.having)
    return Ask(rows, keys=keys, having=having)


_HIGH, _LOW, _NEW, _OLD = words.HIGHEST, words.LOWEST, words.NEWEST, words.OLDEST
_DIRECTIONS = ((_HIGH, True, "number"), (_LOW, False, "number"), (_NEW, True, "time"), (_OLD, False, "time"))

ROWS = (
    Row("det", "the|our|a|an|each|any|some|each of the|the following", _det("")),
    Row("det", "all|all the|all of the|every", _det("all")),
    Row("det", "those|these|the same|such|each of those|each of these|each such|all of those", _det("those")),
    Row("top", "(top|best) {number}", lambda context, number: (number.node, Sort(True, "number"))),
    *(
        row
        for words_, down, by in _DIRECTIONS
        for row in (
            Row("top", f"[top] {{number}} ({words_})", _top(down, by)),
            Row("top", f"({words_}) [{{number}}]", _top(down, by)),
            Row("with_best", f"with the ({words_}) {{field}}", _best(down, by)),
            Row("sort", f"({words_}) [{{sort_key:key}}] first", _sort(down, by)),
            Row("sort", f"(by|with) [the] ({words_}) [{{sort_key:key}}] first", _sort(down, by)),
        )
    ),
    Row(
        "rows",
        "[{det}] [{top}] {adjective:adjectives}* {head:named} [{clauses:tail}] [{with_best:best}] [{ordered}]",
        _determined,
    ),
    Row(
        "rows",
        "[{det}] {number_of:top} {adjective:adjectives}* {head:named} [{clauses:tail}] {with_best:best} [{ordered}]",
        _determined,
    ),
    Row("rows", "[{det}] {number_of:top} {adjective:adjectives}* {head:named} [{clauses:tail}] {ordered}", _determined),
    Row("rows", "[all of|each of|all|every one of] {pronoun} [{ordered}]", _pronoun),
    Row("rows", "[{det}] {number_of:top} {adjective:adjectives}* {head:named} [{clauses:tail}]", _unsorted),
    Row("number_of", "[first] {number}", lambda context, number: (number.node, None)),
    # order
    Row("sort_key", "{figure_column}", _only),
    Row("sort_key", "{column}", _only),
    Row(
        "direction",
        "descending|desc|in descending order|from high to low|from highest to lowest|downwards",
        lambda context: True,
    ),
    Row(
        "direction",
        "(highest|largest|newest|latest|most recent|most) first|from new to old|from newest to oldest",
        lambda context: True,
    ),
    Row(
        "direction",
        "ascending|asc|in ascending order|from low to high|from lowest to highest|alphabetically",
        lambda context: False,
    ),
    Row(
        "direction",
        "(lowest|smallest|oldest|earliest|least) first|from old to new|from oldest to newest|from a to z",
        lambda context: False,
    ),
    Row("sort_by", "{sort_key:key} [[,] {direction}]", _sort_by),
    Row("more_sort_by", "[,] (and|then) [then] [by] {sort_by}", _only),
    Row("more_sort_by", ", {sort_by}", _only),
    Row("ordered", "[,] {sort:first}", _sorts),
    Row(
        "ordered",
        "[,] [and] (sorted|ordered|sort|order|arranged) [them|it|these] by {sort_by:first} {more_sort_by:more}*",
        _sorts,
    ),
    Row("ordered", "[,] by {sort_by:first} {more_sort_by:more}*", _sorts),
    Row("ordered", "[,] in order of {sort_by:first} {more_sort_by:more}*", _sorts),
    Row("ordered", "[,] [in] (alphabetically|alphabetical order)", _label_sort),
    # columns
    Row("column", "{field}", _column),
    Row("column", "[the|their|its] {reference_label}", _only),
    Row("named_column", "{column:value}", _only),
    Row("named_column", "{column:value} (as|called|named) {new_name:name}", _renamed),
    Row("more_columns", "(,|[,] and|[,] as well as|[,] with) {named_column:value}", _only),
    Row("columns", "[only|just] {named_column:first} {more_columns:more}*", _listed),
    # figures
    Row("figure_column", "[the|their|its] (number|count) of {rows}", row_count),
    Row(
        "figure_column",
        "how many [of them] (there are|are there|they are)|how many|[the] count|their count|their number|the number",
        row_count,
    ),
    Row("figure_column", "how many {rows} [there are|are there]", row_count),
    Row(
        "figure_column",
        "[the] (number of different|number of distinct|number of unique|count of distinct) {field}",
        _distinct_count,
    ),
    Row("figure_column", "how many (different|distinct|unique) {field} [are there|there are]", _distinct_count),
    Row("figure_column", "[the|their|its] {aggregate} [of] {field}", _aggregated),
    Row("figure_column", "[the|their] {aggregate}", _bare_aggregate),
    Row("named_figure", "{figure_column:value}", _only),
    Row("named_figure", "{figure_column:value} (as|called|named) {new_name:name}", _renamed),
    Row("more_figures", "(,|[,] and|[,] as well as|[,] with) {named_figure:value}", _only),
    Row("figures", "{named_figure:first} {more_figures:more}*", _listed),
    # parts
    *(Row("key", f"{unit} [of {{happened}}]", _time_key(unit)) for unit in ("day", "week", "month", "quarter", "year")),
    Row("key", "{column:value}", _only),
    Row("key", "{column:value} (as|called|named) {new_name:name}", _renamed),
    *(
        Row("part", f"{{happened}} (per|by|each|every|in each) {unit}", _happened_per(unit))
        for unit in ("day", "week", "month", "quarter", "year")
    ),
    Row("more_keys", "(,|[,] and) [per|by|for each] {key:value}", _only),
    Row("keys", "{key:first} {more_keys:more}*", _listed),
    Row("part", "[,] [grouped] (per|by|for each|for every|in each|of each|in every|at each) {keys}", _per),
    Row("part", "[,] (of|for|from|in|among|over) {rows}", _of_rows),
    Row("part", "[,] {clause:condition}", _when),
    Row("part", "{bare_date:condition}", _when),
    Row("part", "{ordered}", _in_order),
    Row("group_test", "{comparison} {number}", _group_test),
    Row("group_test", "{number} {bound}", _group_bound),
    Row("part", "[,] (but only|only) (where|if) {figure_column:figure} (is|are) {group_test:test}", _having),
    Row(
        "part",
        "[,] (with|having|where there are) {group_test:test} {head}",
        lambda context, test, head: _having(context, test, row_count(context)),
    ),
    Row("part", "[,] where {figure_column:figure} (is|are) {group_test:test}", _having),
    Row("summary", "{figures} {part:parts}*", _summary),
    Row(
        "summary",
        "{part_keys:first} [,] {figures} {part:parts}*",
        lambda context, first, figures, parts: _summary(context, figures, (first, *parts)),
    ),
    Row("part_keys", "(per|for each|for every|by) {keys}", _per),
)
