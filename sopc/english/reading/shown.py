"""The parts of a question up to what it shows: openings, items, and the rows that they are of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import lexicon
from sopc.english.reading.conditions import conditions
from sopc.english.reading.openings import openings
from sopc.english.reading.parts import Item, Rank, State
from sopc.english.reading.sentence import COMMON, Sentence, how_many, noun, of_quantities

_BE_OR_HAVE = frozenset({"be", "have"})
_UNASKED = 0.3  # "employees in Sales": nothing says that they are to be shown
_AMOUNTS = frozenset({"number", "numbers", "count", "amount", "total", "quantity"})
_WHOLE = frozenset(lexicon().words.whole_rows)


def shown(sentence: Sentence, state: State) -> Iterator[State]:
    """The ways on from a state whose modifiers have not begun."""
    at = state.pos
    if at >= sentence.size:
        return
    if state.phase == "leading":
        if sentence.low(at) == ",":
            yield state._replace(pos=at + 1, phase="open")
            for one in sentence.sense(at + 1, "count"):
                end = one.end + (2 if sentence.lows[one.end : one.end + 2] == ("of", "them") else 0)
                if one.name == "how_many" and end < sentence.size and sentence.is_sense(end, end + 1, _BE_OR_HAVE):
                    item = Item("count", 0)  # "of all the players with …, how many are …"
                    yield state._replace(pos=end, phase="mods", items=(item,))
        yield from conditions(sentence, state)
        for one in sentence.senses[at]:
            if one.sense.kind in ("filler", "be", "relative", "have", "whose"):
                yield state._replace(pos=one.end)
        return
    if state.phase == "open" and not any(
        True for _ in sentence.sense(at, "filler", "discourse", "show", "count", "each")
    ):
        state = state._replace(cost=state.cost + _UNASKED)
    if state.phase in ("open", "item"):
        for one in sentence.sense(at, "filler", "discourse"):
            yield state._replace(pos=one.end)
        if state.phase == "open":
            for one in sentence.sense(at, "show"):
                yield state._replace(pos=one.end, phase="item")
            for one in sentence.sense(at, "count"):  # "count the number of …"
                if any(other.sense.kind == "count" for other in sentence.senses[sentence.skip(one.end)]):
                    yield state._replace(pos=one.end, phase="item")
            if sentence.low(at) in (",", ":") and at:
                yield state._replace(pos=at + 1)
        elif sentence.low(at) in ("both", ":"):
            yield state._replace(pos=at + 1, cost=state.cost + 0.05)
        if state.phase == "open":
            yield from openings(sentence, state)
        yield from _item(sentence, state)
        return
    # after an item
    for one in sentence.sense(at, "each"):
        if sentence.low(one.end - 1) == "each" and one.end >= sentence.size and len(state.items) > 1:
            yield state._replace(pos=one.end, phase="mods", cost=state.cost + 0.05)
    if sentence.is_sense(at, at + 1, frozenset({"and"})):
        for one in sentence.sense(at, "and"):
            yield state._replace(pos=one.end, phase="item")
            yield state._replace(pos=one.end, phase="mods", cost=state.cost + 0.01)
    if sentence.low(at) in ("'s", "'") and state.items and state.items[-1].kind == "label":
        owner = state.items[-1].mention
        yield from _owned(sentence, state._replace(items=state.items[:-1], pos=at + 1), owner)
    for one in sentence.sense(at, "join") if sentence.low(at) != "by" else ():
        for end, made in noun(sentence, one.end, state):
            owned = _owned_by_latest(state, made, said=sentence.low(at) == "of")
            yield made._replace(pos=end, phase="mods", items=owned)
    yield state._replace(phase="mods")


def _owned_by_latest(state: State, made: State, *, said: bool) -> tuple[Item, ...]:
    """The items, those since the mention before taken as fields of the new one: "… and the names of their doctors"."""
    if not state.mentions and not said:
        return made.items
    since = state.mentions[-1].end if state.mentions else 0
    return tuple(
        item._replace(slot=item.slot._replace(owner=made.latest))
        if item.kind == "field" and item.slot is not None and item.slot.owner < 0 and item.slot.start >= since
        else item
        for item in made.items
    )


# what a question asks for, by the words of the fields that may answer it
def _owned(sentence: Sentence, state: State, owner: int) -> Iterator[State]:
    """Fields of a mention: "the students' names and ages"."""
    at = sentence.skip(state.pos)
    if at >= sentence.size:
        return
    for slot in sentence.fields[at]:
        item = Item("field", owner, slot._replace(owner=owner))
        yield state._replace(pos=slot.end, phase="after", items=(*state.items, item))


def _item(sentence: Sentence, state: State) -> Iterator[State]:
    at = sentence.skip(state.pos)
    if at >= sentence.size:
        return
    if at != state.pos:
        yield state._replace(pos=at, phase="item")
        return
    for one in sentence.sense(at, "distinct"):
        yield state._replace(pos=one.end, phase="item", distinct=True)
    if not state.items:
        for one in sentence.sense(at, "direction"):  # "list in alphabetical order the names"
            rank = Rank("shown", one.sense.direction == "down")
            yield state._replace(pos=one.end, phase="item", ranks=(*state.ranks, rank), cost=state.cost + 0.05)
    for one in sentence.sense(at, "reference"):
        if one.name == "them" and sentence.low(at) in ("their", "its", "his", "her") and state.mentions:
            yield from _owned(sentence, state._replace(pos=one.end), 0)
        if sentence.low(at) in ("their", "its"):
            yield state._replace(pos=one.end, phase="item")
    full = sentence.low(at) == "full"
    if sentence.low(at + full) in ("name", "names"):
        items = (*state.items, Item("full", -1))
        yield state._replace(pos=at + full + 1, phase="after", items=items, cost=state.cost + (0.0 if full else FULL))
    if sentence.low(at) in ("each", "every"):
        for following in _item(sentence, state._replace(pos=at + 1, each=True, phase="item")):
            item = following.items[-1] if len(following.items) > len(state.items) else None
            if item is not None and item.kind == "field" and item.slot is not None:
                yield following._replace(groups=(*following.groups, item.slot))
            elif item is not None and item.kind == "label":
                yield following._replace(groups=(*following.groups, item.mention))
        return
    yield from _counted(sentence, state)
    yield from _measured(sentence, state)
    for slot in sentence.fields[at]:
        if sentence.low(slot.end) == "of" and slot.end == at + 1 and sentence.low(at) in _AMOUNTS:
            of = sentence.skip(
                slot.end + 1
            )  # "the number of rooms" counts them, "the amount of the deals" may be theirs
            stores = {one.store for one in sentence.stores[of]} if of < sentence.size else set()
            own = tuple(one for one in slot.options if one[0] in stores)
            if own:
                item = Item("field", -1, slot._replace(options=own))
                yield state._replace(pos=slot.end, phase="after", items=(*state.items, item), cost=state.cost + 0.1)
            continue
        item = Item("field", -1, slot)
        yield state._replace(pos=slot.end, phase="after", items=(*state.items, item))
    for end, made in noun(sentence, at, state):
        start = made.mentions[-1].start
        made = made._replace(phase="after", pos=end)
        yield made._replace(items=(*state.items, Item("label", made.latest)))
        # "the department name", "student ages": a field of what stands before it
        for slot in sentence.fields[end] if end < sentence.size else ():
            store = made.mentions[-1].store
            own = tuple(one for one in slot.options if one[0] == store)
            if own and start >= at:
                item = Item("field", made.latest, slot._replace(options=own, owner=made.latest))
                yield made._replace(pos=slot.end, items=(*state.items, item), cost=made.cost + 0.1)
    if sentence.low(at) in _WHOLE or (sentence.low(at) in ("every", "all") and sentence.low(at + 1) in _WHOLE):
        end = at + 1 + (sentence.low(at) not in _WHOLE)
        for end_ in (end,):
            for join in sentence.sense(end_, "join") if end_ < sentence.size else ():
                for stop, made in noun(sentence, join.end, state):
                    yield made._replace(pos=stop, phase="mods", items=(*state.items, Item("all", made.latest)))
    yield from _commonest(sentence, state)
    yield from _their_count(sentence, state)


def _counted(sentence: Sentence, state: State) -> Iterator[State]:
    for one in sentence.sense(state.pos, "count"):
        at = sentence.skip(one.end)
        distinct = one.name == "how_many" and one.end - one.start > 2
        while at < sentence.size and any(True for _ in sentence.sense(at, "distinct")):
            at, distinct = sentence.skip(at + 1), True
        if at >= sentence.size:
            continue
        for end, made in noun(sentence, at, state._replace(distinct=False)):
            item = Item("count", made.latest, distinct=False)
            cost = made.cost + (0.1 if distinct else 0)
            yield made._replace(pos=end, phase="mods", items=(*state.items, item), distinct=state.distinct, cost=cost)
            yield made._replace(pos=end, phase="after", items=(*state.items, item), distinct=state.distinct, cost=cost)
        for slot in sentence.fields[at]:
            kinds = {sentence.types[one[0], one[1]] for one in slot.options}
            amounts = of_quantities(sentence, slot)
            asked = one.name == "how_many" and sentence.low(slot.end) not in ("does", "do", "did")
            if amounts and not distinct and not asked:  # "the number of followers" of a field followers
                total = "total" in sentence.lows[one.start : one.end]
                item = Item("field", -1, slot._replace(options=amounts))
                cost = state.cost + (0.5 if total else 0.15)
                yield state._replace(pos=slot.end, phase="after", items=(*state.items, item), cost=cost)
                item = Item("measure", -1, slot._replace(options=amounts), "sum")
                cost = state.cost + (0.15 if total else 0.4)
                yield state._replace(pos=slot.end, phase="after", items=(*state.items, item), cost=cost)
            item = Item("count", -1, slot, distinct=True)
            cost = state.cost + (0.0 if distinct else 0.25)
            yield state._replace(pos=slot.end, phase="after", items=(*state.items, item), cost=cost)
            if (
                kinds & {"int", "float", "decimal"}
                and one.name != "how_many"
                and "total" in sentence.lows[one.start : one.end]
            ):
                item = Item("measure", -1, slot, "sum")
                yield state._replace(pos=slot.end, phase="after", items=(*state.items, item), cost=state.cost + 0.1)


FULL: Final = 0.1  # "names" where rows have a first and a last one
_OF_THEM: Final = frozenset(
    {"there", "are", "is", "them", "of", "for", "in", "each", "it", "that", "this", "such", "one", "those", "to"}
)


def _their_count(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "each city and the count", "…, and how many are there": of what is shown."""
    at = state.pos
    if not state.items or any(item.kind in ("count", "measure") for item in state.items):
        return
    ends = [one.end for one in sentence.sense(at, "count") if one.name == "how_many"]
    if sentence.low(at) in ("count", "counts", "number", "frequency", "numbers"):
        ends.append(at + 1)
        if sentence.low(at + 1) == "count":
            ends.append(at + 2)
    for end in ends:
        stop = end
        while stop < sentence.size and sentence.low(stop) in _OF_THEM:
            stop += 1
        if stop == sentence.size or sentence.low(stop) in (",", ".", "?"):
            item = Item("count", -1, None)
            yield state._replace(pos=stop, phase="after", items=(*state.items, item), cost=state.cost + 0.15)


def _commonest(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "the most common payment method", "the three most popular types of event"."""
    if any(rank.limit for rank in state.ranks):
        return
    limit, at = how_many(sentence, state.pos)
    for slot in sentence.fields[at] if state.pos < at < sentence.size else ():
        rank = Rank("first", False, limit=limit)  # "the top 5 countries by …"
        items = (*state.items, Item("field", -1, slot))
        yield state._replace(pos=slot.end, phase="after", items=items, ranks=(*state.ranks, rank))
    for one in sentence.sense(at, "rank"):
        start = sentence.skip(one.end)
        if limit > 1 and start < sentence.size and sentence.low(one.end - 1) not in ("most", "least"):
            for slot in sentence.fields[start]:
                rank = Rank("field", one.sense.direction == "down", slot, limit=limit)
                items = (*state.items, Item("field", -1, slot))
                yield state._replace(pos=slot.end, phase="after", items=items, ranks=(*state.ranks, rank))
        if sentence.low(one.end - 1) not in ("most", "least") or sentence.low(one.end) not in COMMON:
            continue
        start = sentence.skip(one.end + 1)
        rank = Rank("common", one.sense.direction == "down", limit=limit)
        for slot in sentence.fields[start] if start < sentence.size else ():
            item = Item("field", -1, slot)
            yield state._replace(
                pos=slot.end,
                phase="after",
                items=(*state.items, item),
                ranks=(*state.ranks, rank),
                cost=state.cost + 0.05,
            )


def _measured(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "the minimum, maximum and average age"."""
    at = state.pos
    fns: list[str] = []
    extremes = 0
    while at < sentence.size:
        one = next(
            iter(sorted(sentence.sense(at, "aggregate", "rank"), key=lambda one: (-one.end, one.sense.kind))), None
        )
        if one is None or sentence.low(one.end - 1) in ("most", "least", "fewest", "of", "top", "bottom"):
            break
        fns.append(one.sense.fn or ("max" if one.sense.direction == "down" else "min"))
        extremes += one.sense.kind == "rank"
        at = one.end
        ahead = at
        while ahead < sentence.size and sentence.low(ahead) in (",", "and", "the"):
            ahead += 1
        if at < ahead < sentence.size and any(True for _ in sentence.sense(ahead, "aggregate", "rank")):
            at = ahead
    if not fns or at >= sentence.size:
        return
    for start in dict.fromkeys((at, at + 1) if sentence.low(at) in ("of", "for", "in") else (at,)):
        start = sentence.skip(start)
        if start >= sentence.size:
            continue
        counted = [one.end for one in sentence.sense(start, "count") if one.name == "number_of"]
        slots = [*sentence.fields[start]]
        for place in {sentence.skip(end) for end in counted} if start not in counted else ():
            slots += [
                slot._replace(options=amounts)
                for slot in (sentence.fields[place] if place < sentence.size else ())
                if (amounts := of_quantities(sentence, slot))
            ]
        for slot in slots:
            items = tuple(Item("measure", -1, slot, fn) for fn in fns)
            cost = state.cost + 0.05 * extremes
            yield state._replace(pos=slot.end, phase="after", items=(*state.items, *items), cost=cost)
        if fns == ["sum"]:
            for end, made in noun(sentence, start, state):
                item = Item("count", made.latest)
                yield made._replace(pos=end, phase="after", items=(*state.items, item), cost=made.cost + 0.3)
