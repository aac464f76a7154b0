"""A sentence that could not be read → which words, why, and the nearest form that can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sopc.english.patterns import words
from sopc.english.patterns.flow import Loop, Otherwise
from sopc.english.patterns.matcher import Matcher
from sopc.english.patterns.names import field_names, reference_names
from sopc.english.patterns.nearest import nearest
from sopc.english.patterns.semantics import Context, Steps
from sopc.english.patterns.stored import holding
from sopc.english.patterns.tokens import name_words
from sopc.syntax.format import format_step
from sopc.tree import nodes

_SHOWN_READINGS = 4


class Complaint(Exception):
    """Why one sentence can't be translated. hint: the nearest readable form, and the ways on. choices: what it may
    mean, in the DSL, where its author can say which."""

    def __init__(self, code: str, message: str, hint: str | None, choices: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.choices = choices


def not_understood(matcher: Matcher, context: Context, *, searches: bool = True) -> Complaint:
    """T0201 for words that mean nothing here, T0202 for known words in an order that no pattern has. searches: for the
    nearest readable form."""
    unknown = list(dict.fromkeys(_unknown(matcher, context)))
    form = nearest(matcher, context) if searches else None
    ways = "let a model translate it (`sopc error T0201` lists ways to one), or write it in the .sop file"
    if form is not None:
        hint = f"nearest form: {form}; or {ways}"
    elif context.world.sources:
        hint = f"say it in smaller sentences; or {ways}"
    else:
        hint = "there is no store to speak of; import data first"
    if unknown:
        said = " and ".join(f'"{word}"' for word in unknown)
        verb = "is" if len(unknown) == 1 else "are"
        return Complaint(
            "T0201", f"{said} {verb} no store, field, value or variable here, and no word the patterns know", hint
        )
    reasons = [(reason, known) for at, reason, known in matcher.rejected if at >= matcher.furthest - 1]
    reasons = reasons or [(reason, known) for _, reason, known in matcher.rejected]
    if reasons:
        reason, known = reasons[-1]
        return Complaint("T0202", reason, known or hint)
    if matcher.furthest >= len(matcher.tokens):
        return Complaint("T0202", "its words are known, but not in this order", hint)
    rest = matcher.source(matcher.furthest, len(matcher.tokens))
    return Complaint("T0202", f'no pattern fits from "{rest}" on', hint)


def several_readings(readings: list[Any], finish: Callable[[Any], Any]) -> Complaint:
    """T0203: the question which of them is meant. finish: makes steps what a person would write."""
    choices = tuple(reading_text(one, finish) for one in readings)
    shown = "\n".join(f"    {number}. {text}" for number, text in enumerate(choices[:_SHOWN_READINGS], 1))
    if len(choices) == 1:
        return Complaint(
            "T0203", "it can be read, but not with certainty", f"say it in other words than these\n{shown}", choices
        )
    return Complaint(
        "T0203",
        f"it can be read in {len(readings)} ways, and which is meant is for its author to say",
        f"say it so that only one of these is left\n{shown}",
        choices,
    )


def reading_text(reading: Any, finish: Callable[[Any], Any]) -> str:
    """A reading in the DSL, on one line."""
    if isinstance(reading, Steps | Otherwise):
        steps: tuple[nodes.AnyStep, ...] = reading.steps
    elif isinstance(reading, Loop):
        steps = (nodes.ForEach(name=reading.name, query=reading.query, value=reading.value, steps=()),)
    else:
        steps = (nodes.Assert(condition=reading.node, message=nodes.TextLiteral(parts=("…",))),)
    return " ".join(" ".join(format_step(step) for step in finish(steps)).split())


def _unknown(matcher: Matcher, context: Context) -> Iterator[str]:
    known = _known_words(context)
    for position, token in enumerate(matcher.tokens):
        if token.kind != "word" or token.low in matcher.grammar.words or token.low in words.STOP_WORDS:
            continue
        if token.low in words.NUMBERS or token.low in words.SCALES or token.low in words.MONTHS:
            continue
        if token.low in words.UNITS or any(
            words.same(token.low, word) or words.verb_of(token.low, word) for word in known
        ):
            continue
        if _is_verb(matcher, position, context):
            continue
        explained = any(f'"{token.low}"' in reason for _, reason, _ in matcher.rejected)
        if not explained and not _in_a_value(matcher, position, context):
            yield token.value


def _is_verb(matcher: Matcher, position: int, context: Context) -> bool:
    return any(
        matcher.read(phrase, position, context.within(source))
        for source in context.world.sources
        for phrase in ("reference_verb", "field_verb", "opposite_verb", "deed_verb")
    )


def _known_words(context: Context) -> set[str]:
    known: set[str] = set()
    for source in context.world.sources:
        known |= set(name_words(source.store.name))
        for field in source.store.fields:
            known |= {word for way in field_names(source.store, field) for word in way}
        for key in source.store.foreign_keys:
            known |= {word for way in reference_names(source.store, key) for word in way}
    for variable in context.variables:
        known |= {word for way in variable.words for word in way}
    for name in context.world.scripts:
        known |= set(name_words(name))
        found = context.world.signatures(name)
        known |= {word for one in (found[0].params if found else ()) for word in name_words(one.name)}
    if context.subject is not None:
        known |= {word for field in context.subject.store.fields for word in name_words(field.name)}
    return known


def _in_a_value(matcher: Matcher, position: int, context: Context) -> bool:
    """Whether the word is, or is part of, a value that some text field holds."""
    for start in range(max(0, position - 2), position + 1):
        for end in range(position + 1, min(len(matcher.tokens), start + 4) + 1):
            value = matcher.source(start, end)
            if any(holding(source, value, context, 0) for source in context.world.sources):
                return True
    return False
