"""Words that call rows otherwise than by their store's name ("Acme", "the suites", "its boxes") → sets of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runtime.values.types import TEXT
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Row
from sopc.english.patterns.names import field_value, label_fields, reference_names
from sopc.english.patterns.semantics import Context, JoinStep, Rows, Source, Value, all_of, column, compare
from sopc.english.patterns.stored import equals, spans
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes


def called_row(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "Acme", "the kettle": the rows of the context's store that are called so, where one field says what a row
    is called."""
    source = context.source
    if source is None or source.origin is None or source.origin.store != source.store.name:
        return
    labels = label_fields(source.store)
    if len(labels) != 1:
        return
    for end, value in spans(matcher, position):
        found = context.world.spelling(source, labels[0].name, value)
        if found:
            yield end, Rows(source, (equals(field_value(source, labels[0]), found),), mentioned=(labels[0].name,))


def given_row(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "that box", where a parameter or an answer is called as the store is: the rows called so."""
    source = context.source
    if source is None or source.origin is None or matcher.low(position) not in ("the", "that", "this"):
        return
    if context.subject is not None and context.subject.store == source.store:
        return  # the loop's record is meant
    for end, variable in matcher.read("variable", position + 1, context):
        row = named_by(source, variable, context)
        if row is not None and words.same_words(variable.label, name_words(source.store.name)):
            yield end, row


def named_by(source: Source, variable: Value, context: Context) -> Rows | None:
    """The rows that a variable's value calls; None where no one field says what a row is called, or it has not the
    type of that field."""
    labels = label_fields(source.store)
    if len(labels) != 1 or not variable.fits(TEXT):
        return None
    condition = compare("=", column(source, labels[0].name), variable.node)
    return Rows(source, (condition,), mentioned=(labels[0].name,))


def kind_of_rows(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "the suites", of rooms whose kind is suite: a value in the plural, as the name of the rows that hold it."""
    source = context.source
    if source is None or source.origin is None or source.origin.store != source.store.name:
        return
    for end, value in spans(matcher, position):
        if matcher.tokens[end - 1].kind != "word" or matcher.tokens[position].kind == "text":
            continue
        for other in words.others(value):
            for field in source.store.fields:
                if field.type.name == "text" and (found := context.world.spelling(source, field.name, other)):
                    yield end, Rows(source, (equals(field_value(source, field), found),), mentioned=(field.name,))


def own_rows(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "its boxes", in a loop over makers: the rows of another store that point at the loop's record."""
    source, subject = context.source, context.subject
    if source is None or subject is None or source.origin is None or subject.emits:
        return
    if matcher.low(position) not in ("its", "their", "his", "her") or source.database != subject.database:
        return
    for key in source.store.foreign_keys:
        if key.other_store == subject.store.name:
            tie = JoinStep(source, key, subject).on()
            for end, rows in matcher.read("rows", position + 1, context):
                if rows.source == source:
                    yield end, replace(rows, conditions=(tie, *rows.conditions))


def row_pointed_at(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "its maker", in a loop over boxes: the row that the loop's record points at."""
    source, subject = context.source, context.subject
    if source is None or subject is None or source.origin is None or subject.emits:
        return
    if matcher.low(position) not in ("its", "their", "the", "his", "her") or source.database != subject.database:
        return
    for key in subject.store.foreign_keys:
        if key.other_store != source.store.name or subject.store.name == source.store.name:
            continue
        hop = JoinStep(subject, key, source)
        for way in reference_names(subject.store, key):
            end = position + 1 + len(way)
            written = tuple(matcher.low(position + 1 + at) for at in range(len(way)))
            if words.same_words(written, way) and all(one == words.singular(one) for one in written[-1:]):
                yield end, Rows(source, (_turned(hop),))


def _turned(hop: JoinStep) -> nodes.Expr:
    """The tie with the side of the rows that are spoken of first."""
    pairs = zip(hop.key.fields, hop.key.other_fields, strict=True)
    return all_of([compare("=", column(hop.target, theirs), column(hop.base, ours)) for ours, theirs in pairs])


def pointed_row(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "Acme", where a reference is to be set to a maker: the key of the row that is called so."""
    target = context.target
    if target is None or target.owner is None or target.field is None or not target.points:
        return
    skip = position + (matcher.low(position) == "the")
    for store, key in target.points:
        other = context.world.source(target.owner.database, store)
        labels = label_fields(other.store)
        if len(labels) != 1 or labels[0].name == key:
            continue
        for end, value in spans(matcher, skip):
            found = context.world.spelling(other, labels[0].name, value)
            if len(found) == 1:
                yield end, _key_of(other, Rows(other, (equals(field_value(other, labels[0]), found),)), key)
        named = context.enter(field_value(other, labels[0]))
        for end, value in matcher.read("worded", skip, named):
            if not value.spellings:
                condition = compare("=", column(other, labels[0].name), value.node)
                yield end, _key_of(other, Rows(other, (condition,)), key)
        for end, variable in matcher.read("given_variable", position, context):
            row = named_by(other, variable, context)
            called = [way for one in target.owner.store.foreign_keys for way in reference_names(target.owner.store, one)
                      if one.fields == (target.field,)]  # fmt: skip
            if row is not None and any(words.same_words(variable.label, way) for way in called):
                yield end, _key_of(other, row, key)


def _key_of(source: Source, rows: Rows, key: str) -> Value:
    """The key of the one row there is, as a value."""
    field = source.store.field(key)
    assert field is not None
    select = nodes.Select(columns=(nodes.NamedColumn(value=column(source, key)),))
    stages = (source.scan, nodes.Where(condition=rows.conditions[0]), select)
    return Value(nodes.QueryExpr(kind="scalar", query=nodes.Query(stages=stages)), field.type)


PRIMITIVES: dict[str, Primitive] = {
    "called_row": called_row,
    "given_row": given_row,
    "kind_of_rows": kind_of_rows,
    "own_rows": own_rows,
    "row_pointed_at": row_pointed_at,
    "pointed_row": pointed_row,
}

ROWS = (
    Row("rows", "[the] {called_row}", lambda context, called_row: called_row),
    Row("rows", "{given_row}", lambda context, given_row: given_row),
    Row("rows", "{own_rows}", lambda context, own_rows: own_rows),
    Row("rows", "{row_pointed_at}", lambda context, row_pointed_at: row_pointed_at),
    Row("value", "{pointed_row}", lambda context, pointed_row: pointed_row),
    Row("given_variable", "[the|that|this] {variable}", lambda context, variable: variable),
)
