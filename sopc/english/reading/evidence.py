"""A sentence, a schema and its values → evidences: all that each span of words may mean, each with a cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from runtime.query.schema import Field as SchemaField
from runtime.query.schema import Schema
from runtime.query.schema import Store as SchemaStore
from sopc.english import lexicon
from sopc.english.lexicon import bases, phrases_at, same, synonyms
from sopc.english.lexicon import lexicon as the_lexicon
from sopc.english.patterns.tokens import name_words, words_before_brackets
from sopc.english.reading.tokens import Amount, Moment, Token, amounts, lows, moments, tokenize

FULL: Final = 0.0
WITHOUT_STORE: Final = 0.05
SYNONYM: Final = 0.3
REORDERED: Final = 0.4
WITHOUT_TAIL: Final = 0.5
LAST_WORDS: Final = 0.4
ONLY_LAST: Final = 0.4  # which no other field of the store ends in
LAST_WORD: Final = 1.0
FIRST_WORD: Final = 1.6
NUMBER_OF: Final = 0.1  # "number of rooms" of room_count
ADDED_TAIL: Final = 0.2  # "decor type" of decor
MISSPELT: Final = 0.6  # one letter more, less or another
GLUED: Final = 0.5  # "user" of useracct
_COUNTS: Final = frozenset({"count", "number", "total", "amount"})
_ADDED_TAILS: Final = ("type", "name", "value", "kind")
LONGEST_VALUE: Final = 6  # words


@dataclass(frozen=True)
class Evidence:
    """What the tokens [start, end) may mean. cost: 0 where they say it in full."""

    start: int
    end: int
    cost: float


@dataclass(frozen=True)
class Store(Evidence):
    database: str
    store: str


@dataclass(frozen=True)
class Field(Evidence):
    database: str
    store: str
    field: str


@dataclass(frozen=True)
class Value(Evidence):
    """A text that a field holds, as the data spell it. quoted: it was said in quotes."""

    database: str
    store: str
    field: str
    value: str
    quoted: bool = False


@dataclass(frozen=True)
class Text(Evidence):
    """Quoted text, which the data need not hold."""

    text: str


@dataclass(frozen=True)
class Number(Evidence):
    amount: Amount


@dataclass(frozen=True)
class Time(Evidence):
    moment: Moment


@dataclass(frozen=True)
class Sense(Evidence):
    """name: the sense's own in the lexicon."""

    name: str
    sense: lexicon.Sense
    degree: lexicon.Degree = "positive"


@dataclass(frozen=True)
class Variable(Evidence):
    name: str


@dataclass(frozen=True)
class Script(Evidence):
    name: str


class Values(Protocol):
    """The values that the text fields of some databases hold."""

    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        """(database, store, field, value as held) of each value whose normal form is that of the text: case and
        spacing do not count."""
        ...


class NoValues:
    """Of databases whose data can't be read."""

    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        return ()


Words = tuple[str, ...]


@dataclass(frozen=True)
class Alias:
    """One way to say a name. means: (database, store, field), field "" for the store itself."""

    words: Words
    cost: float
    means: tuple[str, str, str]


class Names:
    """The names of schemas by the words that may say them; made once for a schema."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._by_first: dict[str, list[Alias]] = {}
        for database, schema in schemas.items():
            for store in schema.stores.values():
                self._add(store_aliases(store), (database, store.name, ""))
                for field in store.fields:
                    self._add(field_aliases(store, field), (database, store.name, field.name))

    def _add(self, aliases: Mapping[Words, float], means: tuple[str, str, str]) -> None:
        for words, cost in aliases.items():
            for base in bases(words[0]):
                self._by_first.setdefault(base, []).append(Alias(words, cost, means))

    def like(self, word: str) -> list[tuple[tuple[str, str, str], float]]:
        """What a word that is no word of a name may stand for: misspelt by one letter, or the start of a glued name."""
        if len(word) < 5 or not word.isalpha():
            return []
        found: dict[tuple[str, str, str], float] = {}
        stem = min(bases(word), key=len)
        for first, aliases in self._by_first.items():
            cost = MISSPELT if len(word) > 5 and _nearly(word, first) else 9.0
            if 3 <= len(first) <= len(word) - 2 and word.startswith(first):
                cost = min(cost, GLUED)  # "enrollment" of enr
            if len(stem) >= 4 and first.startswith(stem) and len(first) > len(stem) + 2:
                cost = min(cost, GLUED)
            if cost < 9:
                for alias in aliases:
                    if (
                        len(alias.words) == 1
                        and alias.cost < LAST_WORD
                        and alias.cost + cost < found.get(alias.means, 9.0)
                    ):
                        found[alias.means] = alias.cost + cost
        return list(found.items())

    def at(self, said: Sequence[str], start: int) -> dict[tuple[int, tuple[str, str, str]], float]:
        """(end, what is meant) → the least cost, of the names said from `start` on."""
        found: dict[tuple[int, tuple[str, str, str]], float] = {}
        for base in bases(said[start]):
            for alias in self._by_first.get(base, ()):
                end = start + len(alias.words)
                key = (end, alias.means)
                if (
                    found.get(key, 9.0) > alias.cost
                    and end <= len(said)
                    and all(map(same, said[start:end], alias.words))
                ):
                    found[key] = alias.cost
        return found


def _nearly(one: str, other: str) -> bool:
    """Whether one letter more, less, changed, or swapped with the next, makes one word the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[at:], other[at:]
    return rest[1:] == others[1:] or rest[1:] == others or rest == others[1:] or (
        rest[:2] == others[1::-1] and rest[2:] == others[2:]
    )  # fmt: skip


@lru_cache(maxsize=1 << 14)
def spelt_out(name: str) -> Words:
    """The words of a name, its abbreviations in full: "cust_fname" → customer, first, name."""
    words = name_words(name)
    full = the_lexicon().abbreviations
    return tuple(part for word in words for part in full.get(word, _without_initial(word)).split())


def _without_initial(word: str) -> str:
    """ "cname", "eid" are a name and an id, with the initial of whose they are."""
    return word[1:] if word[1:] in ("name", "id") else word


def store_aliases(store: SchemaStore) -> dict[Words, float]:
    """Each way to say a store's name, with its cost."""
    found: dict[Words, float] = {}
    whole = name_words(store.name)
    _note(found, whole, FULL)
    full = spelt_out(store.name)
    _note(found, full, FULL)
    if len(full) > 1 and full[0] in ("ref", "reference", "tbl", "table", "all", "tb"):
        _note(found, full[1:], 0.1)
        full = full[1:]
    for tail, cost in (("record", 0.05), ("records", 0.05), ("member", 0.1), ("members", 0.1), ("entries", 0.35)):
        _note(found, (*whole, tail), cost)
    for words in (whole, full):
        if len(words) > 1 and words[-1] in (
            "table",
            "list",
            "data",
            "info",
            "record",
            "records",
            "details",
            "detail",
            "information",
        ):
            _note(found, words[:-1], 0.2)
        for at in range(len(words)):
            for other in synonyms().get(words[at : at + 1], ()):
                _note(found, (*words[:at], *other, *words[at + 1 :]), SYNONYM)
        for size in range(2, len(words)):
            _note(found, words[-size:], LAST_WORDS)
        if len(words) > 1:
            _note(found, words[-1:], LAST_WORD)
            _note(found, words[:1], FIRST_WORD)
    return found


def field_aliases(store: SchemaStore, field: SchemaField) -> dict[Words, float]:
    """Each way to say a field's name, with its cost."""
    lists = the_lexicon().words
    found: dict[Words, float] = {}
    own = spelt_out(store.name)
    bare = words_before_brackets(field.name, (other.name for other in store.fields if other != field))
    for whole in dict.fromkeys((name_words(field.name), spelt_out(field.name), bare)):
        if not whole:
            continue
        _note(found, whole, FULL)
        short = _without_store(whole, own)
        if short:
            _note(found, short, WITHOUT_STORE)
        elif whole[0] not in own and field.name not in _pointing(store):
            _note(found, (*own, *whole), WITHOUT_STORE)
        for words, cost in tuple(dict.fromkeys(((whole, 0.0), (short or whole, WITHOUT_STORE)))):
            for size in (1, 2):
                for at in range(len(words) - size + 1):
                    for other in synonyms().get(words[at : at + size], ()):
                        _note(found, (*words[:at], *other, *words[at + size :]), cost + SYNONYM)
            if len(words) > 1:
                tails = {*lists.tails, *lists.key_tails, *lists.date_tails}
                if words[-1] in tails and not _is_kind_of_key(words, field, store):
                    _note(found, words[:-1], cost + WITHOUT_TAIL)
                if words[0] in lists.flag_heads:
                    _note(found, words[1:], cost + WITHOUT_STORE)
                if len(words) == 2:
                    _note(found, (words[0], "in", words[1]), cost + WITHOUT_STORE)  # "length in feet"
                    _note(found, words[::-1], cost + REORDERED)
                    if words[1] not in ("number", "count", "amount", "id", "total"):  # "number of rooms" counts them
                        _note(found, (words[1], "of", words[0]), cost + WITHOUT_STORE)
                        _note(found, (words[1], "of", "the", words[0]), cost + WITHOUT_STORE)
                for at in range(2, len(words)):
                    _note(found, words[-at:], cost + LAST_WORDS)
                    _note(found, words[:at], cost + WITHOUT_TAIL)
                alone = all(words[-1] != spelt_out(other.name)[-1] for other in store.fields if other != field)
                _note(found, words[-1:], cost + (ONLY_LAST if alone else LAST_WORD))
                _note(found, words[:1], cost + FIRST_WORD)
        for tail in lists.tails:
            if len(whole) == 1 and whole[0].endswith(tail) and len(whole[0]) > len(tail) + 2:
                _note(found, (whole[0].removesuffix(tail), tail), WITHOUT_STORE)  # "partition id" of partitionid
        if field.type.name in ("int", "float", "decimal") and (field.name,) != store.primary_key:
            counted = short or whole
            for said in ("number", "amount"):
                _note(found, (said, "of", *counted), ADDED_TAIL)
            for head, rest in ((counted[-1], counted[:-1]), (counted[0], counted[1:])):
                if rest and head in _COUNTS:
                    for said in ("number", "amount", "count"):
                        _note(found, (said, "of", *rest), NUMBER_OF)
                        _note(found, ("total", said, "of", *rest), NUMBER_OF)
        if whole[-1] not in lists.tails and field.type.name == "text" and field.name not in _pointing(store):
            for tail in _ADDED_TAILS:
                _note(found, (*(short or whole), tail), ADDED_TAIL)
        if field.type.name in ("date", "timestamp") and whole[-1] in lists.date_tails and len(whole) > 1:
            _note(found, (*whole[:-1], "date"), 0.1)
    if (field.name,) == labels_of(store)[0] and field.type.name == "text":
        for label in lists.label:
            _note(found, (label,), 0.2)
    return found


@lru_cache(maxsize=1 << 10)
def labels_of(store: SchemaStore) -> tuple[tuple[str, ...], float]:
    """The fields that tell a row to a person, and what it costs to guess them."""
    labels = the_lexicon().words.label
    texts = [one.name for one in store.fields if one.type.name == "text" and one.name not in _pointing(store)]
    words = {name: spelt_out(name) for name in texts}
    own = spelt_out(store.name)

    def is_own(rest: Words) -> bool:
        return all(any(same(word, other) for other in own) for word in rest)

    named = [name for name in texts if words[name][-1] in labels and is_own(words[name][:-1])]
    first = [name for name in texts if words[name][-2:] == ("first", "name")]
    last = [name for name in texts if words[name][-2:] == ("last", "name")]
    if len(named) == 1 and (words[named[0]][-1] == "name" or len(first) != 1 or len(last) != 1):
        return (named[0],), 0.1
    if len(first) == len(last) == 1:
        return (first[0], last[0]), 0.25
    named = [name for name in texts if words[name][-1] in labels]
    if len(named) == 1:
        return (named[0],), 0.2
    named = [name for name in texts if len(words[name]) == 1 and is_own(words[name])]
    if len(named) == 1:
        return (named[0],), 0.2
    if len(texts) == 1:
        return (texts[0],), 0.5
    if store.primary_key:
        return store.primary_key, 0.7
    return (store.fields[0].name,), 0.9


def _pointing(store: SchemaStore) -> set[str]:
    return {name for key in store.foreign_keys for name in key.fields}


def _is_kind_of_key(words: Words, field: SchemaField, store: SchemaStore) -> bool:
    """Whether the name without its tail is what a reference points at, or the row itself, rather than the field."""
    return words[-1] in ("id", "ids") and (field.name,) == store.primary_key


def _without_store(whole: Words, own: Words) -> Words:
    for size in range(len(own), 0, -1):
        if len(whole) > size and (
            lexicon.same_words(whole[:size], own[-size:]) or lexicon.same_words(whole[:size], own[:size])
        ):
            return whole[size:]
    return ()


def _note(found: dict[Words, float], words: Words, cost: float) -> None:
    if words and cost < found.get(words, 9.0):
        found[words] = cost


@lru_cache(maxsize=8)
def _names(keyed: _ById) -> Names:
    return Names(keyed.schemas)


@dataclass(frozen=True)
class _ById:
    """Schemas, the same ones only: they hold tables, so they have no hash of their own."""

    schemas: Mapping[str, Schema]

    def __hash__(self) -> int:
        return hash(tuple(sorted((name, id(schema)) for name, schema in self.schemas.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.schemas.keys() == other.schemas.keys() and all(
            other.schemas[name] is schema for name, schema in self.schemas.items()
        )  # fmt: skip


def evidences(
    sentence: str,
    schemas: Mapping[str, Schema],
    values: Values,
    variables: Iterable[str] = (),
    scripts: Iterable[str] = (),
) -> list[Evidence]:
    """All that the spans of a sentence may mean.

    Args:
        sentence: One English sentence.
        schemas: By the name under which a script uses them.
        values: What their text fields hold.
        variables, scripts: Names that may be spoken of.

    Returns:
        The evidences by their start, then their end. Spans count tokens, as `tokens.tokenize` gives them.
    """
    return found_in(tokenize(sentence), sentence, schemas, values, variables, scripts)


def found_in(
    tokens: Sequence[Token],
    sentence: str,
    schemas: Mapping[str, Schema],
    values: Values,
    variables: Iterable[str] = (),
    scripts: Iterable[str] = (),
) -> list[Evidence]:
    """`evidences`, of tokens that are there already."""
    said = lows(tokens)
    names = _names(_ById(schemas))
    found: list[Evidence] = [Number(one.start, one.end, 0.0, one) for one in amounts(tokens, sentence)]
    found += [Time(one.start, one.end, 0.0, one) for one in moments(tokens)]
    called: list[tuple[Words, type[Variable] | type[Script], str]] = [
        (name_words(name), Variable, name) for name in variables
    ]
    called += [(name_words(name), Script, name) for name in scripts]
    for at, token in enumerate(tokens):
        if token.kind == "name":
            found += _backquoted(token.value, at, schemas)
            continue
        known = len(found)
        if token.kind == "text":
            found.append(Text(at, at + 1, 0.0, token.value))
        elif token.kind == "word" or token.kind == "mark":
            for phrase in phrases_at(said, at):
                found.append(Sense(at, at + len(phrase.words), 0.0, phrase.name, phrase.sense, phrase.degree))
        if token.kind in ("word", "number"):
            for (end, (database, store, field)), cost in names.at(said, at).items():
                found.append(
                    Field(at, end, cost, database, store, field) if field else Store(at, end, cost, database, store)
                )
            if len(found) == known and token.kind == "word":
                for (database, store, field), cost in names.like(token.low):
                    found.append(
                        Field(at, at + 1, cost, database, store, field)
                        if field
                        else Store(at, at + 1, cost, database, store)
                    )
            for words, make, name in called:
                if words and lexicon.same_words(said[at : at + len(words)], words):
                    found.append(make(at, at + len(words), 0.0, name))
        found += _values(tokens, at, sentence, values)
    return sorted(found, key=lambda one: (one.start, one.end))


def _values(tokens: Sequence[Token], at: int, sentence: str, values: Values) -> list[Evidence]:
    """The values of the data that are said from a token on, whole."""
    first = tokens[at]
    if first.kind == "text":
        held = values.lookup(first.value) or values.lookup(first.value.rstrip(".,?!"))
        return [Value(at, at + 1, 0.0, *found, True) for found in held]
    if first.kind not in ("word", "number"):
        return []
    found: list[Evidence] = [Value(at, at + 1, 0.0, *one) for one in _codes(first.low, values)]
    for end in range(at + 1, min(at + LONGEST_VALUE, len(tokens)) + 1):
        last = tokens[end - 1]
        if last.kind in ("text", "name") or last.low in (";", "(", ")", '"'):
            break
        if last.kind == "mark" and (last.low != "." or end == len(tokens)):
            continue
        found += [Value(at, end, 0.0, *one) for one in values.lookup(sentence[first.start : last.end])]
    return found


def _codes(word: str, values: Values) -> list[tuple[str, str, str, str]]:
    """The values that stand for a word in fields of a certain kind: "female" where a gender is F."""
    found = []
    for codes in the_lexicon().codes.values():
        for code in codes.words.get(word, ()):
            if code != word:
                said = {one[:3] for one in values.lookup(word)}
                held = [one for one in values.lookup(code) if set(codes.fields) & set(spelt_out(one[2]))]
                found += [one for one in held if one[:3] not in said]
    return found


def _backquoted(name: str, at: int, schemas: Mapping[str, Schema]) -> list[Evidence]:
    found: list[Evidence] = []
    for database, schema in schemas.items():
        for store in schema.stores.values():
            if store.name == name:
                found.append(Store(at, at + 1, 0.0, database, store.name))
            found += [
                Field(at, at + 1, 0.0, database, store.name, one.name) for one in store.fields if one.name == name
            ]
    return found
