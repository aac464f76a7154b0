"""A sentence that leaves something open ("high-salary employees", "create a reorder") → what to ask its author, and the
sentence with the answer in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sopc.english.clauses.talk import Tokens, lows, names_store
from sopc.english.lexicon import same_words
from sopc.english.patterns.names import field_names
from sopc.english.patterns.semantics import World
from sopc.english.patterns.tokens import name_words

_HIGH: Final = ("high", "large", "big", "great", "long")
_LOW: Final = ("low", "small", "little", "short")


@dataclass(frozen=True)
class LeftOpen:
    """question: to the author. form: what an answer looks like. before, after: the sentence around the answer."""

    question: str
    form: str
    before: str
    after: str = ""
    bare: str = ""
    """What stands before an answer that is only a number."""

    def told(self, answer: str) -> str:
        plain = answer.strip().rstrip(".")
        number = plain.lstrip("$€£").replace(",", "").replace(".", "", 1).isdigit()
        return f"{self.before}{self.bare if number else ''}{plain}{self.after}"


def unbounded(text: str, tokens: Tokens, world: World) -> LeftOpen | None:
    """As in "high-salary employees": from which salary on that is, is not said."""
    said = lows(tokens)
    for at, low in enumerate(said):
        if low not in (*_HIGH, *_LOW):
            continue
        for size in (3, 2, 1):
            field = tuple(said[at + 1 : at + 1 + size])
            noun = said[at + 1 + size : at + 2 + size]
            if len(field) < size or not noun or not _measures(field, noun, world):
                continue
            rest = text[: tokens[at].start] + text[tokens[at + 1 + size].start : tokens[-1].end]
            bound, from_ = ("at least ", "from which") if low in _HIGH else ("at most ", "up to which")
            name = " ".join(field)
            question = f"{from_} {name} is it {low}?"
            return LeftOpen(question, "a number, such as 100", f"{rest} whose {name} is ", bare=bound)
    return None


def _measures(field: tuple[str, ...], noun: Sequence[str], world: World) -> bool:
    return any(
        one.type.name in ("int", "decimal", "float")
        and any(same_words(field, way) for way in field_names(source.store, one))
        for source in world.sources if names_store(noun, source)
        for one in source.store.fields
    )  # fmt: skip


def without_fields(text: str, tokens: Tokens, store: str, fields: Sequence[str]) -> LeftOpen:
    """As in "create a reorder": what a new row needs and is not said."""
    names = [" ".join(name_words(one)) for one in fields]
    question = (
        f"what {'are' if names[1:] else 'is'} the {_listed(names, 'the ')} of the new {' '.join(name_words(store))}?"
    )
    form = _listed([f"{name} …" for name in names])
    return LeftOpen(question, form, f"{text[: tokens[-1].end]}, with ")


def _listed(names: Sequence[str], article: str = "") -> str:
    return f" and {article}".join([f", {article}".join(names[:-1]), names[-1]] if len(names) > 1 else names)
