"""The orders of a question, its superlatives, and how often something must be so, where its modifiers stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import lexicon
from sopc.english.reading.conditions import of_types
from sopc.english.reading.evidence import Sense
from sopc.english.reading.parts import Rank, State
from sopc.english.reading.sentence import COMMON, NUMERIC, Sentence, how_many, noun, sign_of, superlative_ranks


def superlatives(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "with the highest price", "with the most orders", "that is the oldest"."""
    at = state.pos
    if any(rank.limit and rank.kind != "first" for rank in state.ranks) or state.pending:
        return
    before = at - 1 - (sentence.low(at - 1) == "the")
    starts = [(at, 0.4 if sentence.low(before) == "and" else 0.0)]  # "and the highest price" is shown
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
                    yield state._replace(
                        pos=one.end, cost=state.cost + cost + 0.05, ranks=(*state.ranks, rank), verbs=()
                    )
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
                            yield state._replace(
                                pos=slot.end, cost=state.cost + cost, ranks=(*state.ranks, exact), verbs=()
                            )


def so_often(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "that won matches at least twice", "who ordered more than 3 times", "used the most often"."""
    at = state.pos
    if state.pending or not state.mentions:
        return
    mention = state.mentions[state.latest]
    for one in sentence.sense(at, "compare"):
        if one.sense.of or one.sense.op not in (">", "<", ">=", "<=", "="):
            continue
        number = sentence.numbers[one.end] if one.end < sentence.size else None
        times = lexicon().times.get(sentence.low(one.end))
        end = one.end + 1
        if times is None and number is not None and sentence.low(number.end) in ("times", "time"):
            times, end = number.amount.whole, number.end + 1
        if times is not None and mention.how == "some" and len(state.mentions) > 1:
            counted = mention._replace(how="count", op=one.sense.op, number=times)
            mentions = (*state.mentions[: state.latest], counted, *state.mentions[state.latest + 1 :])
            yield state._replace(pos=end, mentions=mentions, verbs=(), cost=state.cost + 0.1)
    if any(rank.limit for rank in state.ranks):
        return
    for one in sentence.sense(sentence.skip(at) if at < sentence.size else at, "rank"):
        if sentence.low(one.end) in ("often", "frequently", "times", "time") or (
            sentence.low(one.end - 1) == "of" and sentence.low(one.end) == "times"
        ):
            if len(state.mentions) > 1:
                rank = Rank("count", one.sense.direction == "down", mention=state.latest, limit=1, of=0)
            else:
                rank = Rank("common", one.sense.direction == "down", limit=1, of=state.latest)
            yield state._replace(pos=one.end + 1, ranks=(*state.ranks, rank), verbs=(), cost=state.cost + 0.15)


def orders(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "sorted by name in descending order", "in alphabetical order of name"."""
    at = state.pos
    if state.pending:
        return
    directed: list[tuple[int, str, str]] = [(at, "", "")]
    if sentence.low(0) in ("sort", "order", "arrange", "rank") and sentence.low(at) in ("by", "according"):
        directed.append((at + 1 + (sentence.low(at + 1) == "to"), "", "order"))
    if sentence.low(at) == "by" and any(rank.kind == "first" for rank in state.ranks):
        for end, rank, cost in _measures(sentence, state, sentence.skip(at + 1)):  # "the top 3 films by length"
            yield _ordered(state, end, rank._replace(descending=True), cost)
    for one in _order_words(sentence, at):
        directed.append((one, "", "order"))
        for other in sentence.sense(sentence.skip(one), "direction") if one < sentence.size else ():
            directed.append((other.end, other.sense.direction, "order"))
            if sentence.low(other.end) in ("of", "by"):
                directed.append((other.end + 1, other.sense.direction, "order"))
    for begin in [at, *(sentence.skip(end) for end in _order_words(sentence, at))]:
        for other in sentence.sense(begin, "direction") if at < begin < sentence.size else ():
            yield from _by_direction(sentence, state, other)
    for other in sentence.sense(at, "direction"):
        directed.append((other.end, other.sense.direction, "order"))
        if sentence.low(other.end) in ("of", "by"):
            directed.append((other.end + 1, other.sense.direction, "order"))
        yield from _by_direction(sentence, state, other)
    for extreme in sentence.sense(at, "adjective", "rank"):
        if sentence.low(extreme.end) != "first":
            continue
        ranks = [Rank("shown", extreme.sense.direction == "down", fn="number")]
        if extreme.sense.kind == "adjective":
            is_superlative = extreme.degree == "superlative"
            ranks = superlative_ranks(sentence, extreme, state.latest, None) if is_superlative else []
        for rank in ranks:
            yield _ordered(state, extreme.end + 1, rank, 0.02)
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


def _extreme(sentence: Sentence, direction: Sense) -> Sense | None:
    """The adjective in a direction that says what is measured: "from newest to oldest"."""
    places = [place for place in range(direction.start, direction.end) if sentence.low(place) != "first"]
    adjectives = (one for place in places for one in sentence.sense(place, "adjective"))
    return next((one for one in adjectives if one.degree == "superlative" and one.sense.time), None)


def _by_direction(sentence: Sentence, state: State, direction: Sense) -> Iterator[State]:
    """An order of which only the direction is said: of what is shown, or of what an adjective measures."""
    extreme = _extreme(sentence, direction)
    kind = direction.sense.of or ("number" if sentence.low(direction.end - 1) == "first" else "")
    ranks = [Rank("shown", direction.sense.direction == "down", fn=kind)]
    if extreme is not None:
        ranks = superlative_ranks(sentence, extreme, state.latest, None)
    for rank in ranks:
        yield _ordered(state, direction.end, rank, 0.02)


_ORDERING: Final = frozenset(
    {"sort", "order", "arrange", "rank", "sorted", "ordered", "arranged", "ranked", "list", "listed"}
)
_ORDERED: Final = frozenset({"them", "it", "result", "results", "list", "answer", "rows", "these", "records", "output"})


def _order_words(sentence: Sentence, at: int) -> Iterator[int]:
    """Where the words end that say an order is coming: "sorted by", "sort the results by", "order them in"."""
    yield from (one.end for one in sentence.sense(at, "order"))
    if sentence.low(at) not in _ORDERING:
        return
    end = sentence.skip(at + 1)
    end = sentence.skip(end + 1) if sentence.low(end) in _ORDERED else end
    if sentence.low(end) in ("by", "according", "using", "on", "in", "from", "with"):
        end += 1 + (sentence.low(end + 1) in ("to", "of", "order"))
        end += sentence.low(end) in ("of", "the") and sentence.low(end - 1) == "order"
        yield end
    if end < sentence.size and any(True for _ in sentence.sense(end, "direction")):
        yield end


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
    for store in sentence.stores[at]:
        end = store.end + (sentence.low(store.end) in ("'s", "'"))
        for slot in sentence.fields[end] if end < sentence.size else ():
            owned = tuple(one for one in slot.options if one[0] == store.store)
            if owned:
                yield slot.end, Rank("field", False, slot._replace(options=owned)), store.cost
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
