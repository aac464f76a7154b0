"""Stores of a sentence, held against those of its steps; and whether sources are tied together by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.doubts.facts import Did, Fact, Place, Read, Test, Tied, Written
from sopc.english.doubts.names import is_said, means_otherwise, modifies
from sopc.english.doubts.numbers import numbers_of
from sopc.english.doubts.said import Said
from sopc.english.doubts.text import Doubt, Rule, Text, akin
from sopc.english.lexicon import singular
from sopc.english.patterns.tokens import name_words
from sopc.english.reading import evidence as ev

_NAMED: Final = 0.15  # the cost up to which a store is said


def _unsaid(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Stores that steps use and no sentence speaks of, other than on the way between two others."""
    tied = {place[0] for fact in text.every if isinstance(fact, Tied) for pair in fact.pairs for place in pair}
    for store in sorted({fact.store for fact in own if isinstance(fact, Read | Written)} & text.stores.keys() - tied):
        if any(store in one.stores or any(place[0] == store for place in one.fields) for one in text.sentences):
            continue
        if store in _chosen_by_value(text) or any(is_said(text, place) for place in text.used if place[0] == store):
            continue
        yield Doubt("T0602", said.number, f"its steps use {store}, and no sentence speaks of it")


def _chosen_by_value(text: Text) -> set[str]:
    """Stores of which a row is chosen by a text that is said: "Silva" is a patient."""
    found: set[str] = set()
    for fact in text.every:
        if isinstance(fact, Test) and fact.op == "eq":
            texts = [value.lower() for value, _ in fact.right.constants if isinstance(value, str)]
            if any(value in one.plain for value in texts for one in text.sentences):
                found |= {place[0] for place in fact.left.places}
    return found


def _unused(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Stores that the sentence names and no step uses."""
    used = text.reads | {store for store, _ in text.used}
    calls = {word for one in text.every if isinstance(one, Did) and one.kind == "call" for word in name_words(one.name)}
    spans: dict[tuple[int, int], set[str]] = {}
    for one in said.evidences:
        if isinstance(one, ev.Store) and one.cost <= _NAMED:
            spans.setdefault((one.start, one.end), set()).add(one.store)
    for (start, end), names in spans.items():
        called = {word for name in names for word in name_words(name)} & calls
        words = [one.low for one in said.tokens[start:end]]
        if names & used or called or text.refer_to(names) or text.names_all(words):
            continue
        if (
            text.names_rows(words)
            or modifies(text, said, end)
            or _measures(text, said, start)
            or _is_verb(words, names)
        ):
            continue
        if not means_otherwise(text, said, start, end):
            message = f"it says {said.shown(start, end)}, and its steps do not use {min(names)}"
            yield Doubt("T0601", said.number, message)


def _measures(text: Text, said: Said, start: int) -> bool:
    """Whether the word is the unit of a number that steps compare with a field: "can seat 50 students"."""
    numbers = {amount.value for amount in said.amounts if amount.end == start}
    return any(isinstance(one, Test) and one.left.is_plain and numbers & {*numbers_of(one.right)} for one in text.every)


def _is_verb(words: list[str], names: set[str]) -> bool:
    """Whether the word is a form of a store's name that only a verb has: taught, of a store called teaches."""
    (word, *more) = words
    nouns = {singular(one) for name in names for one in name_words(name)}
    return not more and word not in nouns and singular(word) not in nouns


def _ties(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Sources that nothing ties together, or something else than their keys."""
    for fact in own:
        if not isinstance(fact, Tied):
            continue
        if fact.loose is not None:
            message = f"it asks for each row of {fact.loose[0]} the same of {fact.loose[1]}"
            yield Doubt("T0604", said.number, message)
        for one, other in sorted(fact.pairs):
            if not _are_keys(text, one, other) and not _is_role(text, one, other) and not _is_role(text, other, one):
                message = f"its steps tie {'.'.join(one)} to {'.'.join(other)}, which is no key of both"
                yield Doubt("T0604", said.number, message)


def _are_keys(text: Text, one: Place, other: Place) -> bool:
    """Whether two fields may hold the same key: one refers to the other, both to a third, or nothing is declared and
    their names agree."""
    if one == other or _referred(text, one) & _referred(text, other):
        return True
    if any(
        key.other_store == theirs
        for mine, theirs in ((one[0], other[0]), (other[0], one[0]))
        for key in (text.stores[mine].foreign_keys if mine in text.stores else ())
    ):
        return False
    words, others = name_words(one[1]), name_words(other[1])
    if words != others and (_also_has(text, one, other) or _also_has(text, other, one)):
        return False
    if words == others or words[-1:] == others[-1:]:
        return True
    return bool({*words} & {*name_words(other[0]), "id"} or {*others} & {*name_words(one[0]), "id"})


def _also_has(text: Text, one: Place, other: Place) -> bool:
    """Whether the first one's store has a field with the whole name of the second: booking_id is not tied to guest_id
    where bookings have a guest_id, too."""
    store = text.stores.get(one[0])
    is_own = one[0] == other[0] or len(name_words(other[1])) < 2
    return store is not None and not is_own and store.field(other[1]) is not None


def _is_role(text: Text, one: Place, other: Place) -> bool:
    """Whether a field that refers to nothing declared is called after what somebody is said to be or do: manager_id, of
    "employees who manage a department"."""
    store, field = text.stores.get(one[0]), text.stores.get(other[0])
    if store is None or field is None or list(store.primary_key) != [one[1]]:
        return False
    (*role, tail) = name_words(other[1])
    is_free = not text.is_key(other) and not _also_has(text, other, one)
    said = any(akin(word, each) for word in role for sentence in text.sentences for each in sentence.words)
    return is_free and said and tail == name_words(one[1])[-1]


def _referred(text: Text, place: Place) -> set[Place]:
    """The field, and those that it refers to, also through others."""
    found = {place}
    waiting = [place]
    while waiting:
        name, field = waiting.pop()
        store = text.stores.get(name)
        for key in store.foreign_keys if store else ():
            for mine, theirs in zip(key.fields, key.other_fields, strict=False):
                if mine == field and (key.other_store, theirs) not in found:
                    found.add((key.other_store, theirs))
                    waiting.append((key.other_store, theirs))
    return found


RULES: Final[tuple[Rule, ...]] = (_unsaid, _unused, _ties)
