"""Phrases for columns, figures per group and the parts of a question → queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from runtime.values.types import INT
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row, Several
from sopc.english.patterns.names import field_value, label_fields, reference_of, ties
from sopc.english.patterns.queries import Having, QueryParts
from sopc.english.patterns.semantics import NUMERIC, Condition, Context, Rows, Sort, Source, Value, call, conjuncts
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import (
    AGGREGATES,
    aggregate_call,
    check_countable,
    figure_of,
    live,
    not_a_variable,
    rows_query,
)
from sopc.tree import nodes
from sopc.tree.visit import walk


@dataclass(frozen=True)
class Part:
    """A piece of a question that may stand anywhere after its figures: keys, rows, a condition, an order."""

    keys: tuple[Value, ...] = ()
    rows: Rows | None = None
    condition: Condition | None = None
    sorts: tuple[Sort, ...] = ()
    having: Any = None
    every: bool = False


# ── columns and figures ──────────────────────────────────────────────────────────────────────────────────────────


def _column(context: Context, field: Value) -> Value:
    return field


def _labelled(context: Context, value: Value, name: tuple[str, ...] = ()) -> Value:
    return replace(value, label=name) if name else value


def _renamed(context: Context, value: Value, name: tuple[str, ...]) -> Value:
    return replace(value, label=name)


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


def _listed(context: Context, first: Value, more: tuple[Value, ...] = ()) -> tuple[Value, ...]:
    return (first, *more)


def row_count(context: Context, rows: Rows | None = None) -> Value:
    if rows is not None:
        check_countable(rows.mentioned)
        if rows.sorts or rows.limit:
            raise Reject()
    return Value(call("count"), INT, ("count",), aggregate="count", counted=rows)


def _distinct_count(context: Context, field: Value) -> Value:
    node = nodes.CallExpr(name="count", args=(nodes.Argument(value=field.node),), distinct=True)
    return Value(node, INT, ("count", *field.label), field.hops, aggregate="count")


def _aggregated(context: Context, aggregate: str, field: Value) -> Value:
    if context.source is not None and context.source.origin is None:
        raise Reject()
    return aggregate_call(aggregate, field)


def _counted_up(context: Context, field: Value) -> Value:
    """As in "the total number of rooms", where rooms is a field."""
    if field.type.name not in NUMERIC:
        raise Reject()
    return _aggregated(context, "sum", field)


def _reckoned(context: Context, value: Value, number: Value | None = None) -> Value:
    """A column worked out from a row's fields. It has no name of its own, so it is given one."""
    if not isinstance(value.node, nodes.Binary) or value.aggregate:
        raise Reject()
    if any(isinstance(part, nodes.QueryExpr) for part in walk(value.node)):
        raise Reject()
    if not any(isinstance(part, nodes.FieldAccess) for part in walk(value.node)):
        raise Reject()
    return replace(value, node=call("round", value.node, number.node)) if number else value


def _number_of_related(context: Context, rows: Rows) -> Value:
    """How many rows of another store point at each row, as a column of it."""
    query = nodes.QueryExpr(kind="count", query=rows_query(rows))
    return Value(query, INT, ("number", "of", *name_words(rows.source.store.name)))


def _aggregated_as(context: Context, aggregate: str, field: Value, name: tuple[str, ...]) -> Value:
    return replace(_aggregated(context, aggregate, field), label=name)


def _bare_aggregate(context: Context, aggregate: str) -> Any:
    """As in "the total": of the one measure there is."""
    not_a_variable(context, aggregate)
    source = context.source
    if source is None or source.origin is None or aggregate in ("latest", "earliest"):
        raise Reject()  # no measure is a day
    figures = (aggregate_call(aggregate, field_value(source, field)) for field in measures(source.store))
    return Several(tuple(replace(figure, bare=aggregate) for figure in figures))


def related_figure(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "total hours", "total hours of their open tasks", of projects: of the rows that point at each, where the
    rows themselves have no such field."""
    for middle, aggregate in matcher.read("aggregate", position, context):
        own = {end for end, _ in matcher.read("own_field", middle, context)}
        for tie, link in ties(context):
            inside = context.within(link)
            for end, field in matcher.read("own_field", middle, inside):
                if end in own or field.type.name not in NUMERIC:
                    continue
                yield end, figure_of(inside, aggregate, link, field, Rows(link, (tie,)))
                if matcher.low(end) == "of":
                    start = end + 1 + (matcher.low(end + 1) in ("its", "their", "the", "his", "her"))
                    for stop, rows in matcher.read("related_rows", start, inside):
                        whole = Rows(link, (tie, *rows.conditions))
                        yield stop, figure_of(inside, aggregate, link, field, whole)


def is_field(source: Source, figure: Value) -> bool:
    """Whether a figure said by its word alone ("the total") is what a field of the rows is called."""
    said = [tuple(phrase.split()) for phrase in AGGREGATES[figure.bare].split("|")] if figure.bare else []
    return any(name_words(field.name) in said for field in source.store.fields)


# ── parts of a question ──────────────────────────────────────────────────────────────────────────────────────────


def _per(context: Context, keys: tuple[Value, ...]) -> Part:
    return Part(keys=keys)


def _of_each(context: Context, keys: tuple[Value, ...]) -> Part:
    """As in "for each maker": also of a maker without any."""
    return Part(keys=tuple(of_rows(context, key) for key in keys), every=True)


def of_rows(context: Context, key: Value) -> Value:
    """A field that points at rows, as the field of theirs that it holds."""
    hop = reference_of(context, key) if key.points and not key.hops and key.owner is not None else None
    pointed_at = hop.target.store.field(hop.key.other_fields[0]) if hop is not None else None
    if hop is None or pointed_at is None or pointed_at not in label_fields(hop.target.store):
        return key
    return replace(field_value(hop.target, pointed_at), label=key.label, hops=(hop,), points=())


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


def _summary(context: Context, figures: tuple[Value, ...], parts: tuple[Part, ...] = ()) -> QueryParts:
    """Figures of rows, per key: one row a group, or a single row."""
    source = context.source
    assert source is not None
    ask = assembled(source, parts)
    if source.origin is None or any(figure.aggregate is None for figure in figures):
        raise Reject()
    check_countable(ask.rows.mentioned)
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


def assembled(source: Source, parts: tuple[Part, ...]) -> QueryParts:
    rows = Rows(source)
    keys: tuple[Value, ...] = ()
    having: tuple[Having, ...] = ()
    seen: list[str] = []
    every = any(part.every for part in parts)
    for part in parts:
        if part.rows is not None:
            if "rows" in seen:
                raise Reject()
            seen.append("rows")
            own = part.rows
            if own.limit is not None or own.sorts:
                raise Reject()
            rows = replace(
                rows, conditions=(*rows.conditions, *own.conditions), mentioned=(*rows.mentioned, *own.mentioned)
            )
        if part.keys:
            if "keys" in seen:
                raise Reject()
            seen.append("keys")
            keys = part.keys
        if part.condition is not None:
            narrowed = (*rows.conditions, *conjuncts(part.condition.node))
            rows = replace(rows, conditions=narrowed, mentioned=(*rows.mentioned, *part.condition.mentioned))
        if part.sorts:
            if rows.sorts:
                raise Reject()
            rows = replace(rows, sorts=part.sorts)
        if part.having is not None:
            having = (*having, part.having)
    return QueryParts(rows, keys=keys, having=having, every=every)


PRIMITIVES: dict[str, Primitive] = {"related_figure": related_figure}

ROWS = (
    # columns
    Row("column", "{field}", _column),
    Row("column", "[the|their|its] {reference_label}", _only),
    Row("column", "[the|their|its] {field_beyond}", _only),
    Row("named_column", "{column:value}", _only),
    Row("named_column", "{column:value} (as|called|named) {new_name:name}", _renamed),
    Row("named_column", "{told:value} [(as|called|named) {new_name:name}]", _labelled),
    Row("named_column", "{reckoned:value} (as|called|named) {new_name:name}", _renamed),
    Row("reckoned", "{expression:value}", _reckoned),
    Row("reckoned", "{expression:value} [,] rounded to {number} [decimal] (places|decimals|digits|place)", _reckoned),
    Row("named_column", "[the|their|its] {related_figure}", _only),
    Row("named_column", "[the|their|its] number of [their|its] {related:rows}", _number_of_related),
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
    Row("figure_column", "[the|their] total number of {field}", _counted_up),
    Row(
        "figure_column",
        "[the|their] {aggregate} [of] {reckoned:field} (as|called|named) {new_name:name}",
        _aggregated_as,
    ),
    Row("named_figure", "{figure_column:value}", _only),
    Row("named_figure", "{figure_column:value} (as|called|named) {new_name:name}", _renamed),
    Row("more_figures", "(,|[,] and|[,] as well as|[,] with) {named_figure:value}", _only),
    Row("figures", "{named_figure:first} {more_figures:more}*", _listed),
    # parts
    *(Row("key", f"{unit} [of {{happened}}]", _time_key(unit)) for unit in ("day", "week", "month", "quarter", "year")),
    Row("key", "{column:value}", _only),
    Row("key", "[the] {reached_field}", _only),
    Row("key", "{column:value} (as|called|named) {new_name:name}", _renamed),
    *(
        Row("part", f"{{happened}} (per|by|each|every|in each) {unit}", _happened_per(unit))
        for unit in ("day", "week", "month", "quarter", "year")
    ),
    Row("more_keys", "(,|[,] and) [per|by|for each] {key:value}", _only),
    Row("keys", "{key:first} {more_keys:more}*", _listed),
    Row("part", "[,] [grouped] (per|by) {keys}", _per),
    Row("part", "[,] [grouped] (for each|for every|for all|in each|of each|in every|at each) {keys}", _of_each),
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
    Row(
        "summary",
        "{figures} {part_keys:first} (,|[,] and|[,] with|[,] as well as) {figures:more} {part:parts}*",
        lambda context, figures, first, more, parts: _summary(context, (*figures, *more), (first, *parts)),
    ),
    *(
        Row(
            "summary",
            f"[the] ({adverb}) {{time_{unit}:keys}} {{figures}} {{part:parts}}*",
            lambda context, keys, figures, parts: _summary(context, figures, (Part(keys=(keys,)), *parts)),
        )
        for adverb, unit in (
            ("daily", "day"),
            ("weekly", "week"),
            ("monthly", "month"),
            ("quarterly", "quarter"),
            ("yearly|annual", "year"),
        )
    ),
    *(Row(f"time_{unit}", "", _time_key(unit)) for unit in ("day", "week", "month", "quarter", "year")),
    Row("part_keys", "(per|by) {keys}", _per),
    Row("part_keys", "(for each|for every|for all) {keys}", _of_each),
)
