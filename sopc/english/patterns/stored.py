"""Words → values that the data holds, and the conditions that a field has them (primitives of the matcher)."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.values.types import TEXT
from sopc.english.lexicon import lexicon
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Several
from sopc.english.patterns.names import field_names, field_value, hop_along
from sopc.english.patterns.semantics import Condition, Context, Source, Value, any_of, compare, negate, text, via
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes

_LONGEST_VALUE = 6
_FEW = 30  # values of a field among which a word may have an opposite


def spans(matcher: Matcher, position: int) -> Iterator[tuple[int, str]]:
    """(end, text) of the tokens from `position` on that may be a value: quoted text, or a few words as they stand."""
    if position >= len(matcher.tokens):
        return
    first = matcher.tokens[position]
    if first.kind == "text":
        yield position + 1, first.value
        return
    if first.kind not in ("word", "number") or first.low in words.STOP_WORDS:
        return
    for end in range(position + 1, min(position + _LONGEST_VALUE, len(matcher.tokens)) + 1):
        last = matcher.tokens[end - 1]
        if last.kind in ("text", "date", "name") or last.value in (",", ";", ":", "(", ")"):
            return
        if last.kind == "mark" or last.low in words.STOP_WORDS:
            continue
        yield end, matcher.source(position, end)


def stored(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A value, as the condition that a text field of the rows holds it: own fields first, then those that references
    reach. Several fields that hold it are several readings."""
    source = context.source
    if source is None or source.emits:
        return
    for end, value in spans(matcher, position):
        found = holding(source, value, context)
        if not found and matcher.tokens[position].kind == "word":
            found = [one for other in words.others(value) for one in holding(source, other, context)]
        if found:
            yield end, Several(tuple(found))
        elif matcher.tokens[position].kind == "text":
            matcher.reject(end, f'no text field of {source.store.name} holds "{value}"')


def holding(source: Source, value: str, context: Context, depth: int = 2) -> list[Condition]:
    """The conditions that each field holding that value equals it: of the row itself, else of what it points at."""
    found = [
        Condition(equals(field_value(source, field), spellings), (field.name,))
        for field in source.store.fields
        if field.type.name == "text" and (spellings := context.world.spelling(source, field.name, value))
    ]
    if found or depth == 0:
        return found
    for key in source.store.foreign_keys:
        hop = hop_along(source, key, context)
        found += [
            Condition(via((hop,), condition.node), key.fields)
            for condition in holding(hop.target, value, context, depth - 1)
        ]
    return found


def equals(value: Value, spellings: tuple[str, ...]) -> nodes.Expr:
    return any_of([compare("=", value.node, text(one)) for one in spellings])


def stored_here(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A value of the text field that the context compares with, without quotes."""
    target = context.target
    owner = target.owner if target is not None else None
    if target is None or target.type.name not in ("text", "any") or position >= len(matcher.tokens):
        return
    if target.field is None or owner is None or owner.emits or matcher.tokens[position].kind == "text":
        return
    for end, value in spans(matcher, position):
        found = context.world.spelling(owner, target.field, value)
        if not found:
            others = words.others(value)
            found = tuple(one for other in others for one in context.world.spelling(owner, target.field, other))
        if found:
            yield end, Value(text(found[0]), TEXT, spellings=found)
        else:
            matcher.reject(position, f'"{value}" is not a value of {target.field} (quotes make any text a value)')


def opposite(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """As in "unbroken": the opposite of a yes/no field, of a value, or of what happened on a day."""
    source, low = context.source, matcher.low(position)
    if source is not None and low in lexicon().words.open and not holding(source, low, context, 0):
        ended = _not_ended(source)
        yield from ((position + 1, one) for one in ended[:1] if len(ended) == 1)
    stem = next((low[len(start) :] for start in words.OPPOSITES if low.startswith(start)), "")
    if source is None or len(stem) < 3:
        return
    for field in source.store.fields:
        value = field_value(source, field)
        if field.type.name == "bool" and (stem,) in field_names(source.store, field):
            yield position + 1, Condition(negate(value.node), (field.name,))
        if field.type.name in ("date", "timestamp") and field.type.nullable:
            first, *rest = name_words(field.name)
            if len(rest) == 1 and rest[0] in words.DATE_ENDINGS and words.verb_of(stem, first):
                yield position + 1, Condition(nodes.IsNull(arg=value.node), (field.name,))
    if source.origin is not None:
        for condition in holding(source, stem, context, 0):
            others = {
                value.lower()
                for name in condition.mentioned
                for value in context.world.sampler.examples(source.qualified, name, _FEW)
                if value.lower() != stem
            }
            if len(others) == 1:
                yield position + 1, Condition(negate(condition.node), condition.mentioned)
            elif low not in others:
                meant = ", ".join(sorted(others)[:4])
                matcher.reject(position + 1, f'"{low}" may be any of {meant}: say which, or "whose … is not {stem}"')


def _not_ended(source: Source) -> list[Condition]:
    """Each way in which a row may still be open: not done, with no day on which it was returned."""
    ended = lexicon().words.ended
    found: list[Condition] = []
    for field in source.store.fields:
        value, parts = field_value(source, field), name_words(field.name)
        if field.type.name == "bool" and parts[-1] in ended:
            found.append(Condition(negate(value.node), (field.name,)))
        elif field.type.name in ("date", "timestamp") and field.type.nullable and parts[0] in ended:
            found.append(Condition(nodes.IsNull(arg=value.node), (field.name,)))
    return found


PRIMITIVES: dict[str, Primitive] = {"stored": stored, "stored_here": stored_here, "opposite": opposite}
