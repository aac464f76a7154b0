"""Texts and values of the data that a sentence says, held against those of its steps, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sopc.english.doubts.facts import Fact, Grouped, Shown, Term, Test, Written, terms_of
from sopc.english.doubts.names import means_otherwise
from sopc.english.doubts.said import Said
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.lexicon import lexicon, same
from sopc.english.reading import evidence as ev

_HOLES: Final = re.compile(r"\{[^{}]*\}|[{}]")


def _texts_of(term: Term) -> list[str]:
    return [value for value, type_ in term.constants if type_ == "text" and isinstance(value, str)]


def _plain(value: str) -> str:
    return " ".join(value.lower().split())


def _loose(value: str) -> str:
    """As a value is looked up: "no-show" is the no_show that the data hold."""
    return " ".join(re.findall(r"[^\W_]+", value.lower()))


def _all_texts(text: Text) -> str:
    """Every text of the program, in lower case."""
    terms = [term for fact in text.every for term in terms_of(fact)]
    others = [str(value) for term in terms for value, type_ in term.constants if type_ != "text"]
    written = [*others, *(one.replace("T", " ").lower() for one in others)]
    return " ".join([*(_plain(one) for term in terms for one in _texts_of(term)), *written])


def _quoted(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Quoted texts that no step holds."""
    there = _all_texts(text)
    for token in said.tokens:
        pieces = [piece for piece in _HOLES.split(token.value) if piece.strip()] if token.kind == "text" else []
        if any(_plain(piece) not in there and _loose(piece) not in _loose(there) for piece in pieces):
            yield Doubt("T0601", said.number, f'it says "{token.value}", and no step does')


def _held(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Values of the data that the sentence names and no step holds. A value such as "the" has to be quoted."""
    there = _all_texts(text)
    fillers = frozenset(lexicon().words.filler)
    shown = {
        place for fact in own if isinstance(fact, Shown | Grouped) for one in terms_of(fact) for place in one.places
    }
    spans: dict[tuple[int, int], list[ev.Value]] = {}
    for one in said.values():
        spans.setdefault((one.start, one.end), []).append(one)
    for (start, end), values in spans.items():
        words = said.shown(start, end)
        longer = any(first <= start and end <= last and last - first > end - start for first, last in spans)
        if all(one.value.lower() in lexicon().words.empty for one in values):
            continue
        if all(token.low in fillers for token in said.tokens[start:end]):
            continue
        if len(words) == 1 and words.islower():  # "(s)he"
            continue
        if longer or words.isdigit() or words.lower() in there or any(_plain(one.value) in there for one in values):
            continue
        if any((one.store, one.field) in shown for one in values):  # "good or bad": which of them is asked
            continue
        if any(one.store in text.reads for one in values) and not means_otherwise(text, said, start, end, values=True):
            yield Doubt("T0601", said.number, f"it says {words}, and no step does")


def _invented(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Texts that a step compares or writes, and no sentence says."""
    for fact in own:
        match fact:
            case Test(right=right):
                terms = [right]
            case Written(values=values):
                terms = [term for _, term in values]
            case _:
                continue
        for value in (value for term in terms if not term.functions for value in _texts_of(term)):
            if (
                any(map(str.isalpha, value))
                and value.lower() not in text.answered
                and not any(_says(one, value) for one in text.sentences)
            ):
                yield Doubt("T0602", said.number, f'its steps say "{value}", and no sentence does')


def _says(said: Said, value: str) -> bool:
    low = _plain(value)
    if low in said.plain or low.strip("%") in said.plain:
        return True
    words = re.findall(r"\w+", low.replace("_", " "))
    there = said.words | set(re.findall(r"\w+", said.plain))
    if len(words) > 1 and "".join(word[0] for word in words) in said.words:  # LA, of Los Angeles
        return True
    found = [any(_akin(word, one) for one in there) for word in words]
    return any(found) or not found or _stands_for(low, said)


def _akin(word: str, said: str) -> bool:
    """Whether two words are forms of one, or begin alike: "German" and "Germany"."""
    size = max(4, min(len(word), len(said)) - 3)
    return same(word, said) or (len(word) >= 4 and len(said) >= 4 and word[:size] == said[:size])


def _stands_for(low: str, said: Said) -> bool:
    """Whether a short code stands for words: F for female, USA for United States, Y for a yes/no question."""
    if len(low) > 4 or not low.isalpha():
        return False
    words = re.findall(r"\w+", said.plain)
    if len(low) == 1:
        return low in "yntfm" or any(word.startswith(low) and len(word) > 3 for word in words)
    if low in "".join(word[0] for word in words):
        return True
    if any(len(word) > 1 and low.startswith(word) for word in words):
        return True
    return any(word[0] == low[0] and len(word) > len(low) and _in_order(low, word) for word in words)


def _in_order(letters: str, word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)


def _misplaced(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Values that steps look for in a field that does not hold them, while another one does."""
    for fact in own:
        if not isinstance(fact, Test) or fact.op not in ("eq", "ne") or not fact.left.is_plain or fact.right.functions:
            continue
        for value in _texts_of(fact.right):
            held = [(store, name) for _, store, name, _ in text.values.lookup(value)]
            if held and not fact.left.places & set(held):
                looked = min(fact.left.places)[1]
                message = f'its steps look for "{value}" in {looked}, and {held[0][1]} of {held[0][0]} holds it'
                yield Doubt("T0603", said.number, message)


RULES: Final[tuple[Rule, ...]] = (_quoted, _held, _invented, _misplaced)
