"""Phrases that create rows ("a box called X in Blue, of 10 litres, closed today") → steps that insert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.changes import storable
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import field_value, key_value, label_fields
from sopc.english.patterns.semantics import Condition, Context, JoinStep, Rows, Source, Steps, Value, column
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes


@dataclass(frozen=True)
class Slot:
    """A field of a store that is given a value; its value speaks of the loop's record, not of the store's rows."""

    field: Value
    store: Source

    def opens(self, context: Context) -> dict[str, Any]:
        return {"target": self.field, "source": context.subject}


def _slot(context: Context, field: Value) -> Slot:
    if context.source is None or field.hops:
        raise Reject()
    return Slot(field, context.source)


def _reference_slot(context: Context, reference: JoinStep) -> Slot:
    return _slot(context, key_value(reference))


def _filled(context: Context, slot: Slot, value: Value) -> nodes.RecordField:
    return nodes.RecordField(name=slot.field.field or "", value=_exactly_one(storable(value, slot.field)))


def _exactly_one(value: nodes.Expr) -> nodes.Expr:
    """The key of the row that a reference is to point at, where none and several are errors."""
    if not isinstance(value, nodes.QueryExpr) or value.kind != "scalar":
        return value
    *stages, select = value.query.stages
    column_ = select.columns[0].value if isinstance(select, nodes.Select) and len(select.columns) == 1 else None
    if not isinstance(column_, nodes.FieldAccess):
        return value
    row = nodes.QueryExpr(kind="one", query=nodes.Query(stages=tuple(stages)))
    return nodes.FieldAccess(base=row, name=column_.name)


def _measured(context: Context, number: Value, own_field: Value) -> nodes.RecordField:
    """As in "with 10 rooms", where rooms is a field."""
    return _filled(context, _slot(context, own_field), number)


def filled_as(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """ "its size as the width": the value before its field."""
    for middle in range(position + 1, len(matcher.tokens)):
        if matcher.low(middle) != "as":
            continue
        for end, slot in matcher.read("slot", middle + 1, context):
            for stop, value in matcher.read("value", position, context.enter(slot)):
                if stop == middle:
                    try:
                        yield end, _filled(context, slot, value)
                    except Reject:
                        continue


def named_alike(context: Context, slot: Slot) -> nodes.RecordField:
    """As in "with the size": the variable of that name, else that field of the loop's record, or the record itself."""
    assert slot.field.field is not None
    for variable in reversed(context.variables):
        ways = variable.words | {name_words(variable.name)}
        if any(words.same_words(way, slot.field.label) for way in ways):
            return nodes.RecordField(name=slot.field.field, value=nodes.Name(name=variable.name))
    subject = context.subject
    if subject is None:
        raise Reject(f"where the {' '.join(slot.field.label)} comes from is not said")
    for store, key in slot.field.points:
        if store == subject.store.name and not subject.emits:
            return nodes.RecordField(name=slot.field.field, value=column(subject, key))
    found = subject.store.field(slot.field.field)
    if found is None or (found.name in subject.store.primary_key and not slot.field.points):
        raise Reject(f"where the {' '.join(slot.field.label)} comes from is not said")
    return nodes.RecordField(name=slot.field.field, value=column(subject, found.name))


class Missing(Reject):
    """A new row needs fields that are not said. store: its store."""

    def __init__(self, store: str, fields: list[str]) -> None:
        super().__init__(f"{store} needs {' and '.join(fields)} too")
        self.store = store
        self.fields = fields


def _insert(
    context: Context,
    about: Source,
    head: Rows,
    first: nodes.RecordField,
    more: tuple[nodes.RecordField, ...],
) -> Steps:
    return inserted(context, about, (first, *more))


def inserted(context: Context, about: Source, given: tuple[nodes.RecordField, ...]) -> Steps:
    """A new row with the fields that are given. Raises Missing where it needs more."""
    store = about.store
    fields = _with_subject(context, about, given)
    names = [one.name for one in fields]
    if len(set(names)) < len(names):
        raise Reject("a field is given twice")
    missing = [
        field.name
        for field in store.fields
        if field.name not in names and not field.type.nullable and not field.has_default
    ]
    if missing:
        raise Missing(store.name, missing)
    step = nodes.Insert(store=store.name, database=about.scan.database, record=nodes.RecordExpr(fields=fields))
    return Steps((step,))


def _with_subject(
    context: Context, about: Source, fields: tuple[nodes.RecordField, ...]
) -> tuple[nodes.RecordField, ...]:
    """As in "for each maker, create a box with …": what is created in a loop belongs to the loop's record, where a
    reference to it is needed and not said."""
    subject = context.subject
    if subject is None or subject.emits:
        return fields
    said = {one.name for one in fields}
    needed = [
        (key.fields[0], key.other_fields[0])
        for key in about.store.foreign_keys
        if key.other_store == subject.store.name and len(key.fields) == 1 and key.fields[0] not in said
        if (found := about.store.field(key.fields[0])) is not None and not found.type.nullable and not found.has_default
    ]
    if len(needed) != 1:
        return fields
    return (nodes.RecordField(name=needed[0][0], value=column(subject, needed[0][1])), *fields)


def _called_so(context: Context, worded: Value) -> nodes.RecordField:
    """As in "a box called X": the one field that says what a row is called."""
    source = context.source
    labels = label_fields(source.store) if source is not None else []
    if source is None or len(labels) != 1:
        raise Reject("which field says what it is called is not clear: name the field")
    return nodes.RecordField(name=labels[0].name, value=worded.node)


def _condition_field(context: Context, condition: Condition) -> nodes.RecordField:
    """As in "in Blue", "loyal": a field that a condition says the value of."""
    node = condition.node
    if isinstance(node, nodes.Binary) and node.op == "=" and isinstance(node.left, nodes.FieldAccess):
        return nodes.RecordField(name=node.left.name, value=node.right)
    if isinstance(node, nodes.FieldAccess):
        return nodes.RecordField(name=node.name, value=nodes.BoolLiteral(value=True))
    if isinstance(node, nodes.Unary) and node.op == "not" and isinstance(node.arg, nodes.FieldAccess):
        return nodes.RecordField(name=node.arg.name, value=nodes.BoolLiteral(value=False))
    if isinstance(node, nodes.InExpr) and node.query is not None and isinstance(node.arg, nodes.FieldAccess):
        return nodes.RecordField(
            name=node.arg.name, value=_exactly_one(nodes.QueryExpr(kind="scalar", query=node.query))
        )
    raise Reject()


def _happening(context: Context, happened: Any) -> Slot:
    return _slot(context, happened)


def _amount(context: Context, number: Value) -> nodes.RecordField:
    """As in "of 99": the one measure there is."""
    source = context.source
    fields = measures(source.store) if source is not None else []
    if source is None or len(fields) != 1:
        raise Reject("which field the amount is of is not said")
    return _filled(context, _slot(context, field_value(source, fields[0])), number)


def _nothing(context: Context, slot: Slot) -> nodes.RecordField:
    if not slot.field.type.nullable or slot.field.field is None:
        raise Reject(f"{slot.field.field} can't be empty")
    return nodes.RecordField(name=slot.field.field, value=nodes.NullLiteral())


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


_CREATE = "(create|insert|add|record|make|store|file|enter|open|register)"
_ONE = "[a|an|one|the|a new|another]"
_AND = "[,] [and] [with|having|where|whose|who|that|which|:] [it]"

ROWS = (
    Row("slot", "[the|its|a|an|that] {field}", _slot),
    Row("slot", "[the|its|a|an|that] {reference}", _reference_slot),
    Row("filled", "{slot} (=|of|is|being|set to|:) {value@slot}", _filled),
    Row("filled", "{slot} {value@slot}", _filled),
    Row("filled", "{slot}", named_alike),
    Row("filled", "{filled_as:field}", lambda context, field: field),
    Row("filled", "{number} {own_field}", _measured),
    # what may be said of it, one after the other
    Row("given_field", "{worded}", _called_so),
    Row("given_field", "(called|named|titled) {worded}", _called_so),
    Row("given_field", "[with|having|where|whose|:|for|in|of|on|at|to|by|from] {filled}", _only),
    Row("given_field", "(in|from|for|at|to|by|of|on) [the] {stored:condition}", _condition_field),
    Row("given_field", "{adjective:condition}", _condition_field),
    Row(
        "given_field",
        "{happening_slot} [on|at|=|:] {value@happening_slot}",
        lambda context, happening_slot, value: _filled(context, happening_slot, value),
    ),
    Row("happening_slot", "{happened}", _happening),
    Row("given_field", "(of|for|worth) {number}", _amount),
    Row("given_field", "of {number} {own_field}", _measured),
    Row("given_field", "(no|without) {slot}", _nothing),
    Row("more_given_fields", f"{_AND} {{given_field}}", _only),
    Row(
        "statement",
        f"{_CREATE} {_ONE} [new] {{about}} {{head@about}} {{given_field:first@about}} "
        "{more_given_fields:more@about}*",
        _insert,
    ),
)

PRIMITIVES: dict[str, Primitive] = {"filled_as": filled_as}
