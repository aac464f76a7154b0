"""Verbs that a field's name tells of ("assigned to X" of an assignee, "given to X" of a day given) → conditions."""

from __future__ import annotations

from collections.abc import Iterator

from sopc.english.patterns import words
from sopc.english.patterns.conditions import has_field, key_missing
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.meanings import Condition, Context, Hop, Rows, Value, all_of, via
from sopc.english.patterns.names import hop_along, reference_names


def reference_verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "assigned", of a reference called assignee; "owned", of an owner."""
    source = context.source
    if source is None:
        return
    for key in source.store.foreign_keys:
        *_, last = reference_names(source.store, key)[-1]
        if _verb_of(matcher.low(position), last):
            yield position + 1, hop_along(source, key, context)


def opposite_verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "unassigned"."""
    source, low = context.source, matcher.low(position)
    if source is None or not low.startswith("un"):
        return
    for key in source.store.foreign_keys:
        *_, last = reference_names(source.store, key)[-1]
        if _verb_of(low[2:], last):
            try:
                yield position + 1, key_missing(hop_along(source, key, context))
            except Reject as error:
                matcher.reject(position + 1, str(error))


def _verb_of(written: str, named: str) -> bool:
    return named.endswith(("ee", "er", "or")) and len(named) > 4 and words.verb_of(written, named[:-2])


def _done_to(context: Context, reference_verb: Hop, condition: Condition) -> Condition:
    return Condition(via((reference_verb,), condition.node), reference_verb.key.fields)


def _done_to_rows(context: Context, reference_verb: Hop, rows: Rows) -> Condition:
    if not rows.conditions:
        raise Reject()
    return Condition(via((reference_verb,), all_of(rows.conditions)), reference_verb.key.fields)


def _done_to_nothing(context: Context, reference_verb: Hop) -> Condition:
    return key_missing(reference_verb)


def _happened_with(context: Context, happened: Value, condition: Condition) -> Condition:
    """As in "given to Acme": it has happened, and what a reference or a field tells."""
    if condition.mentioned == (happened.field,):
        raise Reject()
    if not happened.type.nullable:
        return condition
    return Condition(all_of([has_field(context, happened).node, condition.node]), condition.mentioned)


PRIMITIVES: dict[str, Primitive] = {"reference_verb": reference_verb, "opposite_verb": opposite_verb}

_TO = "(to|by|for)"
ROWS = (
    Row("done", f"{{reference_verb}} {_TO} [the] {{stored:condition@reference_verb}}", _done_to),
    Row("done", f"{{reference_verb}} {_TO} [the|a|an|any|all] {{related_rows:rows@reference_verb}}", _done_to_rows),
    Row("done", f"{{reference_verb}} {_TO} (nobody|no one|none)", _done_to_nothing),
    Row("done", "not {reference_verb}", _done_to_nothing),
    Row("done", "{happened} (to|by|for|in|at|from|with|on) [the] {stored_list:condition}", _happened_with),
    Row("clause", "{done:condition}", lambda context, condition: condition),
    Row("complement", "{done:condition}", lambda context, condition: condition),
    Row("predicate", "(is|are|was|were|has been|have been) [already] {happened:field}", has_field),
    Row("adjective", "{opposite_verb:condition}", lambda context, condition: condition),
)
