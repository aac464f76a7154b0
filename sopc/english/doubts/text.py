"""A workflow and the facts of its program → what the rules of the check look at, and the doubts that they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from runtime.query.schema import Store
from sopc.english.doubts.facts import Did, Fact, Facts, Place, Read, Shown, Tied, Written, terms_of
from sopc.english.doubts.said import Said
from sopc.english.lexicon import lexicon, same, singular
from sopc.english.patterns.tokens import name_words
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.evidence import Values


@dataclass(frozen=True)
class Doubt:
    """A difference between text and program that may be a mistake.

    Attributes:
        code: T0601, the steps lack what the sentence says; T0602, they do what no sentence says; T0603, they do
            otherwise than it says; T0604, they can hardly be meant; T0320, they write and no sentence says so.
        sentence: Its number.
        message: What is missing or different.
    """

    code: str
    sentence: int
    message: str


@dataclass
class Text:
    """All that a rule may look at.

    Attributes:
        sentences: In their order.
        facts: Of the steps, by the number of their sentence.
        stores: By name.
        params: The names of the script's parameters.
        values: What the text fields hold.
        answered: What its author answered to questions about the text, in lower case.
        every: The facts of all steps.
        used: The fields that any step uses.
        reads: The stores that any step reads or writes.
        words: The words of all names that any step uses, each name's as one set.
    """

    sentences: Sequence[Said]
    facts: Facts
    stores: Mapping[str, Store]
    params: frozenset[str]
    values: Values
    answered: str
    every: list[Fact] = field(init=False)
    used: set[Place] = field(init=False)
    reads: set[str] = field(init=False)
    words: list[frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.every = [fact for facts in self.facts.values() for fact in facts]
        self.used = set(self._used())
        self.reads = {fact.store for fact in self.every if isinstance(fact, Read | Written)}
        names = [*self.reads, *(name for _, name in self.used)]
        self.words = [frozenset((*spelt_out(name), *name_words(name))) for name in names]

    def _used(self) -> Iterator[Place]:
        for fact in self.every:
            for term in terms_of(fact):
                yield from term.places
            match fact:
                case Shown(whole=store) if store in self.stores:
                    yield from ((store, one.name) for one in self.stores[store].fields)
                case Written(store=store, values=values):
                    yield from ((store, name) for name, _ in values)
                case Tied(pairs=pairs):
                    yield from (place for pair in pairs for place in pair)

    def type_of(self, place: Place) -> str:
        store = self.stores.get(place[0])
        found = store.field(place[1]) if store else None
        return found.type.name if found else ""

    def kind_of(self, place: Place) -> str:
        """What the field's type is like: number, time, text, bool."""
        name = self.type_of(place)
        return _LIKE.get(name, name)

    def is_key(self, place: Place) -> bool:
        store = self.stores.get(place[0])
        return store is not None and (
            place[1] in store.primary_key or any(place[1] in key.fields for key in store.foreign_keys)
        )

    def marked(self, *marks: str) -> bool:
        """Whether any sentence holds one of the marks."""
        return any(one.marked(*marks) for one in self.sentences)

    def has(self, *kinds: str) -> bool:
        """Whether any sentence holds a sense of one of the kinds."""
        return any(one.has(*kinds) for one in self.sentences)

    def names_all(self, words: Sequence[str]) -> bool:
        """Whether some name that steps use has all of these words, in any form."""
        return any(all(any(akin(word, one) for one in name) for word in words) for name in self.words)

    def names_rows(self, words: Sequence[str]) -> bool:
        """Whether a word in the plural is what a store that is read calls its rows by a field: players, of
        match_season.player."""
        (word, *more) = words
        if more or singular(word) == word:
            return False
        fields = (one.name for name in self.reads if name in self.stores for one in self.stores[name].fields)
        return any(same(word, part) for name in fields for part in name_words(name))

    def is_row(self, words: Sequence[str], after: str) -> bool:
        """Whether a word calls a row by a text field of a store that is read, as what follows it tells: "the school
        that was founded in 1900", of university.school."""
        if len(words) != 1 or after not in lexicon().words.relative:
            return False
        places = ((name, one.name) for name in self.reads if name in self.stores for one in self.stores[name].fields)
        return any(self.type_of(place) == "text" and name_words(place[1]) == tuple(words) for place in places)

    def refer_to(self, stores: set[str]) -> bool:
        """Whether a store that steps use refers to one of these, perhaps through others: who takes a section takes its
        course."""
        return not stores.isdisjoint(self._referred)

    @cached_property
    def _referred(self) -> set[str]:
        found: set[str] = set()
        waiting = [*self.reads]
        while waiting:
            store = self.stores.get(waiting.pop())
            for key in store.foreign_keys if store else ():
                if key.other_store not in found:
                    found.add(key.other_store)
                    waiting.append(key.other_store)
        return found

    def does(self, *kinds: str) -> bool:
        """Whether there is a step of one of these kinds."""
        return any(isinstance(one, Did) and one.kind in kinds for one in self.every)

    def any(self, *classes: type[Fact]) -> bool:
        return any(isinstance(one, classes) for one in self.every)

    def nearest_first(self, said: Said) -> list[Said]:
        """The sentence, its neighbours, and all others."""
        return sorted(self.sentences, key=lambda one: abs(one.number - said.number))


def akin(word: str, other: str) -> bool:
    """Whether two words are forms of one, or begin alike: weight and "weigh", followers and "followed"."""
    if same(word, other):
        return True
    short, long = sorted((word, other), key=len)
    return len(short) > 3 and (word[:5] == other[:5] if len(short) > 4 else long.startswith(short))


_LIKE = {"int": "number", "float": "number", "decimal": "number", "date": "time", "timestamp": "time"}
Rule = Callable[[Text, Said, list[Fact]], Iterator[Doubt]]
