"""The parts of a question after what it shows: conditions, further rows, orders, groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import bases, lexicon
from sopc.english.reading.conditions import conditions, of_types, tested
from sopc.english.reading.parts import Cond, Rank, Slot, State
from sopc.english.reading.sentence import (
    COMMON,
    NAMED_VERB,
    NUMERIC,
    VERB,
    Sentence,
    how_many,
    noun,
    sign_of,
    superlative_ranks,
)

# kinds of sense whose verbs may only tie two mentions: "the books that Ann wrote"
_VERBAL: Final = frozenset({"write", "say", "call", "ask", "stop", "show", "have", "be", "measure"})


def modifiers(sentence: Sentence, state: State) -> Iterator[State]:
    at = state.pos
    if at >= sentence.size:
        return
    yield from _passed(sentence, state)
    yield from _more_items(sentence, state)
    yield from _joined(sentence, state)
    yield from _denied(sentence, state)
    yield from conditions(sentence, state)
    yield from _superlatives(sentence, state)
    yield from _orders(sentence, state)
    yield from _groups(sentence, state)
    yield from _asked_further(sentence, state)
    yield from _verbs(sentence, state)


def _passed(sentence: Sentence, state: State) -> Iterator[State]:
    """Words that only hold parts together."""
    at = state.pos
    if sentence.low(at) in ("(", ")"):
        yield state._replace(pos=at + 1, cost=state.cost + 0.05)
    if state.verbs and at + 1 == sentence.size and any(True for _ in sentence.sense(at, "join")):
        yield state._replace(pos=at + 1)  # "where they come from"
    for one in sentence.senses[at]:
        kind = one.sense.kind
        if kind == "filler":
            yield state._replace(pos=one.end)
        elif kind in ("and", "be", "relative", "have", "whose", "both") and "or" not in state.pending:
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


def _more_items(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "… of each city, and the number of schools in it": back to what is shown."""
    at = state.pos
    if state.pending or state.verbs or state.ranks:
        return
    for one in sentence.sense(at, "and"):
        start = sentence.skip(one.end)
        if start >= sentence.size:
            continue
        asked = [other.end for other in sentence.sense(start, "show") if other.name == "question"]
        start = sentence.skip(max(asked)) if asked else start
        figure = start < sentence.size and any(True for _ in sentence.sense(start, "count", "aggregate"))
        if figure or (start < sentence.size and sentence.fields[start]) or sentence.low(start) in ("their", "its"):
            yield state._replace(
                pos=start if asked else one.end, phase="item", cost=state.cost + (0.05 if figure else 0.15)
            )


def _joined(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "of the department": rows that those before have to do with."""
    at = state.pos
    starts = (
        [(at, 0.1)]
        if state.verbs or (at and sentence.is_sense(at - 1, at, frozenset({"have", "relative", "be", "whose"})))
        else []
    )
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
        if start < sentence.size:
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
        start = sentence.skip(one.end)
        for slot in sentence.fields[start] if start < sentence.size else ():
            if (
                one.name == "deny" and sentence.low(at) in ("without", "no", "lack", "lacks")
            ) or "have" in sentence.lows[at : one.end]:
                yield state._replace(
                    pos=slot.end, cost=state.cost + 0.1, conds=(*state.conds, Cond(state.latest, "empty", slot, at=at))
                )


def _asked_further(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "Which clubs are in Rome? Give me their names.": what is shown of them is said in the next sentence."""
    at = state.pos
    if sentence.low(at) not in ("?", ".", ";", ",") or state.pending or state.verbs or at + 1 >= sentence.size:
        return
    if not all(item.kind in ("label", "count") for item in state.items):
        return
    for one in sentence.sense(at + 1, "show"):
        if one.name == "show":
            yield state._replace(pos=one.end, phase="item", items=(), cost=state.cost + 0.05)


def _superlatives(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "with the highest price", "with the most orders", "that is the oldest"."""
    at = state.pos
    if any(rank.limit and rank.kind != "first" for rank in state.ranks) or state.pending:
        return
    starts = [(at, 0.0)]
    for one in sentence.sense(at, "join", "whose", "have"):
        starts.append((sentence.skip(one.end), 0.0))
    for start, cost in starts:
        start = sentence.skip(start)
        if start >= sentence.size:
            continue
        limit, start = how_many(sentence, start)
        for one in sentence.sense(start, "rank"):
            down = one.sense.direction == "down"
            after = sentence.skip(one.end)
            if after >= sentence.size:
                continue
            counted = "number" in sentence.lows[one.start : one.end] or "amount" in sentence.lows[one.start : one.end]
            most = sentence.low(one.end - 1) in ("most", "least", "fewest") or counted
            if most and sentence.low(start - 1) not in ("for", "of", "in", "from", "to", "on"):
                for end, made in noun(sentence, after, state):
                    if made.ranks != state.ranks or made.conds != state.conds:
                        continue
                    rank = Rank("count", down, mention=made.latest, limit=limit, of=state.latest)
                    yield made._replace(pos=end, cost=made.cost + cost, ranks=(*state.ranks, rank), verbs=())
            for slot in sentence.fields[after]:
                options = tuple(o for o in slot.options if sentence.types[o[0], o[1]] not in ("text", "bool"))
                if counted and not any(sentence.types[o[0], o[1]] in NUMERIC for o in slot.options):
                    continue
                if options:
                    rank = Rank("field", down, slot._replace(options=options), limit=limit, of=state.latest)
                    extra = 0.3 if counted else 0.05 if most else 0.0
                    yield state._replace(
                        pos=slot.end, cost=state.cost + cost + extra, ranks=(*state.ranks, rank), verbs=()
                    )
            for fn in sentence.sense(after, "aggregate"):
                if fn.sense.fn not in ("avg", "sum"):
                    continue
                for slot in sentence.fields[sentence.skip(fn.end)] if fn.end < sentence.size else ():
                    options = of_types(sentence, slot, NUMERIC)
                    if options:
                        rank = Rank(
                            "measure",
                            down,
                            slot._replace(options=options),
                            limit=limit,
                            of=state.latest,
                            fn=fn.sense.fn,
                        )
                        yield state._replace(
                            pos=slot.end, cost=state.cost + cost + 0.1, ranks=(*state.ranks, rank), verbs=()
                        )
            if sentence.low(one.end - 1) in ("most", "least") and sentence.low(after) in COMMON:
                rank = Rank("common", down, limit=limit, of=state.latest)
                yield state._replace(pos=after + 1, cost=state.cost + 0.2, ranks=(*state.ranks, rank), verbs=())
        for one in sentence.sense(start, "adjective"):
            if one.degree == "superlative":
                for rank in superlative_ranks(sentence, one, state.latest, limit):
                    yield state._replace(pos=one.end, cost=state.cost + 0.05, ranks=(*state.ranks, rank), verbs=())
                for _ in (1,):
                    for slot in sentence.fields[one.end] if one.end < sentence.size else ():
                        signs = {
                            sign_of(one, o[1], sentence.types[o[0], o[1]]) or one.sense.time or "+"
                            for o in slot.options
                        }
                        typed = tuple(o for o in slot.options if sentence.types[o[0], o[1]] not in ("text", "bool"))
                        if typed and len(signs) == 1:
                            sign = signs.pop()
                            exact = Rank(
                                "field", sign == "+", slot._replace(options=typed), limit=limit, of=state.latest
                            )
                            yield state._replace(pos=slot.end, cost=state.cost, ranks=(*state.ranks, exact), verbs=())


def _orders(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "sorted by name in descending order", "in alphabetical order of name"."""
    at = state.pos
    if state.pending:
        return
    directed: list[tuple[int, str, str]] = [(at, "", "")]
    for one in sentence.sense(at, "order"):
        directed.append((one.end, "", "order"))
        for other in sentence.sense(sentence.skip(one.end), "direction") if one.end < sentence.size else ():
            directed.append((other.end, other.sense.direction, "order"))
            if sentence.low(other.end) in ("of", "by"):
                directed.append((other.end + 1, other.sense.direction, "order"))
    for other in sentence.sense(at, "direction"):
        directed.append((other.end, other.sense.direction, "order"))
        if sentence.low(other.end) in ("of", "by"):
            directed.append((other.end + 1, other.sense.direction, "order"))
        if other.sense.of == "text" or sentence.low(other.end - 1) != "first":
            yield _ordered(state, other.end, Rank("shown", other.sense.direction == "down"), 0.02)
    for start, direction, how in directed:
        if not how or start >= sentence.size:
            continue
        if direction and start == at:
            continue
        begin = sentence.skip(start)
        if sentence.low(begin) in ("their", "its"):
            begin += 1
        for end, rank, cost in _measures(sentence, state, begin):
            stop, down = _direction(sentence, end)
            if direction and stop != end:
                continue
            falling = direction == "down" if direction else down
            made = _ordered(state, stop, rank._replace(descending=falling), cost)
            yield made
            if sentence.low(stop) in ("and", ","):
                further = sentence.skip(stop + 1 + (sentence.low(stop + 1) in ("then", "and")))
                further += sentence.low(further) == "then"
                for end, second, extra in _measures(sentence, state, further):
                    last, down = _direction(sentence, end)
                    second = second._replace(descending=down or (falling and last == end))
                    yield _ordered(made, last, second, extra + 0.02)


def _measures(sentence: Sentence, state: State, at: int) -> Iterator[tuple[int, Rank, float]]:
    if at >= sentence.size:
        return
    for slot in sentence.fields[at]:
        yield slot.end, Rank("field", False, slot), 0.0
        if sentence.low(slot.end) == "of":
            for store in sentence.stores[sentence.skip(slot.end + 1)]:
                owned = tuple(one for one in slot.options if one[0] == store.store)
                if owned:
                    yield store.end, Rank("field", False, slot._replace(options=owned)), store.cost
    for one in sentence.sense(at, "count"):
        for end, made in noun(sentence, one.end, State(0, 0.0)):
            yield end, Rank("counted", False, fn=made.mentions[0].store), made.cost
    for one in sentence.sense(at, "aggregate"):
        begin = sentence.skip(one.end)
        for slot in sentence.fields[begin] if begin < sentence.size else ():
            yield slot.end, Rank("measure", False, slot, fn=one.sense.fn), 0.0
    if sentence.low(at) in ("count", "number", "counts"):
        yield at + 1, Rank("same", False), 0.1


def _direction(sentence: Sentence, at: int) -> tuple[int, bool]:
    start = at + (sentence.low(at) == ",")
    for one in sentence.sense(start, "direction") if start < sentence.size else ():
        return one.end, one.sense.direction == "down"
    return at, False


def _ordered(state: State, end: int, rank: Rank, cost: float) -> State:
    return state._replace(pos=end, cost=state.cost + cost, ranks=(*state.ranks, rank._replace(limit=None)))


def _groups(sentence: Sentence, state: State) -> Iterator[State]:
    at = state.pos
    if state.pending:
        return
    for one in sentence.sense(at, "each"):
        weak = sentence.low(at) == "by" or sentence.lows[at : one.end] in (("for", "all"), ("for", "different"))
        begin = sentence.skip(one.end)
        alone = begin + (sentence.low(begin) in ("one", "them"))
        if alone >= sentence.size and sentence.low(one.end - 1) == "each" and len(state.items) > 1:
            yield state._replace(pos=sentence.size, cost=state.cost + 0.05, verbs=())  # of what is shown
        if begin >= sentence.size:
            continue
        cost = 0.2 if weak else 0.0
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
    last = state.groups[-1] if state.groups else None
    ends = last.end if isinstance(last, Slot) else state.mentions[last].end if last is not None else -1
    if ends == at and sentence.low(at) == "and":
        begin = sentence.skip(at + 1)
        for slot in sentence.fields[begin] if begin < sentence.size else ():
            yield state._replace(pos=slot.end, cost=state.cost + 0.1, groups=(*state.groups, slot))


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
    named = bool(sentence.stores[at] or sentence.fields[at])
    low = token.low
    before = sentence.low(at - 1) if at else ""
    after_verb = before in (
        "who",
        "that",
        "which",
        "not",
        "never",
        "to",
        "do",
        "does",
        "did",
    )
    past = low.endswith(("ed", "ing", "en")) or any(
        (base != low and not low.startswith(base[:3])) or base in lexicon().irregular for base in bases(low)
    )
    ends = at > 0 and (sentence.texts[at - 1] is not None or sentence.ends_name(at))
    plain = low.endswith("s") or (at + 1 < sentence.size and any(True for _ in sentence.sense(at + 1, "join")))
    if not (after_verb or past or (ends and plain)):
        return
    cost = VERB * (0.3 if named else 1.0)
    if any(store.end == at + 1 for store in sentence.stores[at]):
        cost += NAMED_VERB  # less where the way leads over that store
    yield state._replace(
        pos=at + 1, cost=state.cost + cost, verbs=(*state.verbs, low), verb_at=state.verb_at if state.verbs else at
    )
