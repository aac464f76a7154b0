"""Verbs that rows between two others tell of ("the boxes that Acme has ordered", of orders) → conditions.

A store whose rows point at two others tells what happened between these: orders point at a customer and a box, so
customers order boxes, and boxes are ordered. Its name gives the verb ("order", "booking" → book, "loan" → borrow), and
so does a day or moment of its own ("sold on" → sell). A verb that neither tells of is not understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from runtime.query.schema import ForeignKey
from runtime.values.types import INT
from sopc.english.patterns import words
from sopc.english.patterns.figures import row_count
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import field_value, hop_along, reference_names
from sopc.english.patterns.queries import QueryParts
from sopc.english.patterns.semantics import (
    DONE_TO,
    TIMES,
    Condition,
    Context,
    JoinStep,
    Rows,
    Source,
    Value,
    all_of,
    conjuncts,
    negate,
    via,
)
from sopc.english.patterns.show import count_per, show, which
from sopc.english.patterns.tokens import name_words
from sopc.english.patterns.values import rows_query
from sopc.english.patterns.verbs import verbs_of_reference
from sopc.tree import nodes

_ANYTHING = ("anything", "something", "anyone", "someone", "anybody", "somebody")


@dataclass(frozen=True)
class Deed:
    """What happened to the context's rows. link: the rows that tell of it. key: theirs, that points at the context's
    rows; None where the context's rows tell of it themselves. other: the reference to who or what else took part, if
    there is one. verb: as it tells of the deed. happened: that it did, where a row may lack its day."""

    link: Source
    key: ForeignKey | None
    other: JoinStep | None
    verb: str = ""
    happened: nodes.Expr | None = None

    def done_by(self, key: ForeignKey | None) -> bool:
        """Whether it could be who that reference points at that did it."""
        return key is None or words.does(reference_names(self.link.store, key)[-1][-1], self.verb)


def deeds(context: Context) -> Iterator[tuple[Deed, frozenset[str]]]:
    """Each deed that the context's rows may have taken part in, and the verbs that tell of it."""
    source = context.source
    if source is None or source.origin is None or source.emits:
        return
    for key in source.store.foreign_keys:
        other = hop_along(source, key, context)
        yield Deed(source, None, other), verbs_of_reference(source.store, key)
    for link in context.world.sources:
        if link.database != source.database or link.alias == source.alias:
            continue
        for key in link.store.foreign_keys:
            if key.other_store != source.store.name:
                continue
            others: list[JoinStep | None] = [
                hop_along(link, one, context) for one in link.store.foreign_keys if one != key
            ] or [None]
            for one in others:
                people = [verbs_of_reference(link.store, each) for each in (key, *([one.key] if one else []))]
                yield Deed(link, key, one), words.verbs_of(name_words(link.store.name)[-1]).union(*people)
                yield from _dated(Deed(link, key, one))


def _dated(deed: Deed) -> Iterator[tuple[Deed, frozenset[str]]]:
    """By a day on which it was done. What has a name is more than a deed: that a task was closed says nothing of its
    project."""
    if any(words.LABELS & {*name_words(field.name)} for field in deed.link.store.fields):
        return
    for field in deed.link.store.fields:
        first, *rest = name_words(field.name)
        if field.type.name in ("date", "timestamp") and len(rest) == 1 and rest[0] in words.DATE_ENDINGS:
            if not words.is_past(first):
                continue
            value = field_value(deed.link, field)
            happened = nodes.IsNull(arg=value.node, negated=True) if field.type.nullable else None
            yield replace(deed, happened=happened), frozenset({first})


def deed_verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "ordered", of rows that orders point at; with what may stand before its object ("signed up for")."""
    low = matcher.low(position)
    if not low:
        return
    seen: list[Deed] = []
    for deed, verbs in deeds(context):
        said = next((replace(deed, verb=verb) for verb in sorted(verbs) if words.is_form(low, verb)), None)
        if said is not None and said not in seen:
            seen.append(said)
            yield position + 1, said


def party(matcher: Matcher, position: int, deed: Deed, context: Context) -> Iterator[tuple[int, nodes.Expr | None]]:
    """Who or what else took part, as a condition on the rows that tell of it: "Acme", "a red box", "anything"."""
    hop, low = deed.other, matcher.low(position)
    if low in _ANYTHING:
        yield position + 1, None
    if hop is None:
        return
    inside = context.within(hop.target)
    subject = context.subject
    if subject is not None and subject.store == hop.target.store and not subject.emits:
        own = JoinStep(hop.base, hop.key, subject).on()
        if low in ("it", "they", "he", "she"):
            yield position + 1, own
        if low in ("the", "that", "this"):
            yield from ((end, own) for end, _ in matcher.read("pronoun", position, inside))
    for end, rows in matcher.read("given_row", position, inside):
        yield end, via((hop,), all_of(rows.conditions))
    start = position + (low in ("the", "a", "an", "any", "some"))
    for phrase in ("called_row", "related_rows"):
        for end, rows in matcher.read(phrase, start, inside):
            yield end, via((hop,), all_of(rows.conditions)) if rows.conditions else None
    if low in ("a", "an", "any"):
        pointing = {name for key in hop.target.store.foreign_keys for name in key.fields}
        for end, condition in matcher.read("stored", start, inside):
            if not pointing & {*condition.mentioned}:
                yield end, via((hop,), condition.node)


def _event_conditions(
    matcher: Matcher, deed: Deed, after: int, took_part: nodes.Expr | None, context: Context
) -> Iterator[Found]:
    """The condition that it happened, with what else is said of it up to any place after."""
    source = context.source
    assert source is not None
    base = [*([took_part] if took_part else []), *([deed.happened] if deed.happened else [])]
    if deed.key is None:
        if took_part is not None and deed.other is not None:
            yield after, Condition(all_of(base), deed.other.key.fields)
        return
    tie = JoinStep(deed.link, deed.key, source).on()
    inside = context.within(deed.link)
    for start, dated in ((after, ()), *_dates(matcher, deed, after, inside)):
        for end, said in matcher.read("circumstances", start, inside):
            if any({*deed.key.fields} & {*one.mentioned} for one in said):
                continue  # that is said of the rows themselves
            told = (tie, *base, *dated, *(one.node for one in said))
            rows = Rows(deed.link, tuple(part for one in told for part in conjuncts(one)))
            yield end, Condition(nodes.QueryExpr(kind="exists", query=rows_query(rows)))


def _dates(matcher: Matcher, deed: Deed, after: int, inside: Context) -> Iterator[tuple[int, tuple[nodes.Expr, ...]]]:
    """As in "in 2024", of what was sold, where a day tells when that was."""
    for field in deed.link.store.fields:
        if field.type.name in TIMES and words.is_form(deed.verb, name_words(field.name)[0]):
            context = inside.comparing(deed.link, field.name, partial(field_value, deed.link, field))
            for end, condition in matcher.read("dates", after, context):
                yield end, (condition.node,)


def _often(deed: Deed, condition: Condition) -> Condition:
    """What was done to rows, which may be so more than once where each time is another's."""
    if deed.key is None or deed.other is None or DONE_TO in condition.mentioned:
        return condition
    return replace(condition, mentioned=(*condition.mentioned, DONE_TO))


def _never(context: Context, condition: Condition) -> Condition:
    return Condition(negate(condition.node), tuple(one for one in condition.mentioned if one != DONE_TO))


def _longest(found: list[Found]) -> list[Found]:
    """What follows without an "and" speaks of the deed, as far as it can."""
    longest = max((end for end, _ in found), default=0)
    return [one for one in found if one[0] == longest]


def did(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "ordered a box in 2024", "signed up for Optics", "ordered in 2024"."""
    found: list[Found] = []
    for middle, deed in matcher.read("deed_verb", position, context):
        if deed.key is None or not deed.done_by(deed.key):
            continue
        for start in _after_particles(matcher, middle):
            for end, took_part in party(matcher, start, deed, context):
                found += _event_conditions(matcher, deed, end, took_part, context)
        found += _event_conditions(matcher, deed, middle, None, context)
    yield from dict.fromkeys(_longest(found))


def was_done(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "ordered", "ordered by Acme", "enrolled in Optics", "ordered in 2024"."""
    found: list[Found] = []
    if matcher.low(position) in words.ACTIVE_PASTS or not words.is_past(matcher.low(position)):
        return
    for middle, deed in matcher.read("deed_verb", position, context):
        by = matcher.low(middle) == "by"
        if deed.key is None or (by and (deed.other is None or not deed.done_by(deed.other.key))):
            continue
        for start in _after_particles(matcher, middle):
            named = start > middle or matcher.low(start) in _ANYTHING
            for end, took_part in party(matcher, start, deed, context) if named else ():
                found += _event_conditions(matcher, deed, end, took_part, context)
        if not by:
            found += _event_conditions(matcher, deed, middle, None, context)
        found = [(end, _often(deed, condition)) for end, condition in found]
    yield from dict.fromkeys(_longest(found))


def done_by(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "Acme has ordered", "the red boxes have never been in"."""
    yield from _done_by(matcher, position, context, "auxiliary")


def asked_done_by(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in (which boxes has) "Acme ever ordered"."""
    yield from _done_by(matcher, position, context, "adverb")


def _done_by(matcher: Matcher, position: int, context: Context, between: str) -> Iterator[Found]:
    found: list[Found] = []
    for deed in dict.fromkeys(replace(deed, happened=None) for deed, verbs in deeds(context) if verbs and deed.other):
        for middle, took_part, nobody in _subject(matcher, position, deed, context):
            for start, never in matcher.read(between, middle, context):
                denied = never != nobody
                for after, said in matcher.read("deed_verb", start, context):
                    alike = replace(said, verb="", happened=None) == deed
                    if alike and deed.other is not None and said.done_by(deed.other.key):
                        for end in _after_particles(matcher, after):
                            told = _event_conditions(matcher, said, end, took_part, context)
                            found += [
                                (stop, _never(context, one) if denied else _often(said, one)) for stop, one in told
                            ]
    yield from dict.fromkeys(_longest(found))


def _subject(
    matcher: Matcher, position: int, deed: Deed, context: Context
) -> Iterator[tuple[int, nodes.Expr | None, bool]]:
    """Who or what did it, and whether it is none of them: "no maker in Kenya", "nobody"."""
    low = matcher.low(position)
    yield from ((end, took_part, False) for end, took_part in party(matcher, position, deed, context))
    if low == "nobody" or (low == "no" and matcher.low(position + 1) == "one"):
        yield position + (1 if low == "nobody" else 2), None, True
    elif low == "no" and deed.other is not None:
        yield from (
            (end, via((deed.other,), all_of(rows.conditions)) if rows.conditions else None, True)
            for end, rows in matcher.read("related_rows", position + 1, context.within(deed.other.target))
        )


def _after_particles(matcher: Matcher, position: int) -> Iterator[int]:
    yield position
    while matcher.low(position) in ("by", "up", "in", "for", "to", "on", "at", "from", "with"):
        position += 1
        yield position


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


def _circumstances(context: Context, clauses: tuple[tuple[str, Condition], ...]) -> tuple[Condition, ...]:
    if any(condition.both for _, condition in clauses):
        raise Reject()
    return tuple(condition for _, condition in clauses)


def _made(context: Context, related: Rows) -> Condition:
    """As in "made a trip": has one."""
    return Condition(nodes.QueryExpr(kind="exists", query=rows_query(related)))


def _who(context: Context, about: Source, condition: Condition) -> Any:
    return which(context, about, Rows(about), condition)


def _different(context: Context, about: Source, rows: Rows, condition: Condition) -> Any:
    """As in "how many different boxes has Acme ordered"."""
    if rows.sorts or rows.limit is not None:
        raise Reject()
    chosen = replace(rows, conditions=(*rows.conditions, condition.node))
    return show(context, QueryParts(chosen, columns=(row_count(context),)))


def verb(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """Any one word that may be a verb."""
    if position < len(matcher.tokens) and matcher.low(position).isalpha():
        yield position + 1, matcher.low(position)


def _how_many_each_does(context: Context, about: Source, rows: Rows, keys: tuple[Value, ...], verb: str) -> Any:
    """As in "how many courses does each teacher give"."""
    verbs = {one for key in keys for word in key.label for one in words.verbs_of_person(word)}
    if not any(words.is_form(verb, one) for one in verbs):
        raise Reject()
    return count_per(context, about, rows, keys)


def _how_often(context: Context, condition: Condition) -> Value:
    """How many rows tell of it, as a column."""
    node = condition.node
    if not isinstance(node, nodes.QueryExpr):
        raise Reject()
    return Value(node.model_copy(update={"kind": "count"}), INT, ("times",))


def any_store(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """No words at all: each store there is."""
    yield from ((position, source) for source in context.world.sources)


PRIMITIVES: dict[str, Primitive] = {
    "deed_verb": deed_verb,
    "did": did,
    "was_done": was_done,
    "done_by": done_by,
    "asked_done_by": asked_done_by,
    "any_store": any_store,
    "verb": verb,
}

_HAVE = "(have|has|had)"
_MAKE = "(make|makes|made|place|places|placed)"
_DO = "(do|does|did)"
_NOT = "(never|not yet|not ever|not)"
_BE = "(is|are|was|were)"

ROWS = (
    Row("circumstances", "{tight_clause:clauses}*", _circumstances),
    Row("adverb", "[already|ever|once]", lambda context: False),
    Row("adverb", _NOT, lambda context: True),
    Row("auxiliary", f"[{_HAVE}|{_DO}] {{adverb}}", _only),
    Row("deed", f"[{_HAVE}] [already|ever|once] {{did:condition}}", _only),
    Row("deed", f"[{_HAVE}|{_DO}] {_NOT} {{did:condition}}", _never),
    Row("deed", f"({_BE}|{_HAVE} been) [already|ever|once] {{was_done:condition}}", _only),
    Row("deed", f"({_BE} {_NOT}|{_HAVE} {_NOT} been) {{was_done:condition}}", _never),
    Row("deed", f"{_HAVE} [already] {{did:condition}}", _only),
    Row("deed", f"[{_HAVE}] [already|ever|once] {_MAKE} [a|an|any|some|at least one] {{related}}", _made),
    Row(
        "deed",
        f"[{_HAVE}|{_DO}] {_NOT} {_MAKE} [a|an|any] {{related}}",
        lambda context, related: _never(context, _made(context, related)),
    ),
    Row("predicate", "{deed:condition}", _only),
    Row("clause", "{was_done:condition}", _only),
    Row("clause", "never {was_done:condition}", _never),
    Row("clause", "[that|which|who|whom] {done_by:condition}", _only),
    Row(
        "question",
        f"(which|what) {{about}} {{rows@about}} ({_HAVE}|{_DO}) {{asked_done_by:condition@about}} [{{ordered@about}}]",
        which,
    ),
    Row(
        "question",
        f"how many (different|distinct) {{about}} {{rows@about}} ({_HAVE}|{_DO}) {{asked_done_by:condition@about}}",
        _different,
    ),
    Row(
        "question",
        f"how many {{about}} {{rows@about}} {_DO} (each|every) {{keys@about}} {{verb}}",
        _how_many_each_does,
    ),
    Row("question", "who {any_store:about} {deed:condition@about}", _who),
    Row(
        "told",
        "(how often|how many times) (it|they|he|she|each|each one) ({be}|have been|has been) {was_done:condition}",
        lambda context, condition, be=None: _how_often(context, condition),
    ),
    Row(
        "told",
        "(how often|how many times) (it|they|he|she|each|each one) [have|has] {did:condition}",
        _how_often,
    ),
)
