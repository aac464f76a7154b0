"""Orders, extremes, limits, aggregates and repeats of a sentence, held against those of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.doubts.facts import Aggregated, Exists, Fact, Grouped, Limited, Sorted, Term, Test, Unrepeated
from sopc.english.doubts.names import is_said
from sopc.english.doubts.numbers import ORDERED
from sopc.english.doubts.said import Said, Toward
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.patterns.tokens import name_words
from sopc.english.reading import evidence as ev

_FIRST: Final = {"up": "the lowest first", "down": "the highest first"}
_END: Final = {"max": "highest", "min": "lowest"}


def _directions(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Orders and extremes that go the other way."""
    keys = [fact for fact in own if isinstance(fact, Sorted)]
    ends = [fact for fact in own if isinstance(fact, Aggregated) and fact.name in _END]
    for key in keys:
        wanted = _wanted(text, said, key.term)
        if wanted is None:
            continue
        turned = len(wanted) == 1 and all(("down" in wanted) != one.descending for one in keys)
        if turned and (len(keys) > 1 or not ends):
            yield Doubt("T0603", said.number, f"it says {_FIRST[min(wanted)]}, and its steps sort the other way")
        elif key.descending and not said.marked("downward") and not _says_an_end(text, key.term):
            yield Doubt("T0602", said.number, "its steps sort from high to low, and no sentence says so")
    if keys or len({one.name for one in ends}) != 1:
        return
    for end in ends:
        wanted = _wanted(text, said, end.term)
        if wanted is not None and len(wanted) == 1 and ("down" in wanted) != (end.name == "max"):
            yield Doubt("T0603", said.number, f"its steps take the {_END[end.name]}, and it says the other end")


def _says_an_end(text: Text, term: Term) -> bool:
    """Whether any sentence says an end of a value's order, or one that can't be told."""
    return any(_wanted(text, one, term) != set() for one in text.sentences)


def _wanted(text: Text, said: Said, term: Term) -> set[str] | None:
    """The ends that the sentence says for a value; None where that can't be told."""
    words = {word for place in term.places for word in name_words(place[1])}
    is_time = any(text.kind_of(place) == "time" for place in term.places)
    found: set[str] = set()
    for one in said.towards:
        end = one.of(words, is_time=is_time)
        if end is None:
            return None
        found.add(end)
    if any(one.sense.kind == "first" and one.sense.direction == "down" for one in said.senses):
        if not is_time:
            return None
        found.add("down")
    return found


def _extremes(text: Text, said: Said) -> list[Toward]:
    """The extremes that are said, other than in a name."""
    return [
        one
        for one in said.towards
        if one.kind in ("rank", "adjective") and not text.names_all([said.tokens[one.at].low])
    ]


def _takes_an_end(facts: list[Fact]) -> bool:
    return any(isinstance(one, Aggregated) and one.name in _END for one in facts)


def _lost(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """An order or an extreme that is said, and no step makes."""
    if text.any(Sorted):
        return
    if any(_orders(text, said, one) for one in said.senses):
        yield Doubt("T0601", said.number, "it names an order, and no step of it sorts")
    compares = any(isinstance(one, Test) and one.op in ORDERED for one in text.every)
    if _extremes(text, said) and not compares and not _takes_an_end(text.every) and not text.does("call"):
        word = said.shown(_extremes(text, said)[0].at, _extremes(text, said)[0].at + 1)
        yield Doubt("T0601", said.number, f"it says {word}, and no step sorts, ranks or takes an extreme")


def _orders(text: Text, said: Said, one: ev.Sense) -> bool:
    """Whether a sense says an order; "listed in both catalogues" and "ordered products" do not."""
    if one.sense.kind == "order" and said.tokens[one.end - 1].low == "in" and "order" not in said.words:
        return False
    return one.sense.kind in ("order", "direction") and not _is_row(text, said, one)


def _is_row(text: Text, said: Said, one: ev.Sense) -> bool:
    """Whether a word such as "ordered" speaks of what the steps use, orders, and not of an order."""
    return one.end - one.start == 1 and text.names_all([said.tokens[one.start].low])


def _limits(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """An extreme that is asked for, and all rows are shown; rows that are left out, and no sentence says so."""
    limited = any(isinstance(one, Limited) or (isinstance(one, Sorted) and one.window) for one in text.every)
    sorts = any(isinstance(one, Sorted) and not one.window for one in own)
    is_order = said.marked("sorted") or said.has("order", "direction")
    if _extremes(text, said) and sorts and not limited and not _takes_an_end(own) and not is_order:
        word = said.shown(_extremes(text, said)[0].at, _extremes(text, said)[0].at + 1)
        yield Doubt("T0601", said.number, f"it says {word}, and its steps keep all rows")
    spoken = any(one.towards or one.amounts or one.has("first", "rank") or one.marked("some") for one in text.sentences)
    if any(isinstance(one, Limited) for one in own) and not spoken:
        yield Doubt("T0602", said.number, "its steps take only some of the rows, and no sentence says so")


def _aggregates(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Averages, sums and extremes, both ways."""
    made = {fact.name for fact in own if isinstance(fact, Aggregated)}
    everywhere = {fact.name for fact in text.every if isinstance(fact, Aggregated)}
    everywhere |= {
        name
        for fact in text.every
        if isinstance(fact, Test)
        for name in (*fact.left.aggregates, *fact.right.aggregates)
    }
    named = [{*name_words(name)} for _, name in (*said.fields, *text.used)]
    is_field = any({"average", "avg", "mean"} & words for words in named)
    averages = said.aggregates("avg")
    if averages and "avg" not in everywhere and not is_field:
        yield Doubt("T0601", said.number, "it says average, and no step works one out")
    if averages and "sum" in made and "avg" not in made:
        yield Doubt("T0603", said.number, "it says average, and its steps add up")
    if "avg" in made and not any(one.aggregates("avg") for one in text.sentences):
        yield Doubt("T0602", said.number, "its steps work out an average, and no sentence says so")
    if said.aggregates("sum") and "avg" in made and not averages and not everywhere & {"sum", "count"}:
        yield Doubt("T0603", said.number, "it says total, and its steps work out an average")
    for name in _END.keys() - everywhere:
        if _END.keys() <= {one.sense.fn for one in said.senses} and everywhere & _END.keys():
            yield Doubt("T0601", said.number, f"it says both ends, and no step takes the {_END[name]}")
    for name in made & _END.keys():
        if not any(one.towards or one.has("first", "rank") or one.marked("extreme") for one in text.sentences):
            yield Doubt("T0602", said.number, f"its steps take the {_END[name]}, and no sentence says so")


def _repeats(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """`distinct`, both ways."""
    counts = [one for one in text.every if isinstance(one, Aggregated)]
    counts_once = any(one.distinct or (one.name == "count" and not one.term.places) for one in counts)  # rows differ
    if said.says_different and not counts_once and not text.any(Unrepeated, Grouped, Exists):
        yield Doubt("T0601", said.number, "it says different, and no step leaves repeats out")
    if any(one.says_different for one in text.sentences):
        return
    for fact in own:
        # things are counted by their keys, or by a name that is said: "submitted to more than one workshop"
        places = fact.term.places if isinstance(fact, Aggregated) and fact.distinct else frozenset()
        if places and not any(text.is_key(place) or is_said(text, place) for place in places):
            name = min(place[1] for place in places)
            yield Doubt("T0602", said.number, f"its steps count each {name} once, and no sentence says different")


RULES: Final[tuple[Rule, ...]] = (_directions, _lost, _limits, _aggregates, _repeats)
