"""Rows, columns, figures per group and order, as understood → queries, one for each reading of their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.keys import is_year, measures
from sopc.english.patterns.matcher import Reject
from sopc.english.patterns.names import field_value, label_fields
from sopc.english.patterns.semantics import (
    ONE,
    TIMES,
    JoinStep,
    Rows,
    Sort,
    Value,
    all_of,
    call,
    column,
    compare,
    output,
)
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes


@dataclass(frozen=True)
class Having:
    """A condition on a group. figure: None for the only figure there is."""

    figure: Value | None
    test: Any


@dataclass(frozen=True)
class QueryParts:
    """Which columns of which rows; what a show, a loop or an insert turns into a query."""

    rows: Rows
    columns: tuple[Value, ...] = ()
    extra: tuple[Value, ...] = ()
    """Columns to show besides all of the rows' own."""
    keys: tuple[Value, ...] = ()
    having: tuple[Having, ...] = ()
    distinct: bool = False
    """Equal rows of the columns are shown once."""
    every: bool = False
    """The groups are of every row that the key points at, also of those without rows."""
    keys_alone: bool = False
    """The figures are what groups are chosen or sorted by, not what is asked for, so they are not shown."""


def resolve(sort: Sort, shown: tuple[Value, ...], rows: Rows) -> list[Value]:
    """The values a sort may mean: the one it names; else, of those of its kind, the ones shown, else the ones the
    conditions speak of, else all there are."""
    if sort.value is not None:
        return [sort.value]
    store = rows.source.store
    every = [field_value(rows.source, field) for field in store.fields if _is_kind(sort.by, rows, field)]
    if sort.by == "text" and shown:
        texts = [value for value in shown if _kind(value) == "text"]
        if not texts:
            raise Reject("no text is shown that could be put in alphabetical order: name the field to sort by")
        return [value for value in texts if value in every] or texts
    chosen = [value for value in shown if _kind(value) == sort.by and (value.field is None or value in every)]
    spoken = [value for value in every if value.field in rows.mentioned]
    return chosen if chosen else spoken if len(spoken) == 1 else every


def _is_kind(by: str, rows: Rows, field: Any) -> bool:
    if by == "number":
        return field in measures(rows.source.store)
    if by == "age":
        return field.type.name in TIMES and bool(words.BIRTHS & {*name_words(field.name)})
    if by == "time":
        store = rows.source.store
        dated = any(one.type.name in TIMES for one in store.fields)
        return field.type.name in TIMES or (not dated and is_year(field))
    return field in label_fields(rows.source.store)


def by_age(sort: Sort, rows: Rows) -> Sort:
    """ "oldest" and "youngest" by what tells an age: an age, else a birth; else "oldest" means the earliest."""
    if sort.by != "age" or sort.value is not None:
        return sort
    ages = [field for field in measures(rows.source.store) if words.AGES & {*name_words(field.name)}]
    if len(ages) == 1:
        return Sort(not sort.descending, "number", field_value(rows.source, ages[0]))
    if any(_is_kind("age", rows, field) for field in rows.source.store.fields):
        return sort
    if sort.descending:
        raise Reject(f"no field of {rows.source.store.name} tells an age: newest is the word for what is last in time")
    return Sort(sort.descending, "time")


def _kind(value: Value) -> str:
    if value.type.name in ("int", "float", "decimal"):
        return "number"
    return "time" if value.type.name in ("date", "timestamp") else "text"


def queries(ask: QueryParts) -> list[nodes.Query]:
    """The query, once for each reading of its order."""
    return _grouped(ask) if ask.keys or any(one.aggregate for one in ask.columns) else _plain(ask)


def _plain(ask: QueryParts) -> list[nodes.Query]:
    rows = ask.rows
    if rows.limit is not None and not rows.sorts:
        raise Reject("the first few of rows in no order could be any: say by what they are sorted")
    shown = ask.columns
    if ask.extra:
        shown = (*(field_value(rows.source, field) for field in rows.source.store.fields), *ask.extra)
    found = []
    for keys in orders(rows, ask.columns):
        joined = [*shown, *(key for key, _ in keys)]
        if any(value.hops for value in joined) and not shown:
            shown = tuple(field_value(rows.source, field) for field in rows.source.store.fields)
        stages = start(rows, joined)
        if keys:
            sorted_by = tuple(nodes.SortKey(value=key.node, descending=down) for key, down in keys)
            if rows.ties:
                stages += tied(sorted_by, {field.name for field in rows.source.store.fields})
                shown = shown or tuple(field_value(rows.source, field) for field in rows.source.store.fields)
            else:
                stages.append(nodes.OrderBy(keys=sorted_by))
        if (first_few := rows.first_few()) is not None and not rows.ties:
            stages.append(first_few)
        if shown:
            stages.append(nodes.Select(columns=_columns(shown)))
        if ask.distinct:
            stages.append(nodes.Distinct())
        found.append(nodes.Query(stages=tuple(stages)))
    return found


def _grouped(ask: QueryParts) -> list[nodes.Query]:
    rows = ask.rows
    figures, keys = ask.columns, ask.keys
    entities = [entity_of(key) for key in keys]
    if ask.every and any(key.hops for key in keys):
        ask = _counting_partners(ask)
        rows, figures = ask.rows, ask.columns
        stages = _from_every(ask)
    else:
        stages = start(rows, [*keys, *figures], partners=bool(keys))
    named = _columns((*keys, *figures))
    if not keys:
        return [nodes.Query(stages=(*stages, nodes.Select(columns=named)))]
    told_apart = [
        node
        for key, hop in zip(keys, entities, strict=True)
        if hop is not None and not _tells_apart(key, hop)
        for node in _identity(hop, ask.every)
    ]
    group_keys = tuple(nodes.NamedColumn(value=node) for node in (*told_apart, *(key.node for key in keys)))
    stages.append(nodes.GroupBy(keys=group_keys, columns=named))
    names = {id(value): _name(one) for value, one in zip((*keys, *figures), named, strict=True)}
    for having in ask.having:
        candidates = [figure for figure in figures if having.figure is None or same_figure(figure, having.figure)]
        if len(candidates) != 1:
            raise Reject("the condition on the groups needs a figure that is shown")
        op, amount = having.test
        condition = nodes.Binary(op=op, left=output(names[id(candidates[0])]), right=amount)
        stages.append(nodes.Where(condition=condition))
    found = []
    for sorts in _group_orders(rows, keys, figures):
        after = list(stages)
        if sorts:
            order = tuple(nodes.SortKey(value=output(names[id(one)]), descending=down) for one, down in sorts)
            if rows.ties:
                after += tied(order, {*names.values()})
            else:
                after.append(nodes.OrderBy(keys=order))
        if (first_few := rows.first_few()) is not None and not rows.ties:
            if not sorts:
                raise Reject("the first few of groups in no order could be any: say by what they are sorted")
            after.append(first_few)
        if rows.ties or ask.keys_alone:
            shown = named[: len(keys)] if ask.keys_alone else named
            after.append(nodes.Select(columns=tuple(nodes.NamedColumn(value=output(_name(one))) for one in shown)))
        found.append(nodes.Query(stages=tuple(after)))
    return found


def entity_of(key: Value) -> JoinStep | None:
    """The last reference on the way to a group's key, where the key is what the rows there are called."""
    if not key.hops or key.field is None:
        return None
    hop = key.hops[-1]
    named = {field.name for field in label_fields(hop.target.store)}
    return hop if key.field in named or (key.field,) == hop.key.other_fields else None


def _tells_apart(key: Value, hop: JoinStep) -> bool:
    store = hop.target.store
    return (key.field,) in (store.primary_key, *store.unique, hop.key.other_fields)


def _identity(hop: JoinStep, every: bool) -> list[nodes.Expr]:
    source, fields = (hop.target, hop.key.other_fields) if every else (hop.base, hop.key.fields)
    return [column(source, name) for name in fields]


def _from_every(ask: QueryParts) -> list[nodes.Stage]:
    """Groups of every row that the key points at: these come first, and others are joined to them where they exist."""
    hop = ask.keys[0].hops[0]
    on = all_of([hop.on(), *ask.rows.conditions])
    return [hop.target.scan, nodes.Join(source=hop.base.scan, outer=True, on=on)]


def _counting_partners(ask: QueryParts) -> QueryParts:
    """The same question where a group may be of a row without partners, whose rows number 0."""
    if len(ask.keys) != 1 or len(ask.keys[0].hops) != 1 or any(figure.hops for figure in ask.columns):
        raise Reject("groups of every row can be made by one key at a time: say per instead of each")
    hop = ask.keys[0].hops[0]
    own = call("count", column(hop.base, hop.key.fields[0]))

    def counted(value: Value) -> Value:
        return replace(value, node=own) if value.node == call("count") else value

    sorts = tuple(replace(one, value=counted(one.value)) if one.value else one for one in ask.rows.sorts)
    having = tuple(replace(one, figure=counted(one.figure)) if one.figure else one for one in ask.having)
    columns = tuple(map(counted, ask.columns))
    return replace(ask, rows=replace(ask.rows, sorts=sorts), having=having, columns=columns)


def tied(order: tuple[nodes.SortKey, ...], taken: set[str]) -> list[nodes.Stage]:
    """The stages that leave the first row in an order, and all rows that tie with it."""
    name = "place" if "place" not in taken else "place_in_order"
    place = nodes.CallExpr(name="rank", over=nodes.WindowSpec(order=order))
    derive = nodes.Derive(columns=(nodes.NamedColumn(name=name, value=place),))
    return [derive, nodes.Where(condition=compare("=", output(name), ONE))]


def same_figure(one: Value, other: Value) -> bool:
    return one.node == other.node


def start(rows: Rows, values: Iterable[Value], *, partners: bool = False) -> list[nodes.Stage]:
    """from, the joins that the values need, and where. What is joined to a row that may be missing may be missing.

    partners: leave out rows without the row that a value is taken from, as groups of such rows are of nothing."""
    stages: list[nodes.Stage] = [rows.source.scan]
    joined: list[JoinStep] = []
    for value in values:
        for at, hop in enumerate(value.hops):
            if hop not in joined:
                joined.append(hop)
                outer = not partners and any(one.outer for one in value.hops[: at + 1])
                stages.append(nodes.Join(source=hop.target.scan, outer=outer, on=hop.on()))
    if rows.conditions:
        stages.append(nodes.Where(condition=all_of(rows.conditions)))
    return stages


def orders(rows: Rows, shown: tuple[Value, ...]) -> list[list[tuple[Value, bool]]]:
    readings: list[list[tuple[Value, bool]]] = [[]]
    for sort in (by_age(one, rows) for one in rows.sorts):
        if sort.value is not None and sort.value.aggregate is not None:
            raise Reject()
        values = resolve(sort, shown, rows)
        if not values:
            raise Reject(f"{rows.source.store.name} has nothing of that kind to sort by")
        readings = [[*before, (value, sort.descending)] for before in readings for value in values]
    return readings


def _group_orders(rows: Rows, keys: tuple[Value, ...], figures: tuple[Value, ...]) -> list[list[tuple[Value, bool]]]:
    readings: list[list[tuple[Value, bool]]] = [[]]
    for sort in rows.sorts:
        if sort.value is not None:
            values = _named(sort, sort.value, keys, figures)
        elif sort.by == "text":
            values = [key for key in keys if _kind(key) == "text"]
        else:
            values = [
                one for one in (*figures, *keys) if _kind(one) == sort.by and (one in figures or sort.by == "time")
            ]
        if not values:
            raise Reject("what it is sorted by is not among the columns shown")
        readings = [[*before, (value, sort.descending)] for before in readings for value in values]
    return readings


def _named(sort: Sort, key: Value, keys: tuple[Value, ...], figures: tuple[Value, ...]) -> list[Value]:
    """The columns that a sort key names: itself, else figures of that field ("highest size first": its highest, if
    that is shown)."""
    exact = [one for one in (*keys, *figures) if one.node == key.node]
    if exact or key.aggregate is not None:
        return exact
    of_field = [one for one in figures if isinstance(one.node, nodes.CallExpr) and key.node in _arguments(one.node)]
    extreme = [one for one in of_field if one.aggregate == ("max" if sort.descending else "min")]
    return extreme or of_field


def _arguments(node: nodes.CallExpr) -> list[nodes.Expr]:
    return [argument.value for argument in node.args]


def _columns(values: tuple[Value, ...]) -> tuple[nodes.NamedColumn, ...]:
    """Columns with distinct names; a field keeps its own where no other has it."""
    taken: set[str] = set()
    columns = []
    for value in values:
        own = value.field if value.field is not None and not value.hops and not value.aggregate else None
        label = "_".join(value.label) or "value"
        own_label = own is not None and value.label == name_words(own)
        name = own if own_label and own not in taken else label
        base, number = name or label, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        assert name is not None
        taken.add(name)
        plain = own_label and name == own
        columns.append(nodes.NamedColumn(name=None if plain else name, value=value.node))
    return tuple(columns)


def _name(one: nodes.NamedColumn) -> str:
    if one.name is not None:
        return one.name
    assert isinstance(one.value, nodes.FieldAccess)
    return one.value.name
