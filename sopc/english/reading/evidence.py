"""A sentence, a schema and its values → evidences: all that each span of words may mean, each with a cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Protocol

from runtime.query.schema import Schema
from sopc.english import lexicon
from sopc.english.lexicon import bases, phrases_at, same, singular
from sopc.english.lexicon import lexicon as the_lexicon
from sopc.english.patterns.tokens import name_words
from sopc.english.reading.aliases import LAST_WORD, ONLY_LAST, SYNONYM, Words, field_aliases, spelt_out, store_aliases
from sopc.english.reading.tokens import Amount, Moment, Token, amounts, lows, moments, tokenize

ONLY_SYNONYM: Final = 0.04  # where nothing else can be meant
MISSPELT: Final = 0.6  # one letter more, less or another
IN_PLURAL: Final = 0.05  # "emergencies" of a value emergency
GLUED: Final = 0.5  # "user" of useracct
DONE: Final = 2.0  # rows by a verb of their name: "ordered" of orders
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
                if end > len(said) or not all(map(same, said[start:end], alias.words)):
                    continue
                cost = alias.cost + (DONE if alias.means[2] == "" and _is_done(said[end - 1], alias.words[-1]) else 0.0)
                found[key] = min(cost, found.get(key, 9.0))
        return found


def _is_done(said: str, noun: str) -> bool:
    """Whether a word is a verb of a noun, and not the noun: "ordered" of orders."""
    return said.endswith("ed") and singular(said) != singular(noun)


def _nearly(one: str, other: str) -> bool:
    """Whether one letter more, less, changed, or swapped with the next, makes one word the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, others = one[at:], other[at:]
    return rest[1:] == others[1:] or rest[1:] == others or rest == others[1:] or (
        rest[:2] == others[1::-1] and rest[2:] == others[2:]
    )  # fmt: skip


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
    return sorted(_plain_synonyms(found), key=lambda one: (one.start, one.end))


def _plain_synonyms(found: Sequence[Evidence]) -> list[Evidence]:
    """The evidences, where a synonym costs little that can only mean names of one kind: "website" of every homepage."""
    spans: dict[tuple[int, int], list[Store | Field]] = {}
    for one in found:
        if isinstance(one, Store | Field):
            spans.setdefault((one.start, one.end), []).append(one)
    plain = {
        span
        for span, ones in spans.items()
        if len({one.field if isinstance(one, Field) else (one.database, one.store) for one in ones}) == 1
        and all(SYNONYM <= one.cost < ONLY_LAST for one in ones)
    }
    return [
        replace(one, cost=ONLY_SYNONYM) if isinstance(one, Store | Field) and (one.start, one.end) in plain else one
        for one in found
    ]


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
    if not found and first.kind == "word" and singular(first.low) != first.low:
        found += [Value(at, at + 1, IN_PLURAL, *one) for one in values.lookup(singular(first.low))]
    return found


def _codes(word: str, values: Values) -> list[tuple[str, str, str, str]]:
    """The values that stand for a word in fields of a certain kind: "female" where a gender is F, "German" where a
    country is Germany."""
    found: list[tuple[str, str, str, str]] = []
    said = {one[:3] for one in values.lookup(word)}
    for codes in the_lexicon().codes.values():
        forms = dict.fromkeys((word, singular(word)))
        for code in dict.fromkeys(code for form in forms for code in codes.words.get(form, ())):
            if code != word:
                held = [one for one in values.lookup(code) if set(codes.fields) & set(spelt_out(one[2]))]
                found += [one for one in held if one[:3] not in said and one not in found]
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
