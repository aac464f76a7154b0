"""Phrases that change and delete rows → steps that write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.dates import later, whole_number
from sopc.english.patterns.finish import moved
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import field_value, hop_along, key_value
from sopc.english.patterns.queries import QueryParts, queries
from sopc.english.patterns.semantics import (
    NUMERIC,
    ONE,
    TIMES,
    Condition,
    Context,
    JoinStep,
    Rows,
    Source,
    Steps,
    Value,
    all_of,
    call,
    column,
    compare,
    text,
)
from sopc.english.patterns.values import live
from sopc.tree import nodes


@dataclass(frozen=True)
class Change:
    """A field of rows that is set; its value may speak of those rows."""

    field: Value

    def opens(self, context: Context) -> dict[str, Any]:
        return {"target": self.field, "source": self.field.owner}


def _changed_reference(context: Context, reference: JoinStep) -> Change:
    return Change(key_value(reference))


def _changed(context: Context, own_field: Value) -> Change:
    return Change(own_field)


def assigned_to_field(context: Context, change: Change, value: Value) -> nodes.Assignment:
    return nodes.Assignment(name=change.field.field or "", value=storable(value, change.field))


def storable(value: Value, field: Value) -> nodes.Expr:
    """The value as the field can hold it: numbers change between exact and float ones, but are never cut off."""
    if not value.fits(field.type) or value.hops or field.field is None:
        raise Reject()
    if len(value.spellings) > 1 and value.node in [text(one) for one in value.spellings]:
        raise Reject(f"{field.field} holds {' and '.join(value.spellings)}: write the one that is meant in quotes")
    kinds = (value.type.name, field.type.name)
    if isinstance(value.node, nodes.NumberLiteral) and kinds[1] != "int":
        return value.node
    if kinds[1] == "int" and kinds[0] in ("float", "decimal"):
        raise Reject(f"{field.field} holds whole numbers, so this amount has to be rounded")
    if kinds in (("float", "decimal"), ("decimal", "float")):
        return call(kinds[1], value.node)
    return value.node


def _emptied(context: Context, change: Change) -> nodes.Assignment:
    if not change.field.type.nullable or change.field.field is None:
        raise Reject(f"{change.field.field} can't be empty")
    return nodes.Assignment(name=change.field.field, value=nodes.NullLiteral())


def updated(context: Context, rows: Rows, assignments: tuple[nodes.Assignment, ...]) -> Steps:
    source, where = _written(context, rows)
    if rows.source.origin is not None:
        assignments = moved(assignments, rows.source.alias, source.alias)
    step = nodes.Update(store=source.store.name, database=source.scan.database, where=where, assignments=assignments)
    return Steps((step,))


def _update_rows(context: Context, about: Source, assignments: tuple[nodes.Assignment, ...], rows: Rows) -> Steps:
    return updated(context, rows, assignments)


def _set_of(
    context: Context,
    about: Source,
    change: Change,
    rows: Rows,
    value: Value,
    more: tuple[nodes.Assignment, ...] = (),
) -> Steps:
    return updated(context, rows, (assigned_to_field(context, change, value), *more))


def _set_theirs(
    context: Context, about: Source, own_change: Change, value: Value, more: tuple[nodes.Assignment, ...] = ()
) -> Steps:
    """As in "set their size to 10", of what was found before."""
    if context.found is None or about != context.found.source:
        raise Reject()
    return _set_of(context, about, own_change, Rows(about), value, more)


def _replaced(
    context: Context, about: Source, change: Change, old: Value, value: Value, rows: Rows | None = None
) -> Steps:
    """As in "change the colour from Blue to Green"; of every row that has it, unless told."""
    if about.origin is None or (rows is not None and rows.source != about) or not old.fits(change.field.type):
        raise Reject()
    if rows is None and context.found is not None and context.found.rows.source.store == about.store:
        raise Reject()
    held = compare("=", change.field.node, old.node)
    chosen = Rows(about, (*(rows.conditions if rows else ()), held))
    return updated(context, chosen, (assigned_to_field(context, change, value),))


def _update_subject(context: Context, about: Source, assignments: tuple[nodes.Assignment, ...]) -> Steps:
    """As in "set its size to 10", in a loop."""
    if about.origin is not None:
        raise Reject()
    return updated(context, Rows(about), assignments)


def shifted(op: str) -> Any:
    def build(context: Context, about: Source, change: Change, value: Value, rows: Rows) -> Steps:
        if words.PERCENTS & {*value.label}:
            return updated(context, rows, (_by_percents(op, change.field, value),))
        node = compare(op, change.field.node, storable(value, change.field))
        return updated(context, rows, (nodes.Assignment(name=change.field.field or "", value=node),))

    return build


def _by_percents(op: str, field: Value, percents: Value) -> nodes.Assignment:
    """As in "raise … by the percent": 10 raises by a tenth."""
    kind = field.type.name
    if field.field is None or kind not in NUMERIC:
        raise Reject()
    if kind == "int":
        raise Reject(f"{field.field} holds whole numbers, so a share of it has to be rounded")
    share = compare("/", percents.node, nodes.IntLiteral(value=100))
    node: nodes.Expr = compare("*", field.node, compare(op, ONE, share))
    if kind == "decimal":
        node = call("round", node, nodes.IntLiteral(value=field.type.scale))
    return nodes.Assignment(name=field.field, value=node)


def scaled(sign: int, *, rounded: bool = False) -> Any:
    """Raised or lowered by a share. rounded: to whole numbers."""

    def build(context: Context, about: Source, change: Change, percentage: Any, rows: Rows) -> Steps:
        if change.field.field is None or change.field.type.name not in ("int", "float", "decimal"):
            raise Reject()
        factor = nodes.NumberLiteral(value=f"{(1 + sign * percentage).normalize():f}")
        node: nodes.Expr = compare("*", change.field.node, factor)
        if rounded:
            node = call("int", call("round", node))
        elif change.field.type.name == "int":
            raise Reject(f"{change.field.field} holds whole numbers, so a share of it has to be rounded")
        elif change.field.type.name == "decimal":
            node = call("round", node, nodes.IntLiteral(value=change.field.type.scale))
        return updated(context, rows, (nodes.Assignment(name=change.field.field, value=node),))

    return build


def scaled_by(factor: str) -> Any:
    """Doubled, halved."""

    def build(context: Context, about: Source, change: Change, rows: Rows) -> Steps:
        kind = change.field.type.name
        if change.field.field is None or kind not in NUMERIC:
            raise Reject()
        if kind == "int" and "." in factor:
            raise Reject(f"{change.field.field} holds whole numbers, so a share of it has to be rounded")
        times = nodes.NumberLiteral(value=factor) if "." in factor else nodes.IntLiteral(value=int(factor))
        node: nodes.Expr = compare("*", change.field.node, times)
        if kind == "decimal" and "." in factor:
            node = call("round", node, nodes.IntLiteral(value=change.field.type.scale))
        return updated(context, rows, (nodes.Assignment(name=change.field.field, value=node),))

    return build


def moved_in_time(sign: int) -> Any:
    """A day or moment moved by a span of time."""

    def build(context: Context, about: Source, change: Change, number: Value, unit: str, rows: Rows) -> Steps:
        if change.field.field is None or change.field.type.name not in TIMES:
            raise Reject()
        node = later(change.field.node, sign * whole_number(number), unit)
        return updated(context, rows, (nodes.Assignment(name=change.field.field, value=node),))

    return build


def _cleared(context: Context, about: Source, change: Change, rows: Rows) -> Steps:
    return updated(context, rows, (_emptied(context, change),))


def _moved_to(context: Context, about: Source, rows: Rows, change: Change, value: Value) -> Steps:
    """As in "move it to the size 10"."""
    if change.field.type.name in NUMERIC and not change.field.points:
        raise Reject()
    return updated(context, rows, (assigned_to_field(context, change, value),))


def _assigned_to(context: Context, about: Source, rows: Rows, reference_target: nodes.Assignment) -> Steps:
    return updated(context, rows, (reference_target,))


def reference_target(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "assign them to Acme": the one reference that can point at what is called so."""
    source = context.source
    if source is None:
        return
    for key in source.store.foreign_keys:
        if len(key.fields) == 1:
            change = Change(key_value(hop_along(source, key, context)))
            for end, value in matcher.read("pointed_row", position, context.enter(change)):
                yield end, nodes.Assignment(name=key.fields[0], value=value.node)


def marked(context: Context, about: Source, rows: Rows, condition: Condition) -> Steps:
    """As in "mark them as x": sets the one field that being x is about."""
    node: nodes.Expr = condition.node
    value: nodes.Expr = nodes.BoolLiteral(value=True)
    if isinstance(node, nodes.Unary):
        node, value = node.arg, nodes.BoolLiteral(value=False)
    elif isinstance(node, nodes.Binary) and node.op == "=":
        value = node.right
        node = node.left
    if not isinstance(node, nodes.FieldAccess):
        raise Reject()
    return updated(context, rows, (nodes.Assignment(name=node.name, value=value),))


def deleted(context: Context, about: Source, rows: Rows) -> Steps:
    source, where = _written(context, rows)
    return Steps((nodes.Delete(store=source.store.name, database=source.scan.database, where=where),))


def _among_the_first(rows: Rows) -> nodes.Expr:
    """As in "delete the oldest box": told by their key."""
    store, key = rows.source, rows.source.store.primary_key
    field = store.store.field(key[0]) if len(key) == 1 else None
    if field is None:
        raise Reject(f"{store.store.name} has no single key to tell the first few by")
    found = queries(QueryParts(rows, columns=(field_value(store, field),)))
    if len(found) != 1:
        raise Reject("by what they are sorted is not clear: name the field")
    return nodes.InExpr(arg=column(store, key[0]), query=found[0])


def _written(context: Context, rows: Rows) -> tuple[Source, nodes.Expr | None]:
    """The store that a change is made in, and which of its rows: for rows found before, by what they were found."""
    source = rows.source
    if rows.limit is not None and source.origin is not None and source.origin.store == source.store.name:
        return source, _among_the_first(rows)
    if rows.sorts or rows.limit is not None:
        raise Reject("a change to the first few of these can't be made in one go; find them first")
    if source.origin is None:
        key = source.store.primary_key
        if source.emits:
            raise Reject()
        if not key:
            raise Reject(f"{source.store.name} has no key to tell one row by: change all of them at once")
        store = context.world.source(source.database, source.store.name)
        ties = [compare("=", column(store, name), column(source, name)) for name in key]
        return store, all_of(ties)
    if context.found is None or source != context.found.source:
        return source, all_of(rows.conditions) if rows.conditions else None
    found = live(context)
    store = found.rows.source
    own = tuple(moved(condition, source.alias, store.alias) for condition in rows.conditions)
    if found.rows.limit is None:
        conditions = (*found.rows.conditions, *own)
        return store, all_of(conditions) if conditions else None
    key = store.store.primary_key
    if len(key) != 1:
        raise Reject(f"{store.store.name} has no single key to tell the rows found by")
    select = nodes.Select(columns=(nodes.NamedColumn(value=column(source, key[0])),))
    query = nodes.Query(stages=(nodes.From(store=found.name), select))
    return store, all_of([nodes.InExpr(arg=column(store, key[0]), query=query), *own])


_CHANGED = "{about} {change@about} of {rows@about}"

ROWS = (
    Row("change", "[the|their|its] {own_field}", _changed),
    Row("change", "[the|their|its] {reference}", _changed_reference),
    Row("assigned", "{change} (to|=) {value@change}", assigned_to_field),
    Row("assigned", "{change} to (nothing|null|empty|unknown)", _emptied),
    Row("more_assigned", "(,|[,] and) {assigned}", lambda context, assigned: assigned),
    Row("assignments", "{assigned:first} {more_assigned:more}*", lambda context, first, more: (first, *more)),
    Row("statement", "(set|change|update) {about} {rows@about} 's {change@about} to {value@change}", _set_of),
    Row("statement", "(set|change|update) {about} {assignments@about} (for|of|on|in) {rows@about}", _update_rows),
    Row(
        "statement",
        "(set|change|update) {about} {change@about} of {rows@about} to {value@change} {more_assigned:more@about}*",
        _set_of,
    ),
    Row(
        "statement",
        "(set|change|update) {about} their {own_change@about} to {value@own_change} {more_assigned:more@about}*",
        _set_theirs,
    ),
    Row("own_change", "{own_field}", _changed),
    Row("own_change", "{reference}", _changed_reference),
    *(
        Row("statement", f"({verbs}) {{about}} {{change@about}} {old} to {{value@change}}{rows}", _replaced)
        for verbs, old in (
            ("set|change|update|rename", "from {value:old@change}"),
            ("change|rename", "{value:old@change}"),
        )
        for rows in ("", " (for|of|in|on) {rows@about}")
    ),
    Row("statement", "for {about} {rows@about} [,] (set|change|update) {assignments@about}", _update_rows),
    Row("statement", "(set|change|update) {about} {assignments@about}", _update_subject),
    *(
        row
        for verbs, op, sign in (("increase|raise|grow", "+", 1), ("reduce|decrease|lower|cut", "-", -1))
        for row in (
            Row("statement", f"({verbs}) {_CHANGED} by {{value@change}}", shifted(op)),
            Row("statement", f"({verbs}) {_CHANGED} by {{percentage}}", scaled(sign)),
            Row("statement", f"({verbs}) {_CHANGED} by {{percentage}} [,] rounded", scaled(sign, rounded=True)),
        )
    ),
    *(
        Row("statement", f"{words_} {_CHANGED}", scaled_by(factor))
        for words_, factor in (("double", "2"), ("triple", "3"), ("halve", "0.5"))
    ),
    *(
        Row("statement", f"{verb} {{about}} {amount} {preposition} {{change@about}} of {{rows@about}}", build)
        for verb, preposition, op, sign in (("add", "to", "+", 1), ("(subtract|take)", "from", "-", -1))
        for amount, build in (("{amount:value}", shifted(op)), ("{number} {unit}", moved_in_time(sign)))
    ),
    Row("statement", f"(move|postpone|extend|push back) {_CHANGED} by {{number}} {{unit}}", moved_in_time(1)),
    Row("statement", f"(clear|empty|erase|remove|delete|unset) {_CHANGED}", _cleared),
    Row("statement", "mark {about} {rows@about} as {adjective:condition@about}", marked),
    Row("statement", "make {about} {rows@about} {adjective:condition@about}", marked),
    Row("statement", "(update|change) {about} {rows@about} : set {assignments@about}", _update_rows),
    Row(
        "statement",
        "(move|transfer) {about} {rows@about} to [the] {change@about} {value@change}",
        _moved_to,
    ),
    Row("statement", "(assign|give|move) {about} {rows@about} to [the] {reference_target@about}", _assigned_to),
    Row("statement", "(delete|remove|drop|erase|throw away|get rid of) {about} {rows@about}", deleted),
)

PRIMITIVES: dict[str, Primitive] = {"reference_target": reference_target}
