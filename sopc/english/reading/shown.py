"""The parts of a question up to what it shows: openings, items, and the rows that they are of."""

from __future__ import annotations

from collections.abc import Iterator

from sopc.english.reading.parts import Item, Rank, State
from sopc.english.reading.sentence import COMMON, Sentence, how_many, noun

_UNASKED = 0.3  # "employees in Sales": nothing says that they are to be shown
_AMOUNTS = frozenset({"number", "numbers", "count", "amount", "total", "quantity"})
_WHOLE = frozenset(
    {
        "information",
        "details",
        "detail",
        "info",
        "records",
        "record",
        "rows",
        "everything",
        "data",
        "columns",
        "attributes",
    }
)


def shown(sentence: Sentence, state: State) -> Iterator[State]:
    """The ways on from a state whose modifiers have not begun."""
    at = state.pos
    if at >= sentence.size:
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
            yield from _leading_group(sentence, state)
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
    if sentence.low(at) == "'s" and state.items and state.items[-1].kind == "label":
        owner = state.items[-1].mention
        yield from _owned(sentence, state._replace(items=state.items[:-1], pos=at + 1), owner)
    for one in sentence.sense(at, "join") if sentence.low(at) != "by" else ():
        for end, made in noun(sentence, one.end, state):
            yield made._replace(pos=end, phase="mods", items=_owned_by_latest(state, made))
    yield state._replace(phase="mods")


def _owned_by_latest(state: State, made: State) -> tuple[Item, ...]:
    """The items, those since the mention before taken as fields of the new one: "… and the names of their doctors"."""
    if not state.mentions:
        return made.items
    since = state.mentions[-1].end
    return tuple(
        item._replace(slot=item.slot._replace(owner=made.latest))
        if item.kind == "field" and item.slot is not None and item.slot.owner < 0 and item.slot.start >= since
        else item
        for item in made.items
    )


def _leading_group(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "for each department, show …"."""
    for one in sentence.sense(state.pos, "each"):
        if sentence.low(one.start) not in ("for", "per", "in"):
            continue
        each = not {"each", "every", "all"}.isdisjoint(sentence.lows[one.start : one.end])
        at = sentence.skip(one.end)
        if at >= sentence.size:
            continue
        for slot in sentence.fields[at]:
            end = slot.end + (sentence.low(slot.end) == ",")
            yield state._replace(pos=end, groups=(*state.groups, slot), each=each)
            if sentence.low(slot.end) == "of":
                for end, made in noun(sentence, slot.end + 1, state):
                    owned = slot._replace(owner=made.latest)
                    yield made._replace(pos=end + (sentence.low(end) == ","), groups=(*made.groups, owned), each=each)
        for end, made in noun(sentence, at, state):
            end += sentence.low(end) == ","
            yield made._replace(pos=end, groups=(*made.groups, made.latest), each=each)


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
    for one in sentence.sense(at, "reference"):
        if one.name == "them" and sentence.low(at) in ("their", "its", "his", "her") and state.mentions:
            yield from _owned(sentence, state._replace(pos=one.end), 0)
        elif sentence.low(at) in ("their", "its"):
            yield state._replace(pos=one.end, phase="item")
    if sentence.low(at) == "full" and sentence.low(at + 1) in ("name", "names"):
        yield state._replace(pos=at + 2, phase="after", items=(*state.items, Item("full", -1)))
    yield from _counted(sentence, state)
    yield from _measured(sentence, state)
    for slot in sentence.fields[at]:
        if sentence.low(slot.end) == "of" and slot.end == at + 1 and sentence.low(at) in _AMOUNTS:
            continue  # "the number of rooms" counts them
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


def _commonest(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "the most common payment method", "the three most popular types of event"."""
    if any(rank.limit for rank in state.ranks):
        return
    limit, at = how_many(sentence, state.pos)
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
        for slot in sentence.fields[start]:
            items = tuple(Item("measure", -1, slot, fn) for fn in fns)
            cost = state.cost + 0.05 * extremes
            yield state._replace(pos=slot.end, phase="after", items=(*state.items, *items), cost=cost)
        if fns == ["sum"]:
            for end, made in noun(sentence, start, state):
                item = Item("count", made.latest)
                yield made._replace(pos=end, phase="after", items=(*state.items, item), cost=made.cost + 0.3)
