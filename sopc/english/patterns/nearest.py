"""A sentence that could not be read → the sentence most like it that can be, over the names and values it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from runtime.query.schema import Field, Store
from sopc.english.patterns import words
from sopc.english.patterns.keys import measures
from sopc.english.patterns.matcher import Matcher
from sopc.english.patterns.semantics import Context, Source
from sopc.english.patterns.stored import spans, spelling
from sopc.english.patterns.tokens import name_words, tokenize, without_courtesy

_TRIED = 8
_YEAR = re.compile("(19|20)[0-9]{2}")
_NUMERIC = ("int", "float", "decimal")

# First words of a sentence → the kinds of sentence that it may be meant as.
_KINDS = {
    **dict.fromkeys(("delete", "remove", "drop", "erase", "throw", "wipe", "clear"), "delete"),
    **dict.fromkeys(("set", "change", "update", "rename", "replace", "mark"), "set"),
    **dict.fromkeys(("increase", "raise", "grow", "reduce", "decrease", "lower", "cut"), "shift"),
    **dict.fromkeys(("create", "insert", "add", "record", "make", "store", "enter"), "create"),
    **dict.fromkeys(("for",), "for"),
    **dict.fromkeys(("if", "when", "unless", "otherwise"), "if"),
    **dict.fromkeys(("how", "count"), "count"),
    **dict.fromkeys(("return",), "return"),
    **dict.fromkeys(("stop", "fail", "abort"), "stop"),
    **dict.fromkeys(("ask",), "ask"),
    **dict.fromkeys(("say", "write", "announce", "note"), "say"),
    **dict.fromkeys(("find", "take", "get", "collect", "select", "pick", "fetch"), "find"),
    **dict.fromkeys(("let", "compute", "calculate", "work"), "let"),
    **dict.fromkeys(("which", "what", "who"), "which"),
}


@dataclass(frozen=True)
class _Spoken:
    """What is recognised of a sentence. values: fields and the values of theirs that it has. numbers: as written."""

    source: Source
    fields: tuple[Field, ...]
    values: tuple[tuple[Field, str], ...]
    numbers: tuple[str, ...]
    score: int


def nearest(matcher: Matcher, context: Context) -> str | None:
    """A readable sentence of the same kind; None where there is no store to speak of."""
    recognised = [_recognised(matcher, context, source) for source in context.world.sources]
    if not recognised:
        return None
    spoken = max(recognised, key=lambda one: one.score)
    said = [token.low or token.value.lower() for token in matcher.tokens]

    def likeness(form: str) -> tuple[int, float]:
        """By how much of what was recognised it has, then by how alike the words are."""
        written = [token.low or token.value.lower() for token in tokenize(form)]
        kept = [*(_words(field.name) for field in spoken.fields), *(value.lower() for _, value in spoken.values)]
        plain = " ".join(written)
        covered = sum(f" {one} " in f" {plain} " for one in (*kept, *spoken.numbers))
        return covered, SequenceMatcher(None, said, written, autojunk=False).ratio()

    forms = sorted(dict.fromkeys(_forms(matcher.low(0), spoken)), key=likeness, reverse=True)
    return next((form for form in forms[:_TRIED] if _is_readable(form, matcher, context)), None)


def _is_readable(form: str, matcher: Matcher, context: Context) -> bool:
    meanings = Matcher(matcher.grammar, form, without_courtesy(tokenize(form))).whole("steps", context)
    return bool(meanings) and all(one.steps == meanings[0].steps for one in meanings)


def _recognised(matcher: Matcher, context: Context, source: Source) -> _Spoken:
    inside = context.within(source)
    fields: list[Field] = []
    values: list[tuple[Field, str]] = []
    score = 0
    position = 0
    while position < len(matcher.tokens):
        end = max((end for end, _ in matcher.read("head", position, inside)), default=position)
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
                    for spelt in spelling(source, field.name, text, context)[:1]
                ]
                if held:
                    values.append(held[0])
                    score += 2
                    end = stop
        position = max(end, position + 1)
    written = [token.value for token in matcher.tokens if token.kind == "number" and "%" not in token.value]
    numbers = tuple(number for number in written if not _YEAR.fullmatch(number))
    return _Spoken(source, tuple(fields), tuple(values), numbers, score)


def _forms(first: str, spoken: _Spoken) -> Iterator[str]:
    """Sentences that could have been meant, each over what was recognised."""
    store = spoken.source.store
    plural = _words(store.name)
    numbers = [field for field in spoken.fields if field.type.name in _NUMERIC] or measures(store)[:2]
    texts = [field for field in spoken.fields if field.type.name in ("text", "bool")]
    texts = texts or [field for field in store.fields if field.type.name == "text"][:2]
    clauses = list(dict.fromkeys(_clauses(spoken, numbers)))
    amount = spoken.numbers[0] if spoken.numbers else "10"
    kind = _KINDS.get(first, "show")
    for clause in clauses:
        rows = f"{plural}{clause}"
        if kind in ("show", "which"):
            yield f"show the {rows}"
            yield from (f"show the {_columns(spoken.fields)} of the {rows}" for _ in spoken.fields[:1])
            yield f"show the number of {rows}"
            yield from (f"show the {rows}, highest {_words(field.name)} first" for field in numbers)
            yield from (f"show the total {_words(field.name)} of the {rows}" for field in numbers)
        if kind == "find":
            yield f"find the {rows}"
        if kind == "delete" and clause:
            yield f"delete the {rows}"
        if kind == "count":
            yield f"how many {rows} are there?"
            yield f"count the {rows}"
        if kind == "return":
            yield f"return the number of {rows}"
            yield from (f"return the total {_words(field.name)} of the {rows}" for field in numbers)
        if kind == "let":
            yield f"let the limit be the number of {rows}"
        if kind == "for":
            yield from (f'for each of the {rows}, say "{{its {_words(field.name)}}}"' for field in spoken.fields)
            yield f'for each of the {rows}, say "…"'
            yield f"for each of the {rows}, delete it"
        if kind == "if":
            yield f'if there are more than {amount} {rows}, say "…"'
            yield f'if there are no {rows}, stop with the message "…"'
        if kind == "stop":
            yield f'stop with the message "…" if there are no {rows}'
        if kind in ("set", "shift"):
            for field in spoken.fields or store.fields:
                yield f"set the {_words(field.name)} of the {rows} to {_value(field)}"
            yield from (f"increase the {_words(field.name)} of the {rows} by {amount}" for field in numbers)
    for text, number in ((text, number) for text in texts for number in numbers):
        if kind in ("show", "which"):
            yield f"show the total {_words(number.name)} per {_words(text.name)}"
            yield f"which {_words(text.name)} has the highest total {_words(number.name)}?"
            yield f"show the {amount} {plural} with the highest {_words(number.name)}"
    for text in texts:
        if kind in ("show", "which", "count"):
            yield f"show the number of {plural} per {_words(text.name)}"
            yield f"show the different {_words(text.name)} of the {plural}"
    if kind == "create":
        yield _creation(store, spoken)
    if kind == "ask":
        yield 'ask "…?"'
    if kind == "say":
        yield 'say "…"'


def _clauses(spoken: _Spoken, numbers: list[Field]) -> Iterator[str]:
    """Which rows: by the values said, by a number said, by both, or all; by any number where nothing was said."""
    values = [f" whose {_words(field.name)} is {_quoted(value)}" for field, value in spoken.values[:1]]
    amounts = [f" whose {_words(field.name)} is above {number}" for number in spoken.numbers[:1] for field in numbers]
    yield from (value + amount.replace(" whose", " and whose", 1) for value in values for amount in amounts)
    yield from values
    yield from amounts
    yield ""
    if not values and not amounts:
        yield from (f" whose {_words(field.name)} is above 10" for field in numbers[:1])


def _creation(store: Store, spoken: _Spoken) -> str:
    needed = [field for field in store.fields if not field.type.nullable and not field.has_default]
    given = [field for field in store.fields if field in needed or field in spoken.fields]
    given = [field for field in given if field.name not in store.primary_key] or list(store.fields[:2])
    return f"create a {words.singular(_words(store.name))} with " + ", ".join(
        f"{_words(field.name)} = {_value(field)}" for field in given
    )


def _value(field: Field) -> str:
    if field.type.name in _NUMERIC:
        return "10"
    if field.type.name in ("date", "timestamp"):
        return "today"
    return "yes" if field.type.name == "bool" else '"…"'


def _columns(fields: tuple[Field, ...]) -> str:
    *before, last = [_words(field.name) for field in fields]
    return f"{', '.join(before)} and {last}" if before else last


def _words(name: str) -> str:
    return " ".join(name_words(name))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
