"""A question → its readings, cheapest first: evidences, parts, rows, and a logical form for each way to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, Self

from runtime.query.schema import Schema, Store
from sopc.english.magnitudes import SAMPLE, looks_like
from sopc.english.patterns.tokens import without_courtesy
from sopc.english.reading import evidence, logic
from sopc.english.reading.kinds import Examples, Flags, kind_of, truth_of
from sopc.english.reading.lower import lower
from sopc.english.reading.parts import State
from sopc.english.reading.paths import Paths, paths_of
from sopc.english.reading.resolve import Reading, Resolver
from sopc.english.reading.rows import NoReading
from sopc.english.reading.search import search
from sopc.english.reading.sentence import Sentence
from sopc.english.reading.shares import Counts, counts, share
from sopc.english.reading.tokens import Token, tokenize
from sopc.tree import nodes

LOW: Final = 0.2  # below it a reading is delivered
HIGH: Final = 3.0  # above it, it is refused; between them its author confirms it
MARGIN: Final = 0.1  # two readings closer than that are asked about
_MOST: Final = 3


@dataclass(frozen=True)
class Read:
    """A reading of a question. cost: how much had to be guessed."""

    cost: float
    show: logic.Show
    query: nodes.Query


def _is_link(store: Store) -> bool:
    """Whether a store only ties two others: all its fields are keys of them, or its key is made of theirs."""
    pointing = {name for key in store.foreign_keys for name in key.fields}
    return len(store.foreign_keys) > 1 and bool(store.primary_key) and set(store.primary_key) <= pointing


def _keys(store: Store) -> set[str]:
    return {*store.primary_key, *(name for key in store.foreign_keys for name in key.fields)}


class Shape(NamedTuple):
    """What a sentence asks of a schema. types: what each field is read as, by its store and name. links: stores
    that only tie two others. keys: (store, field) of the fields that are part of a key. numbered: the whole number
    that is the key of a store. truths: what fields of other types hold for no and yes."""

    types: dict[tuple[str, str], str]
    links: frozenset[str]
    keys: frozenset[tuple[str, str]]
    numbered: dict[str, str]
    truths: dict[tuple[str, str], tuple[int | str, int | str]]

    @classmethod
    def of(cls, database: str, schema: Schema, examples: Examples, flags: Flags) -> Self:
        stores = schema.stores
        fields = [(store, field, f"{database}.{name}") for name, store in stores.items() for field in store.fields]
        truths = {
            (store.name, field.name): truth
            for store, field, qualified in fields
            if (truth := truth_of(store, field, qualified, examples, flags)) is not None
        }
        return cls(
            {(store.name, field.name): kind_of(field, qualified, examples) for store, field, qualified in fields}
            | dict.fromkeys(truths, "bool"),
            frozenset(name for name, store in stores.items() if _is_link(store)),
            frozenset((name, key) for name, store in stores.items() for key in _keys(store)),
            {
                store.name: field.name
                for store, field, _ in fields
                if (field.name,) == store.primary_key and field.type.name == "int"
            },
            truths,
        )


class Reader:
    """Reads questions about some databases; made once for them."""

    def __init__(
        self,
        schemas: Mapping[str, Schema],
        values: evidence.Values,
        examples: Examples = lambda store, field, count: (),
        flags: Flags = lambda store, field: False,
    ) -> None:
        """examples, flags: of `truth_of`."""
        self._schemas = schemas
        self._values = values
        self._looks = cache(lambda store, field: looks_like(examples(store, field, SAMPLE)))
        self._paths: dict[str, Paths] = paths_of(schemas)
        self._shapes = {database: Shape.of(database, schema, examples, flags) for database, schema in schemas.items()}

    def read(self, text: str, tokens: Sequence[Token] | None = None) -> list[Read]:
        """The readings, cheapest first; none where a word has no part in any. tokens: of the text, where they are
        known."""
        tokens = without_courtesy(tokenize(text)) if tokens is None else tokens
        if any(token.kind == "text" and "{" in token.value for token in tokens):
            return []  # a hole has no value yet
        asked = counts(tokens)
        if asked is not None:
            return self._shares(text, asked)
        evidences = evidence.found_in(tokens, text, self._schemas, self._values)
        readings: list[Reading] = []
        for database, schema in self._schemas.items():
            mine = [one for one in evidences if getattr(one, "database", database) == database]
            shape = self._shapes[database]
            sentence = Sentence(tokens, mine, shape.types, shape.links, shape.keys, shape.numbered)
            readings += self._of(database, schema, sentence)
        readings.sort(key=lambda one: one.cost)
        distinct: dict[logic.Show, Read] = {}
        for one in readings:
            if one.show not in distinct and len(distinct) < _MOST:
                try:
                    distinct[one.show] = Read(one.cost, one.show, lower(one.show, len(self._schemas) > 1))
                except ValueError:
                    continue
        return list(distinct.values())

    def _shares(self, text: str, asked: Counts) -> list[Read]:
        """The readings of a question for a share, by the first way to part it that has any."""
        counted = self.read(text, asked.some)
        for tokens, cost in asked.every:
            found: list[Read] = []
            every = self.read(text, tokens)
            for some in counted:
                show = next((made for one in every if (made := share(one.show, some.show)) is not None), None)
                if show is not None:
                    found.append(Read(some.cost + cost, show, lower(show, len(self._schemas) > 1)))
            if found:
                return found
        return []

    def _of(self, database: str, schema: Schema, sentence: Sentence) -> list[Reading]:
        made: list[Reading] = []
        shape = self._shapes[database]

        def looks(store: str, field: str) -> str | None:
            return self._looks(f"{database}.{store}", field)

        def resolved(state: State, turn: int | None) -> int:
            read_as = (looks, shape.types, shape.truths)
            resolver = Resolver(schema, self._paths[database], database, state, sentence.lows, *read_as, turn)
            with suppress(NoReading):
                made.append(resolver.read())
            return resolver.ways

        for state in search(sentence):
            ways = resolved(state, 0)
            for turn in range(1, ways):
                resolved(state, turn)
            if ways > 1:
                resolved(state, None)
        return made
