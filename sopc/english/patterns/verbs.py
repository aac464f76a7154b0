"""Verbs that a field's name tells of ("assigned to X" of an assignee, "given to X" of a day given) → conditions."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.query.schema import ForeignKey, Store
from sopc.english.patterns import words
from sopc.english.patterns.conditions import has_field, key_missing
from sopc.english.patterns.dates import through
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import field_value, hop_along, reference_names
from sopc.english.patterns.semantics import Condition, Context, JoinStep, Rows, Value, all_of, via
from sopc.english.patterns.tokens import name_words


def reference_verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "assigned", of a reference called assignee; "owned", of an owner."""
    source = context.source
    if source is None:
        return
    for key in source.store.foreign_keys:
        if any(words.is_form(matcher.low(position), verb) for verb in verbs_of_reference(source.store, key)):
            yield position + 1, hop_along(source, key, context)


def field_verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "written", of a text field called author."""
    source = context.source
    if source is None:
        return
    for field in source.store.fields:
        verbs = words.verbs_of_person(name_words(field.name)[-1]) if field.type.name == "text" else ()
        if any(words.is_form(matcher.low(position), verb) for verb in verbs):
            yield position + 1, field_value(source, field)


def opposite_verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "unassigned"."""
    source, low = context.source, matcher.low(position)
    if source is None or not low.startswith("un"):
        return
    for key in source.store.foreign_keys:
        if any(words.is_form(low[2:], verb) for verb in verbs_of_reference(source.store, key)):
            try:
                yield position + 1, key_missing(hop_along(source, key, context))
            except Reject as error:
                matcher.reject(position + 1, str(error))


def verbs_of_reference(store: Store, key: ForeignKey) -> frozenset[str]:
    """The verbs that a reference tells of by who it points at: an assignee, an owner, an author."""
    *_, last = reference_names(store, key)[-1]
    return words.verbs_of_person(last)


def _done_to(context: Context, reference_verb: JoinStep, condition: Condition) -> Condition:
    return Condition(via((reference_verb,), condition.node), reference_verb.key.fields)


def _done_to_rows(context: Context, reference_verb: JoinStep, rows: Rows) -> Condition:
    if not rows.conditions:
        raise Reject()
    return Condition(via((reference_verb,), all_of(rows.conditions)), reference_verb.key.fields)


def _done_to_nothing(context: Context, reference_verb: JoinStep) -> Condition:
    return key_missing(reference_verb)


def _happened_with(context: Context, happened: Value, condition: Condition) -> Condition:
    """As in "given to Acme": it has happened, and what a reference or a field tells."""
    if condition.mentioned == (happened.field,):
        raise Reject()
    if not happened.type.nullable:
        return condition
    return Condition(all_of([has_field(context, happened).node, condition.node]), condition.mentioned)


PRIMITIVES: dict[str, Primitive] = {
    "reference_verb": reference_verb,
    "field_verb": field_verb,
    "opposite_verb": opposite_verb,
}

_TO = "(to|by|for)"
ROWS = (
    Row("done", f"{{reference_verb}} {_TO} [the] {{stored:condition@reference_verb}}", _done_to),
    Row("done", f"{{reference_verb}} {_TO} [the|a|an|any|all] {{related_rows:rows@reference_verb}}", _done_to_rows),
    Row("done", f"{{reference_verb}} {_TO} (nobody|no one|none)", _done_to_nothing),
    Row("done", "not {reference_verb}", _done_to_nothing),
    Row(
        "done",
        "{field_verb} by {value_test:condition@field_verb}",
        lambda context, field_verb, condition: through(field_verb, condition),
    ),
    Row("done", "{happened} (to|by|for|in|at|from|with|on) [the] {stored_list:condition}", _happened_with),
    Row("clause", "{done:condition}", lambda context, condition: condition),
    Row("complement", "{done:condition}", lambda context, condition: condition),
    Row("predicate", "(is|are|was|were|has been|have been) [already] {happened:field}", has_field),
    Row("adjective", "{opposite_verb:condition}", lambda context, condition: condition),
)
