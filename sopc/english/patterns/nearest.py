"""A sentence that could not be read → one like it that can be, and that says neither more nor less; else nothing.

A form may say things in other words. It keeps every comparison with its direction, and every number, value, time,
negation, order and figure, adds none, and changes data only as the sentence asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from runtime.query.schema import Field
from sopc.english.lexicon import Phrase, phrases_at
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Matcher
from sopc.english.patterns.semantics import Context, Source
from sopc.english.patterns.stored import spans
from sopc.english.patterns.tokens import Token, name_words, tokenize, without_courtesy

Senses = Counter[tuple[str, str]]

_TRIED: Final = 12
_NUMERIC: Final = ("int", "float", "decimal")

_OPS: Final = {">": "above", "<": "below", ">=": "at least", "<=": "at most", "=": ""}
# Kinds of words that say nothing by themselves.
_LINKS: Final = frozenset({"show", "be", "have", "and", "join", "relative", "whose", "called", "filler", "discourse"})


def _meaning(phrase: Phrase) -> tuple[str, str] | None:
    """What a phrase of the lexicon says; phrases that say the same are alike. None for a link."""
    sense, kind = phrase.sense, phrase.sense.kind
    if kind in _LINKS:
        return None
    if kind == "adjective":
        end = "".join(sorted({*sense.larger.values(), sense.time}))
        return ("compare" if phrase.degree == "comparative" else "order", f"{end} {sorted(sense.larger)}")
    if kind in ("compare", "bound"):
        return "compare", f"{sense.of} {sense.op}".strip()
    if kind in ("order", "direction", "rank", "first"):
        return "order", sense.direction or phrase.name
    if kind == "count":
        return kind, "once" if {"different", "distinct", "unique"} & {*phrase.words} else ""
    return kind, sense.fn or sense.does or phrase.name


def senses(tokens: tuple[Token, ...], known: Collection[str]) -> tuple[Senses, list[str]]:
    """What words say besides names; and the words that mean nothing. known: words that patterns know."""
    found: Senses = Counter()
    others: list[str] = []
    lows = [token.low for token in tokens]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        phrase = next(phrases_at(lows, position), None) if token.low else None
        number = words.NUMBERS.get(token.low, words.ORDINALS.get(token.low, words.SCALES.get(token.low)))
        if token.kind == "number" and token.value[-1:] != "%":
            found["number", f"{Decimal(token.value).normalize():f}"] += 1
        elif number is not None:
            found["number", f"{Decimal(number).normalize():f}"] += 1
        elif token.kind in ("number", "date", "text"):
            found["value", token.value.lower()] += 1
        elif phrase is not None:
            meaning = _meaning(phrase)
            found.update([meaning] if meaning else [])
            position += len(phrase.words)
            continue
        elif token.low in known and token.low not in words.STOP_WORDS and token.kind == "word":
            found["word", token.low] += 1
        elif token.kind in ("word", "name") and token.low not in words.STOP_WORDS:
            others.append(token.low or token.value)
        position += 1
    return found, others


@dataclass(frozen=True)
class _Spoken:
    """What is recognised of a sentence. values: fields and the values of theirs that it has. unknown: words that are
    no name, value or known word."""

    source: Source
    fields: tuple[Field, ...]
    values: tuple[tuple[Field, str], ...]
    senses: Senses
    unknown: tuple[str, ...]
    named: bool
    score: int


def nearest(matcher: Matcher, context: Context) -> str | None:
    """A readable sentence that says the same; None if there is none."""
    recognised = [_recognised(matcher, context, source) for source in context.world.sources]
    spoken = max(recognised, key=lambda one: one.score, default=None)
    if spoken is None or not spoken.named or matcher.low(0) in spoken.unknown:
        return None  # what is spoken of, or what is to be done, is not known
    forms = [form for form in dict.fromkeys(_forms(spoken)) if _says_the_same(form, spoken, matcher, context)]
    return next((form for form in forms[:_TRIED] if _is_readable(form, matcher, context)), None)


def _says_the_same(form: str, spoken: _Spoken, matcher: Matcher, context: Context) -> bool:
    read = _recognised(Matcher(matcher.grammar, form, tokenize(form)), context, spoken.source)
    added = {field.name for field, _ in spoken.values}
    return read.senses == spoken.senses and {*_names(read)} | added == {*_names(spoken)} | added


def _names(spoken: _Spoken) -> Iterator[str]:
    yield from (field.name for field in spoken.fields)


def _is_readable(form: str, matcher: Matcher, context: Context) -> bool:
    meanings = Matcher(matcher.grammar, form, without_courtesy(tokenize(form))).whole("steps", context)
    return bool(meanings) and all(one.steps == meanings[0].steps for one in meanings)


def _recognised(matcher: Matcher, context: Context, source: Source) -> _Spoken:
    inside = context.within(source)
    fields: list[Field] = []
    values: list[tuple[Field, str]] = []
    left: list[Token] = []
    score = position = 0
    named = False
    while position < len(matcher.tokens):
        end = max((end for end, _ in matcher.read("head", position, inside)), default=position)
        named |= end > position
        score += 3 * (end - position)
        for stop, value in matcher.read("own_field", position, inside):
            found = source.store.field(value.field or "")
            if found is not None and found not in fields:
                fields.append(found)
            score += stop - position
            end = max(end, stop)
        if end == position:
            for stop, text in spans(matcher, position):
                held = [
                    (field, spelt)
                    for field in source.store.fields
                    if field.type.name == "text"
                    for spelt in context.world.spelling(source, field.name, text)[:1]
                ]
                if held:
                    values.append(held[0])
                    score += 2
                    end = stop
        if end == position:
            left.append(matcher.tokens[position])
        position = max(end, position + 1)
    found_senses, unknown = senses(tuple(left), matcher.grammar.words)
    found_senses.update(("value", value.lower()) for _, value in values)
    return _Spoken(source, tuple(fields), tuple(values), found_senses, tuple(unknown), named, score)


def _forms(spoken: _Spoken) -> Iterator[str]:
    """Sentences over what was recognised."""
    plural = _words(spoken.source.store.name)
    writes = [what for kind, what in spoken.senses if kind == "write"]
    fields = [_words(field.name) for field in spoken.fields]
    numbers = [_words(field.name) for field in spoken.fields if field.type.name in _NUMERIC]
    for clause in _clauses(spoken, numbers):
        rows = f"{plural}{clause}"
        if writes:
            if writes == ["delete"] and clause and not spoken.unknown:
                yield f"delete the {rows}"
            continue
        if fields:
            yield f"show the {_listed(fields)} of the {rows}"
        yield f"show the {rows}"
        yield f"show the number of {rows}"
        for field in numbers:
            yield f"show the total {field} of the {rows}"
            yield f"show the average {field} of the {rows}"
            yield f"show the {rows}, highest {field} first"
            yield f"show the {rows}, lowest {field} first"
            yield from (f"show the total {field} of the {rows} per {text}" for text in fields if text != field)
        yield from (f"show the number of {rows} per {field}" for field in fields)


def _clauses(spoken: _Spoken, numbers: list[str]) -> Iterator[str]:
    """Which rows: by the values and the number that are said."""
    values = [f"whose {_words(field.name)} is {_quoted(value)}" for field, value in spoken.values]
    ops = [what for kind, what in spoken.senses.elements() if kind == "compare"]
    amounts = [what for kind, what in spoken.senses.elements() if kind == "number"]
    tests = [
        f"whose {field} is {_OPS[op]} {amount}".replace("is  ", "is ")
        for op in (ops or ["="])[:1]
        for amount in amounts[:1]
        for field in numbers
        if op in _OPS
    ]
    for test in tests or [""]:
        parts = [*values, *([test] if test else [])]
        yield f" {' and '.join(parts)}" if parts else ""


def _listed(names: list[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def _words(name: str) -> str:
    return " ".join(name_words(name))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
    return f'"{escaped}"'
