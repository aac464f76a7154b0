"""A store's or a field's name → the words that may say it, each with a cost, and the fields that name a row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from runtime.query.schema import Field as SchemaField
from runtime.query.schema import Store as SchemaStore
from sopc.english import lexicon
from sopc.english.lexicon import lexicon as the_lexicon
from sopc.english.lexicon import same, singular, synonyms
from sopc.english.patterns.tokens import name_words, words_before_brackets

Words = tuple[str, ...]

FULL: Final = 0.0
WITHOUT_STORE: Final = 0.05
SYNONYM: Final = 0.3
REORDERED: Final = 0.4
WITHOUT_TAIL: Final = 0.5
LAST_WORDS: Final = 0.4
ONLY_LAST: Final = 0.4  # which no other field of the store ends in
LAST_WORD: Final = 1.0
FIRST_WORD: Final = 1.6
GUESSED: Final = 0.2  # up to which what names a row is sure enough
NUMBER_OF: Final = 0.1  # "number of rooms" of room_count
COUNTED: Final = 0.15  # "beds" of number_of_beds
DATED: Final = 0.1  # "order date", "date of the order" of ordered_at
ADDED_TAIL: Final = 0.2  # "decor type" of decor
_STATES: Final = ("ed", "able", "ible", "ive")  # "discontinued", "available"
_COUNTS: Final = frozenset({"count", "number", "total", "amount"})
_ADDED_TAILS: Final = ("type", "name", "value", "kind")


@lru_cache(maxsize=1 << 14)
def spelt_out(name: str) -> Words:
    """The words of a name, its abbreviations in full: "cust_fname" → customer, first, name."""
    words = name_words(name)
    full = the_lexicon().abbreviations
    return tuple(part for word in words for part in full.get(word, _without_initial(word)).split())


def _without_initial(word: str) -> str:
    """ "cname", "eid" are a name and an id, with the initial of whose they are."""
    return word[1:] if word[1:] in ("name", "id") else word


def tells_a_state(name: str) -> bool:
    """Whether the name of a field is that of a state, as "is_remote" and "discontinued" are.

    Args:
        name: Of the field.
    """
    words, lists = spelt_out(name), the_lexicon().words
    return words[0] in lists.flag_heads or words[-1].endswith(_STATES) or words[-1] in lists.states


def _others(words: Words) -> Iterator[Words]:
    """What means the same as some words of a name, which may be in the plural."""
    if words:
        for one in dict.fromkeys((words, (*words[:-1], singular(words[-1])))):
            yield from synonyms().get(one, ())


def _in_full(store: SchemaStore) -> Words:
    """The words of a store's name, its abbreviations in full; but rows of `tot` are no totals."""
    full = spelt_out(store.name)
    return name_words(store.name) if full[-1] in the_lexicon().marks["plain_measure"] else full


def store_aliases(store: SchemaStore) -> dict[Words, float]:
    """Each way to say a store's name, with its cost."""
    found: dict[Words, float] = {}
    whole = name_words(store.name)
    _note(found, whole, FULL)
    full = _in_full(store)
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
            for other in _others(words[at : at + 1]):
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
    own = _in_full(store)
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
                    for other in _others(words[at : at + size]):
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
                if words[0] not in lists.flag_heads:
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
                    _note(found, rest, COUNTED)
                    for said in ("number", "amount", "count"):
                        _note(found, (said, "of", *rest), NUMBER_OF)
                        _note(found, ("total", said, "of", *rest), NUMBER_OF)
        if whole[-1] not in lists.tails and field.type.name == "text" and field.name not in _pointing(store):
            for tail in _ADDED_TAILS:
                _note(found, (*(short or whole), tail), ADDED_TAIL)
        if field.type.name in ("date", "timestamp"):
            of = whole[:-1] if whole[-1] in lists.date_tails and len(whole) > 1 else whole
            for ways in ((*of, "date"), ("date", *of), ("date", "of", *of)):  # "joining date" of joined
                _note(found, ways, DATED)
    if (field.name,) == labels_of(store)[0] and field.type.name == "text":
        for label in lists.label:
            _note(found, (label,), 0.2)
    return found


@lru_cache(maxsize=1 << 10)
def labels_of(store: SchemaStore) -> tuple[tuple[str, ...], float]:
    """The fields that tell a row to a person, and what it costs to guess them."""
    labels = the_lexicon().words.label
    pointing = _pointing(store)
    texts = [one.name for one in store.fields if one.type.name == "text" and one.name not in pointing]
    texts = [name for name in texts if not tells_a_state(name)]
    words = {name: spelt_out(name) for name in texts}
    own = _in_full(store)

    def is_own(rest: Words) -> bool:
        return rest == ("full",) or all(any(same(word, other) for other in own) for word in rest)

    named = [name for name in texts if words[name][-1] in labels and is_own(words[name][:-1])]
    first = [name for name in texts if words[name][-2:] == ("first", "name")]
    last = [name for name in texts if words[name][-2:] == ("last", "name")]
    if len(named) == 1 and (words[named[0]][-1] == "name" or len(first) != 1 or len(last) != 1):
        return (named[0],), 0.1
    if len(first) == len(last) == 1:
        return (first[0], last[0]), 0.1
    named = [name for name in texts if words[name][-1] in labels]
    if len(named) == 1:
        return (named[0],), 0.2
    own_name = [name for name in texts if len(words[name]) == 1 and is_own(words[name])]
    if len(own_name) == 1:
        return (own_name[0],), 0.2
    own_names = [one for one in named if not set(the_lexicon().words.others) & set(words[one])]
    if len(own_names) == 1 and words[own_names[0]][-1] == "name":
        return (own_names[0],), 0.1  # company_name beside contact_name
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
