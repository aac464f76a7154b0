"""grammar/english.toml → the senses of words, and whether two words are forms of one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, Literal

import inflection
import msgspec

Kind = Literal[
    "show", "aggregate", "compare", "bound", "adjective", "measure", "order", "direction", "rank", "first", "each",
    "count", "distinct", "deny", "or", "and", "both", "only", "missing", "share", "time", "period", "ago", "current",
    "join", "relative", "whose", "have", "be", "called", "write", "call", "ask", "say", "loop", "guard", "stop",
    "reference", "discourse", "filler",
]  # fmt: skip
Degree = Literal["positive", "comparative", "superlative"]

_VOWELS: Final = "aeiou"


class Sense(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a word or phrase means.

    Attributes:
        kind: The part it can play in a sentence.
        forms: The phrases; the first is said back.
        exact: Whether only the forms as written count, not their inflections.
        comparative, superlative: Forms of an adjective.
        op: Of a comparison, as the language writes it, or "between".
        of: What it speaks of: "time", "text", "day", "moment"; empty for anything.
        fn: The aggregate function.
        direction: Of an order.
        larger: For an adjective or a measure, the nouns by which its field may be called, with the end that it means.
        time: For an adjective that speaks of dates, the end that it means.
        does: The kind of write, or of guard.
        shift: In days, or in periods.
    """

    kind: Kind
    forms: tuple[str, ...]
    exact: bool = False
    comparative: tuple[str, ...] = ()
    superlative: tuple[str, ...] = ()
    op: str = ""
    of: str = ""
    fn: str = ""
    direction: Literal["", "up", "down"] = ""
    larger: dict[str, Literal["+", "-"]] = {}
    time: Literal["", "+", "-"] = ""
    does: str = ""
    shift: int = 0


class Verb(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to rows, by a verb of everyday use.

    Attributes:
        forms: Other verbs and phrases for it.
        rows: Nouns for the stores that keep it.
        doers: Nouns for who does it.
        dates, amounts: Words of the fields that hold when it was, and how much.
    """

    forms: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    doers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lists of words. filler: without meaning. people: words for some person. person_rows: nouns for the rows of a
    store of people. us, anything: who and what a verb may be followed by without saying more. over: words of fields
    that hold when something is over. others: words of the name of somebody or something else than the row. given:
    what a field may be followed by that has a value. kinds: what a field may be called whose values are nouns for
    its rows. label: of a field that says which row it is. ties: verbs that only tie two things. key_tails,
    date_tails, tails: what the end of a field's name may be. flag_heads: what a yes/no field's may start with.
    states: what it may end in, besides "-ed" and "-able". empty: texts that data hold where nothing is known. yes,
    no: what they hold for true and false. relative: what tells more of a row after its name. whole_rows: what rows
    as they are are called. changes, plain_changes, change_idioms: verbs that ask for a change in a command, or
    wherever they stand. stop: what a value without quotes can't hold. saying: verbs of saying. referring: what
    means rows spoken of before. open_questions: first words of a question that yes and no don't answer. percents,
    time_names, year_names: what fields and parameters of percents, times and years are called. active_pasts: pasts
    that only say that someone did it. outward: deeds whose doer no longer has the thing. open: said of rows of
    which none of the words `ended` holds yet. onwards: after a time, say that it is where something begins.
    opposites: how a word begins that denies the rest of it."""

    filler: tuple[str, ...]
    empty: tuple[str, ...]
    relative: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...]
    whole_rows: tuple[str, ...]
    changes: tuple[str, ...]
    plain_changes: tuple[str, ...]
    change_idioms: tuple[str, ...]
    stop: tuple[str, ...]
    saying: tuple[str, ...]
    referring: tuple[str, ...]
    open_questions: tuple[str, ...]
    percents: tuple[str, ...]
    time_names: tuple[str, ...]
    year_names: tuple[str, ...]
    active_pasts: tuple[str, ...]
    outward: tuple[str, ...]
    people: tuple[str, ...]
    person_rows: tuple[str, ...]
    us: tuple[str, ...]
    anything: tuple[str, ...]
    over: tuple[str, ...]
    others: tuple[str, ...]
    given: tuple[str, ...]
    kinds: tuple[str, ...]
    label: tuple[str, ...]
    ties: tuple[str, ...]
    open: tuple[str, ...]
    ended: tuple[str, ...]
    onwards: tuple[str, ...]
    opposites: tuple[str, ...]
    key_tails: tuple[str, ...]
    date_tails: tuple[str, ...]
    tails: tuple[str, ...]
    flag_heads: tuple[str, ...]
    states: tuple[str, ...]


class Codes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that data hold as codes, in fields whose names have one of the words `fields`."""

    fields: tuple[str, ...]
    words: dict[str, tuple[str, ...]]


class Lexicon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. measured: the units of each kind of amount, with how many of its smallest they are. numbers,
    scales, ordinals, times: by word. units, months, weekdays, synonyms, irregular (verbs), plurals: each base with
    its forms, months and weekdays in their order. deeds: what is done to a thing, by the noun for it. roles: what
    someone does who is called so. answers: what a question's opening ("how old") asks for, as words of fields.
    marks: words that the check of programs takes for a sign of something; `*` stands for any letters."""

    sense: dict[str, Sense]
    verb: dict[str, Verb]
    words: Words
    answers: dict[str, tuple[str, ...]]
    abbreviations: dict[str, str]
    synonyms: dict[str, tuple[str, ...]]
    codes: dict[str, Codes]
    units: dict[str, tuple[str, ...]]
    measured: dict[str, dict[str, int]]
    numbers: dict[str, int]
    scales: dict[str, int]
    ordinals: dict[str, int]
    times: dict[str, int]
    months: dict[str, tuple[str, ...]]
    weekdays: dict[str, tuple[str, ...]]
    irregular: dict[str, tuple[str, ...]]
    plurals: dict[str, tuple[str, ...]]
    deeds: dict[str, tuple[str, ...]]
    roles: dict[str, str]
    marks: dict[str, tuple[str, ...]]


class Phrase(msgspec.Struct, frozen=True):
    """A form of a sense, word by word."""

    name: str
    sense: Sense
    words: tuple[str, ...]
    degree: Degree = "positive"

    def matches(self, lows: Sequence[str], at: int) -> bool:
        """Whether the words (lower case) say the phrase from `at` on."""
        if len(lows) - at < len(self.words):
            return False
        if self.sense.exact or self.degree != "positive":
            return all(lows[at + number] == word for number, word in enumerate(self.words))
        return all(same(lows[at + number], word) for number, word in enumerate(self.words))


@cache
def lexicon() -> Lexicon:
    """The lexicon of this version. Raises msgspec.ValidationError where the file is wrong."""
    text = (files("grammar") / "english.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Lexicon)


@cache
def marks(*names: str) -> re.Pattern[str]:
    """A pattern, for text in lower case, that finds the marks of these names."""
    forms = [form for name in names for form in lexicon().marks[name]]
    parts = "|".join(re.escape(form).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for form in forms)
    return re.compile(rf"\b(?:{parts})\b" + (r"|n't\b|!=|<>" if "denied" in names else ""))


@cache
def _phrases() -> dict[str, list[Phrase]]:
    """Each form by the base of its first word, or the word itself where the form is exact; longest first."""
    found: dict[str, list[Phrase]] = {}
    words = lexicon()
    senses = {**words.sense, "filler": Sense(kind="filler", forms=words.words.filler, exact=True)}
    for name, sense in senses.items():
        degrees: dict[Degree, tuple[str, ...]] = {
            "positive": sense.forms, "comparative": sense.comparative, "superlative": sense.superlative,
        }  # fmt: skip
        for degree, forms in degrees.items():
            for form in forms:
                phrase = Phrase(name, sense, tuple(form.split()), degree)
                first = phrase.words[0]
                keys = {first} if sense.exact or degree != "positive" else {first, *bases(first)}
                for key in keys:
                    found.setdefault(key, []).append(phrase)
    for listed in found.values():
        listed.sort(key=lambda phrase: -len(phrase.words))
    return found


def phrases_at(lows: Sequence[str], at: int) -> Iterator[Phrase]:
    """The phrases that the words (lower case) say from `at` on, the longest first."""
    seen = set()
    for key in dict.fromkeys((lows[at], *bases(lows[at]))):
        for phrase in _phrases().get(key, ()):
            if (phrase.name, phrase.words) not in seen and phrase.matches(lows, at):
                seen.add((phrase.name, phrase.words))
                yield phrase


@cache
def _verbs() -> dict[str, list[tuple[tuple[str, ...], Verb]]]:
    """The phrases of the everyday verbs by the base of their first word, longest first."""
    found: dict[str, list[tuple[tuple[str, ...], Verb]]] = {}
    for base, verb in lexicon().verb.items():
        for form in (base, *verb.forms):
            words = tuple(form.split())
            for first in bases(words[0]):
                found.setdefault(first, []).append((words, verb))
    for listed in found.values():
        listed.sort(key=lambda one: -len(one[0]))
    return found


def verbs_at(lows: Sequence[str], at: int) -> Iterator[tuple[int, Verb]]:
    """(end, verb) of the everyday verbs that the words (lower case) say from `at` on, the longest first."""
    for key in dict.fromkeys((lows[at], *bases(lows[at]))):
        for words, verb in _verbs().get(key, ()):
            if same_words(lows[at : at + len(words)], words):
                yield at + len(words), verb


# ── forms of words ───────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _bases_of(table: Literal["irregular", "plurals"]) -> dict[str, str]:
    return {form: base for base, forms in getattr(lexicon(), table).items() for form in forms}


@lru_cache(maxsize=1 << 14)
def bases(word: str) -> frozenset[str]:
    """The word and what it may be a form of: "buses" → buses, bus; "taught" → taught, teach; "rated" → rated, rate."""
    found = {word, singular(word)}
    irregular = _bases_of("irregular").get(word)
    if irregular is not None:
        found.add(irregular)
    for ending in ("ing", "ed", "es", "s"):
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 2 or not any(letter in "aeiouy" for letter in stem):
            continue
        if ending == "s":
            if not word.endswith(("ss", "us", "is")):
                found.add(stem)
        elif ending == "es":
            found |= {stem} if stem.endswith(("s", "x", "z", "ch", "sh", "o")) else set()
            found |= {stem[:-1] + "y"} if stem.endswith("i") else set()
        else:
            found |= {stem, stem + "e"}
            found |= {stem[:-1]} if len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in _VOWELS else set()
            found |= {stem[:-1] + "y"} if ending == "ed" and stem.endswith("i") else set()
    return frozenset(found)


@lru_cache(maxsize=1 << 14)
def singular(word: str) -> str:
    """What one of them is called: "cities" → city, "people" → person, "series" → series."""
    if word.endswith(("ss", "us", "is")) or len(word) < 3 or not word.isalpha():
        return word
    return _bases_of("plurals").get(word) or str(inflection.singularize(word))


@lru_cache(maxsize=1 << 15)
def same(one: str, other: str) -> bool:
    """Whether two words (lower case) are forms of one."""
    return one == other or not bases(one).isdisjoint(bases(other))


def same_words(one: Sequence[str], other: Sequence[str]) -> bool:
    return len(one) == len(other) and all(map(same, one, other))


@cache
def units_of_amounts() -> dict[str, tuple[str, int]]:
    """The kind of amount that each unit is of, and how many of that kind's smallest unit it is."""
    return {unit: (kind, size) for kind, units in lexicon().measured.items() for unit, size in units.items()}


@cache
def synonyms() -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Each phrase with the others that mean the same."""
    found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for first, rest in lexicon().synonyms.items():
        together = [tuple(one.split()) for one in (first, *rest)]
        for one in together:
            found.setdefault(one, []).extend(other for other in together if other != one)
    return {one: tuple(others) for one, others in found.items()}
