"""Fields of a sentence, held against those of its steps, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sopc.english.doubts.facts import Aggregated, Fact, Grouped, Null, Place, Shown, Sorted, Term, Test, Truth, Written
from sopc.english.doubts.numbers import ORDERED, numbers_of
from sopc.english.doubts.said import Said
from sopc.english.doubts.text import Doubt, Rule, Text, akin
from sopc.english.lexicon import bases, lexicon
from sopc.english.patterns.tokens import name_words
from sopc.english.reading import evidence as ev

_NAMED: Final = 0.5  # the cost up to which a field is said
_KEYS: Final = frozenset({"id", "ids", "code", "codes", "number", "numbers", "time", "times"})
_WELL_NAMED: Final = 0.15
_EMPTY: Final = frozenset({"filler", "join", "have", "be", "relative", "whose"})  # senses that need no counterpart
_COLUMNS: Final = re.compile(
    r"(?:then )?(?:show|list|give|print)\b(?: me)?((?:(?!\b(?:with|whose|where|that|by)\b).)*?)\b(?:of|for|from)\b",
    re.IGNORECASE,
)

_ASKED: Final = re.compile(
    r"(?:then )?(?:show|list|give|find|return|display|print|what is|what are|what were|what was)\b(?: me)?(?: all)?"
    r"((?:(?!\b(?:with|whose|where|that|by|who|which|in|on)\b).)*?)\b(?:of|for|from)\b",
    re.IGNORECASE,
)


def _unused(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Fields that the sentence names and no step uses."""
    names = {name for _, name in text.used}
    unsaid = [place for place in sorted(_chosen(own)) if not is_said(text, place)]
    spans: dict[tuple[int, int], set[Place]] = {}
    for one in said.evidences:
        if isinstance(one, ev.Field) and one.cost <= _NAMED and not _is_verb(text, one):
            spans.setdefault((one.start, one.end), set()).add((one.store, one.field))
    for (start, end), places in spans.items():
        near = any(store in text.reads for store, _ in places) or any(said.fields[place] == 0 for place in places)
        if not near or any(name in names for _, name in places) or means_otherwise(text, said, start, end):
            continue
        words = [one.low for one in said.tokens[start:end]]
        counted = {store for fact in own if isinstance(fact, Aggregated) for store in fact.term.counted}
        if text.names_all(words) or text.names_rows(words) or counted & {store for store, _ in places}:
            continue
        after = said.tokens[end].low if end < len(said.tokens) else ""
        if {*words} <= _KEYS or modifies(text, said, end) or text.is_row(words, after):
            continue
        types = {text.type_of(place) for place in places}
        other = next((place for place in unsaid if text.type_of(place) in types), None)
        if other is not None:
            message = f"it says {said.shown(start, end)}, and its steps use {other[1]} instead"
            yield Doubt("T0603", said.number, message)
        elif any(said.fields[place] <= (_WELL_NAMED if place[0] in text.reads else 0) for place in places):
            yield Doubt("T0601", said.number, f"it says {said.shown(start, end)}, and its steps do not use it")


def _is_verb(text: Text, one: ev.Field) -> bool:
    """Whether the word of a date ("sold", of sold_on) tells what happened rather than when."""
    return one.cost > 0 and text.kind_of((one.store, one.field)) == "time"


def _chosen(own: list[Fact]) -> set[Place]:
    """Fields that steps single out: what they test, sort, group, add up, show or set."""
    found: set[Place] = set()
    for fact in own:
        match fact:
            case Test(left=left, right=right):
                found |= left.places | right.places
            case Truth(term=term) | Null(term=term) | Sorted(term=term) | Aggregated(term=term) | Shown(term=term):
                found |= term.places
            case Grouped(keys=keys):
                found |= {place for key in keys for place in key.places}
            case Written(store=store, values=values):
                found |= {(store, name) for name, _ in values}
    return found


def is_said(text: Text, place: Place) -> bool:
    """Whether any sentence speaks of a field: by its name, a word of it, a value, an adjective or a verb."""
    words = {*name_words(place[1])}
    if place[1].lower() in text.answered:
        return True
    for said in text.sentences:
        if any(place[1] == name for _, name in said.fields) or words & said.measured:
            return True
        if any((one.store, one.field) == place for one in said.values()):
            return True
        if any(_akin(word, one) for word in words for one in said.words):
            return True
    return False


def _akin(word: str, said: str) -> bool:
    """Whether a word of a name is said, perhaps in another form or glued to others: weight by "weigh", active by
    "inactive", gtype by "type"."""
    if akin(word, said) or (len(word) > 3 and said.endswith(word)) or (len(word) > 2 and said.startswith(word)):
        return True
    return len(said) > 3 and any(len(one) > 3 and word.endswith(one) for one in bases(said))


def modifies(text: Text, said: Said, end: int) -> bool:
    """Whether the words before a token only say which kind of what follows is meant, and the steps use that: "product
    characteristics"."""
    for one in said.evidences:
        if one.start == end and isinstance(one, ev.Store) and one.store in text.reads:
            return True
        if one.start == end and isinstance(one, ev.Field) and (one.store, one.field) in text.used:
            return True
    return False


def means_otherwise(text: Text, said: Said, start: int, end: int, *, values: bool = False) -> bool:
    """Whether the words may say something that the steps do use, or that needs no counterpart of this kind.

    Args:
        values: Whether it is asked of a value, so that other values do not count.
    """
    names = {name for _, name in text.used}
    for one in said.evidences:
        if one.end <= start or end <= one.start:
            continue
        match one:
            case ev.Store(store=store) if store in text.reads or text.refer_to({store}):
                return True
            case ev.Field(field=name) if name in names:
                return True
            case ev.Sense(sense=sense) if sense.kind not in _EMPTY:
                return True
            case ev.Value() | ev.Text() if not values:
                return True
    return False


def _columns(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Fields that are asked for ("the colour of the boxes") where whole rows are shown."""
    asked = _COLUMNS.match(said.text)
    shown = [fact for fact in own if isinstance(fact, Shown)]
    if asked is None or not shown or not all(fact.whole for fact in shown):
        return
    for one in said.evidences:
        if not isinstance(one, ev.Field) or one.cost > _WELL_NAMED or one.store not in {fact.whole for fact in shown}:
            continue
        is_store = any(
            isinstance(other, ev.Store) and other.start < one.end and one.start < other.end for other in said.evidences
        )
        inside = said.tokens[one.end - 1].end <= asked.end(1)
        if inside and not is_store and text.kind_of((one.store, one.field)) != "bool":
            words = said.shown(one.start, one.end)
            fields = {(one.store, field.name) for field in text.stores[one.store].fields}
            if not fields <= said.fields.keys():  # else all of them are asked for, which is the whole row
                yield Doubt("T0601", said.number, f"it asks for the {words}, and its steps show whole rows")
            return


def _not_shown(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Fields that are asked for ("the colour of the boxes") where steps show others."""
    asked = _ASKED.match(said.text)
    shown = {place for fact in own if isinstance(fact, Shown) for place in fact.term.places}
    if asked is None or not shown or any(isinstance(fact, Shown) and fact.whole for fact in own):
        return
    names = {name for _, name in shown} | {place[1] for fact in own if isinstance(fact, Grouped) for place in _of(fact)}
    spans: dict[tuple[int, int], set[Place]] = {}
    for one in said.evidences:
        inside = asked.start(1) <= said.tokens[one.start].start and said.tokens[one.end - 1].end <= asked.end(1)
        if inside and isinstance(one, ev.Field) and one.cost <= _NAMED:
            spans.setdefault((one.start, one.end), set()).add((one.store, one.field))
    for (start, end), places in spans.items():
        near = any(store in text.reads and said.fields[store, name] <= _WELL_NAMED for store, name in places)
        kinds = {text.type_of(place) for place in places}
        if not near or not kinds & {text.type_of(place) for place in shown}:
            continue
        over = {name for first, last in spans if first < end and start < last for _, name in spans[first, last]}
        if (
            over & names
            or any(_alike(one, name) for one in over for name in names)
            or _means_more(said, start, end)
            or modifies(text, said, end)
        ):
            continue
        message = f"it asks for {said.shown(start, end)}, and its steps show {min(names)}"
        yield Doubt("T0603", said.number, message)
        return


def _alike(one: str, other: str) -> bool:
    """Whether a field has all words of another: i_id of id."""
    words, others = {*name_words(one)}, {*name_words(other)}
    return words <= others or others <= words


def _of(fact: Grouped) -> set[Place]:
    return {place for key in fact.keys for place in key.places}


def _means_more(said: Said, start: int, end: int) -> bool:
    """Whether the words may also be a store, a value or a sense with a meaning."""
    return any(
        one.start <= start
        and end <= one.end
        and (isinstance(one, ev.Store | ev.Value) or (isinstance(one, ev.Sense) and one.sense.kind not in _EMPTY))
        for one in said.evidences
    )


def _unsaid(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Fields that steps test, sort by or add up although no sentence names them."""
    for fact in own:
        match fact:
            case Test(left=term) if not term.functions:
                pass
            case Sorted(term=term) | Aggregated(term=term) | Truth(term=term) | Null(term=term):
                pass
            case Grouped():
                for place in sorted(_of(fact)):
                    is_odd = not is_said(text, place) and not text.is_key(place) and not _labels(place)
                    if is_odd and _is_unlikely(text, place):
                        message = f"its steps group by {place[1]} of {place[0]}, and no sentence names it"
                        yield Doubt("T0602", said.number, message)
                continue
            case _:
                continue
        for place in sorted(term.places):
            if not is_said(text, place) and not _is_implied(text, place, fact) and _is_unlikely(text, place):
                message = f"its steps use {place[1]} of {place[0]}, and no sentence names it"
                yield Doubt("T0602", said.number, message)


def _is_unlikely(text: Text, place: Place) -> bool:
    """Whether a field that is not named is a key, or another one of its kind is named and not used. Else it may be what
    a word means that no list of synonyms has: "accommodate" for max_occupancy."""
    if text.is_key(place):
        return True
    store = text.stores[place[0]]
    others = [
        (store.name, one.name) for one in store.fields if text.kind_of((store.name, one.name)) == text.kind_of(place)
    ]
    return any(other not in text.used and other in said.fields for said in text.sentences for other in others)


def _is_implied(text: Text, place: Place, fact: Fact) -> bool:
    """Whether a field that is not named may still be meant."""
    store = text.stores.get(place[0])
    if store is None:
        return True
    kind, words = text.kind_of(place), {*name_words(place[1])}
    if "year" in words and any(one.year for said in text.sentences for one in said.moments):
        return True
    if text.is_key(place):
        measured = isinstance(fact, Aggregated) and fact.name != "count"
        return not measured and not (isinstance(fact, Test) and fact.op in ORDERED)
    others = [one.name for one in store.fields if one.name != place[1] and not text.is_key((store.name, one.name))]
    if kind != "text" and all(text.kind_of((store.name, name)) != kind for name in others):
        return True
    if kind == "number" and words & {*lexicon().marks["plain_measure"]}:
        return True
    if kind == "text" and words & {*lexicon().words.label}:
        return True
    if kind == "time":
        return any(one.moments for one in text.sentences) or text.has("time", "period", "ago")
    if not isinstance(fact, Test) or fact.op in ORDERED:
        return False
    # a text says what it is of, as does a number that few others are like: "in 94002"
    numbers = {str(value) for value in numbers_of(fact.right)}
    is_telling = any(len(one) > 2 and one in said.plain for one in numbers for said in text.sentences)
    return is_telling or any(type_ == "text" for _, type_ in fact.right.constants)


def _labels(place: Place) -> bool:
    """Whether a field says what its row is called."""
    return any(word.endswith(label) for word in name_words(place[1]) for label in lexicon().words.label)


def _changed(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Fields that steps set although neither they nor their values are said."""
    for fact in own:
        if isinstance(fact, Written) and fact.command == "update":
            for name, term in fact.values:
                if _is_fixed(term) and not is_said(text, (fact.store, name)):
                    message = f"its steps set {name} of {fact.store}, and no sentence names it"
                    yield Doubt("T0602", said.number, message)


def _is_fixed(term: Term) -> bool:
    """Whether a value is a literal other than a text (of which it counts whether it is said)."""
    if not term.is_constant or term.functions or term.variables:
        return False
    return not any(isinstance(value, str) and type_ == "text" for value, type_ in term.constants)


RULES: Final[tuple[Rule, ...]] = (_unused, _columns, _not_shown, _unsaid, _changed)
