"""The parts of a question after what it shows: conditions, further rows, orders, groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import bases, lexicon, verbs_at
from sopc.english.reading.aliases import SYNONYM
from sopc.english.reading.conditions import conditions, tested
from sopc.english.reading.deeds import TIMES, dates, deeds, stands_as_verb
from sopc.english.reading.evidence import Store
from sopc.english.reading.gaps import gaps
from sopc.english.reading.orders import orders, so_often, superlatives
from sopc.english.reading.parts import Item, Mention, Slot, State
from sopc.english.reading.sentence import (
    LIGHT_VERB,
    NAMED_VERB,
    VERB,
    Sentence,
    noun,
)

# kinds of sense whose verbs may only tie two mentions: "the books that Ann wrote"
_BEFORE_ROWS: Final = frozenset({"have", "relative", "be", "whose", "both"})
_REFERRING: Final = frozenset({"it", "they", "them", "there"})
_COUNTED: Final = 0.2  # rows of which nothing says that they are to be counted
_LOOSE_VERB: Final = 0.25  # one that ties nothing: "the books lent for each branch"
_SIDES: Final = frozenset({"after", "before", "over", "under", "between", "behind", "against", "through", "around"})
_OURS: Final = 0.25  # always asked about: what is left out may have said more
_WE: Final = frozenset({"we", "i", "you"})
_CLOSED: Final = frozenset({"?", ".", ",", ";", "and"})
_LONGEST_ASIDE: Final = 3  # words
_PERIODS: Final = frozenset({"day", "week", "month", "quarter", "year"})
_VERBAL: Final = frozenset({"write", "say", "call", "ask", "stop", "show", "have", "be", "measure"})


def modifiers(sentence: Sentence, state: State) -> Iterator[State]:
    at = state.pos
    if at >= sentence.size:
        return
    yield from _passed(sentence, state)
    yield from _of_ours(sentence, state)
    yield from _more_items(sentence, state)
    yield from _joined(sentence, state)
    yield from _denied(sentence, state)
    yield from conditions(sentence, state)
    yield from gaps(sentence, state)
    yield from so_often(sentence, state)
    yield from superlatives(sentence, state)
    yield from orders(sentence, state)
    yield from _groups(sentence, state)
    yield from _counted_for_each(sentence, state)
    yield from _asked_further(sentence, state)
    yield from deeds(sentence, state)
    yield from _verbs(sentence, state)


def _passed(sentence: Sentence, state: State) -> Iterator[State]:
    """Words that only hold parts together."""
    at = state.pos
    if sentence.low(at) in ("(", ")"):
        yield state._replace(pos=at + 1, cost=state.cost + 0.05)
    if sentence.low(at) == "each" and sentence.low(at - 1) in ("do", "does", "did"):
        yield state._replace(pos=at + 1 + (sentence.low(at + 1) == "one"), cost=state.cost + 0.05)
    if (state.mentions or state.groups) and sentence.low(at) in _REFERRING:
        yield state._replace(pos=at + 1, cost=state.cost + 0.05)
    for one in sentence.sense(at, "join"):  # "in that type", of a field that is shown or grouped by
        if sentence.low(one.end) in ("that", "those", "this", "these", "such", "its", "their", "the"):
            named = {option for slot in _named(state) for option in slot.options}
            for slot in sentence.fields[one.end + 1] if one.end + 1 < sentence.size else ():
                if sentence.low(one.end) != "the" and named & set(slot.options):
                    yield state._replace(pos=slot.end, cost=state.cost + 0.05)
    if state.verbs and at + 1 == sentence.size and any(True for _ in sentence.sense(at, "join")):
        yield state._replace(pos=at + 1)  # "where they come from"
    for one in sentence.senses[at]:
        kind = one.sense.kind
        if sentence.low(one.end - 1 if kind == "and" else one.end) == "with" and kind in ("and", "filler"):
            continue  # "together with their team" is shown too
        if kind == "filler":
            yield state._replace(pos=one.end)
        elif kind in ("be", "relative", "have", "whose") or (kind in ("and", "both") and "or" not in state.pending):
            if kind == "and" and one.end == sentence.size:
                continue
            yield state._replace(pos=one.end, cost=state.cost + (0.02 if kind in ("have", "whose") else 0.0))
        elif kind == "or" and sentence.low(at) == "either":
            yield state._replace(pos=one.end)
        elif kind == "or" and "or" not in state.pending:
            yield state._replace(pos=one.end, pending=(*state.pending, "or"))
        elif kind == "distinct" and state.items:
            yield state._replace(pos=one.end, cost=state.cost + 0.3, distinct=True)
        elif kind == "reference" and sentence.low(at) in ("their", "its", "his", "her"):
            yield state._replace(pos=one.end, cost=state.cost + 0.02)


def _of_ours(sentence: Sentence, state: State) -> Iterator[State]:
    """Behind words of ours that say nothing about rows: "(how many animals) do we look after", "have we got"."""
    at = state.pos
    if not at or sentence.low(at - 1) not in _WE or state.pending:
        return
    if any(sentence.called(verb.rows) for _, verb in verbs_at(sentence.lows, at)):
        return
    for end in range(at + 1, min(at + _LONGEST_ASIDE, sentence.size) + 1):
        if not sentence.says_nothing(end - 1):
            return
        if end == sentence.size or sentence.low(end) in _CLOSED or any(True for _ in sentence.sense(end, "join")):
            yield state._replace(pos=end, cost=state.cost + _OURS)


def _named(state: State) -> list[Slot]:
    """The fields that are shown or grouped by."""
    shown = [item.slot for item in state.items if item.slot is not None]
    return [*shown, *(group for group in state.groups if isinstance(group, Slot))]


def _more_items(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "… of each city, and the number of schools in it": back to what is shown."""
    at = state.pos
    if state.pending or state.verbs:
        return
    for one in sentence.sense(at, "and"):
        start = sentence.skip(one.end)
        if start >= sentence.size:
            continue
        asked = [other.end for other in sentence.sense(start, "show") if other.name == "question"]
        start = sentence.skip(max(asked)) if asked else start
        figure = start < sentence.size and (
            any(True for _ in sentence.sense(start, "count", "aggregate", "rank"))
            or sentence.low(start) in ("number", "frequency", "counts")
        )
        if state.ranks and not (figure and any(rank.kind in ("count", "common") for rank in state.ranks)):
            continue
        if figure or (start < sentence.size and sentence.fields[start]) or sentence.low(start) in ("their", "its"):
            yield state._replace(
                pos=start if asked else one.end, phase="item", cost=state.cost + (0.05 if figure else 0.15)
            )


def _joined(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "of the department": rows that those before have to do with."""
    at = state.pos
    starts = [(at, 0.1)] if state.verbs or (at and sentence.is_sense(at - 1, at, _BEFORE_ROWS)) else []
    if at and sentence.low(at - 1) in ("do", "does", "did"):
        starts.append((at, 0.05))  # "how many books did the student borrow"
    if (at and sentence.low(at - 1) in ("and", "or", ",", "not", "but")) or "or" in state.pending:
        starts = []
    # "by" ties what was done; alone it groups ("the number of doctors by clinic")
    starts += [(one.end, 0.0) for one in sentence.sense(at, "join") if state.verbs or sentence.low(at) != "by"]
    shown = state.items[-1].slot if state.items else None
    if shown is not None and shown.end == at and state.mentions:
        starts = []  # "the names of their doctors": an owner, which `shown` reads
    for one in sentence.sense(at, "have", "relative"):
        starts.append((one.end, 0.05))
    for start, cost in starts:
        if start >= sentence.size:
            continue
        for end, made in noun(sentence, start, state._replace(pending=())):
            how = "none" if "not" in state.pending or "never" in state.pending else "some"
            mention = made.mentions[-1]._replace(how=how)
            yield made._replace(pos=end, cost=made.cost + cost, mentions=(*made.mentions[:-1], mention))
        # a field that stands for what it tells: "of each city" is elsewhere; "in the city"
    for one in sentence.sense(at, "join"):
        start = sentence.skip(one.end)
        if start < sentence.size and sentence.low(at) not in _SIDES:
            for slot in sentence.fields[start]:
                yield from tested(sentence, state, slot, slot.end)


def _denied(sentence: Sentence, state: State) -> Iterator[State]:
    at = state.pos
    for one in sentence.sense(at, "deny"):
        if "not" in state.pending:
            continue
        if sentence.low(at) != "never":
            yield state._replace(pos=one.end, pending=(*state.pending, "not"))
        elif "never" not in state.pending:
            yield state._replace(pos=one.end, pending=(*state.pending, "never"))
        for end, made in noun(sentence, one.end, state):
            mention = made.mentions[-1]._replace(how="none")
            yield made._replace(pos=end, mentions=(*made.mentions[:-1], mention))


def _asked_further(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "Which clubs are in Rome? Give me their names.": what is shown of them is said in the next sentence."""
    at = state.pos
    if sentence.low(at) not in ("?", ".", ";", ",") or state.pending or at + 1 >= sentence.size:
        return
    cost = state.cost + 0.05 + (0.1 if state.verbs else 0.0)
    cost += 0.0 if all(item.kind in ("label", "count") for item in state.items) else 0.3
    for one in sentence.sense(at + 1, "show"):
        if one.name == "show" or sentence.low(at) != ",":
            yield state._replace(pos=one.end, phase="item", items=(), verbs=(), cost=cost)


def _groups(sentence: Sentence, state: State) -> Iterator[State]:
    at = state.pos
    if state.pending:
        return
    for one in sentence.sense(at, "each"):
        weak = sentence.low(at) == "by" or sentence.lows[at : one.end] in (("for", "all"), ("for", "different"))
        begin = sentence.skip(one.end)
        begin += sentence.low(begin) in ("their", "its")
        alone = begin + (sentence.low(begin) in ("one", "them"))
        if alone >= sentence.size and sentence.low(one.end - 1) == "each" and len(state.items) > 1:
            yield state._replace(pos=sentence.size, cost=state.cost + 0.05, verbs=())  # of what is shown
        if begin >= sentence.size:
            continue
        cost = (0.2 if weak else 0.0) + (_LOOSE_VERB if state.verbs else 0.0)
        each = state.each or not {"each", "every", "all"}.isdisjoint(sentence.lows[at : one.end])
        for slot in sentence.fields[begin]:
            grouped = state._replace(
                pos=slot.end, cost=state.cost + cost, groups=(*state.groups, slot), each=each, verbs=()
            )
            yield grouped
            if sentence.low(slot.end) in ("of", "for", "in"):
                for end, made in noun(sentence, slot.end + 1, grouped):
                    owned = slot._replace(owner=made.latest)
                    yield made._replace(pos=end, groups=(*state.groups, owned))
        for end, made in noun(sentence, begin, state):
            if made.ranks != state.ranks:
                continue
            yield made._replace(pos=end, cost=made.cost + cost, groups=(*state.groups, made.latest), each=each)
        for period in _periods(sentence, state, begin):
            yield state._replace(
                pos=period.end, cost=state.cost + cost, groups=(*state.groups, period), each=each, verbs=()
            )
    last = state.groups[-1] if state.groups else None
    ends = last.end if isinstance(last, Slot) else state.mentions[last].end if last is not None else -1
    if ends == at and sentence.low(at) == "and":
        begin = sentence.skip(at + 1)
        for slot in sentence.fields[begin] if begin < sentence.size else ():
            yield state._replace(pos=slot.end, cost=state.cost + 0.1, groups=(*state.groups, slot))


def _counted_for_each(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "loans per author": rows that are named for each of others are counted."""
    alone = [item.kind for item in state.items] == ["label"] and len(state.mentions) == 1
    said = sentence.low(state.pos) != "by" and "all" not in sentence.lows[state.pos : state.pos + 2]
    if not (alone and said) or state.groups or state.ranks or state.distinct:  # "books by price" are in order
        return
    item = Item("count", state.items[0].mention)
    yield from _groups(sentence, state._replace(items=(item,), cost=state.cost + _COUNTED))


def _periods(sentence: Sentence, state: State, at: int) -> Iterator[Slot]:
    """A unit of time that no field is called by, as in "per month": of the days of the rows, or those a verb names."""
    unit = next((name for name, forms in lexicon().units.items() if sentence.low(at) == forms[0]), "")
    if unit not in _PERIODS or sentence.fields[at] or sentence.stores[at]:
        return
    verbs = state.verbs or (state.mentions[state.latest].words if state.latest >= 0 else ())
    options = tuple(
        (store, field, 0.0 if named else 0.05)
        for store, field, named in dates(sentence, verbs)
        if sentence.types[store, field] in TIMES
    )
    if options:
        yield Slot(at, at + 1, options, unit=unit)


def _done(state: State, store: Store) -> Iterator[State]:
    """ "who tweeted", "that were never reviewed": rows that a verb names."""
    how = "none" if "not" in state.pending or "never" in state.pending else "some"
    mention = Mention(store.store, store.start, store.end, how)
    yield state._replace(
        pos=store.end, mentions=(*state.mentions, mention), latest=len(state.mentions), pending=(),
        cost=state.cost + store.cost + 0.25,
    )  # fmt: skip


def _verbs(sentence: Sentence, state: State) -> Iterator[State]:
    """A verb that only ties what stands before it and after it."""
    at = state.pos
    token = sentence.tokens[at]
    if token.kind != "word" or len(state.verbs) >= 2 or (not state.latest >= 0 and not state.items):
        return
    if any(one.end == at + 1 and one.sense.kind not in _VERBAL for one in sentence.senses[at]):
        return
    if sentence.values[at] or token.value[:1].isupper():
        return
    named = any(store.cost < SYNONYM for store in sentence.stores[at]) or any(
        option[2] < SYNONYM for slot in sentence.fields[at] for option in slot.options
    )
    low = token.low
    if not stands_as_verb(sentence, at):
        return
    light = any(base in lexicon().words.ties for base in bases(low))
    cost = 0.09 if named else LIGHT_VERB if light else VERB
    if not state.verbs:
        for store in sentence.stores[at]:
            if (
                store.end == at + 1
                and store.cost < SYNONYM
                and store.store not in {one.store for one in state.mentions}
            ):
                yield from _done(state, store)
    if any(store.end == at + 1 for store in sentence.stores[at]):
        cost += NAMED_VERB  # less where the way leads over that store
    yield state._replace(
        pos=at + 1, cost=state.cost + cost, verbs=(*state.verbs, low), verb_at=state.verb_at if state.verbs else at
    )
