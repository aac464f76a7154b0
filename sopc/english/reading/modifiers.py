"""The parts of a question after what it shows: conditions, further rows, orders, groups."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sopc.english.lexicon import bases, lexicon
from sopc.english.reading.parts import Cond, Figure, Item, Mention, Rank, Said, Slot, State
from sopc.english.reading.search import (
    _NUMERIC,
    _VERB,
    COMMON,
    Sentence,
    bound_after,
    how_many,
    measured,
    noun,
    operand,
    sign_of,
    superlative_ranks,
)
from sopc.english.reading.tokens import Moment

_OPPOSITE = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "=": "!=", "!=": "="}
_OR = ("or",)
_NOT = ("not",)


def modifiers(sentence: Sentence, state: State) -> Iterator[State]:
    at = state.pos
    if at >= sentence.size:
        return
    yield from _passed(sentence, state)
    yield from _more_items(sentence, state)
    yield from _joined(sentence, state)
    yield from _denied(sentence, state)
    yield from _fields(sentence, state)
    yield from _values(sentence, state)
    yield from _counts(sentence, state)
    yield from _comparatives(sentence, state)
    yield from _superlatives(sentence, state)
    yield from _orders(sentence, state)
    yield from _groups(sentence, state)
    yield from _times(sentence, state)
    yield from _again(sentence, state)
    yield from _asked_further(sentence, state)
    yield from _verbs(sentence, state)


def _cond(state: State, end: int, cost: float, cond: Cond) -> State:
    """The state behind a condition, with what was said before it: "or", "not"."""
    pending = list(state.pending)
    if "or" in pending:
        if not state.conds:
            return state._replace(pos=end, cost=state.cost + 9)
        cond = cond._replace(either=True, mention=state.conds[-1].mention)
        pending.remove("or")
    if "not" in pending:
        cond = cond._replace(negated=not cond.negated)
        pending.remove("not")
    return state._replace(
        pos=end, cost=state.cost + cost, conds=(*state.conds, cond), pending=tuple(pending), verbs=()
    )


def _passed(sentence: Sentence, state: State) -> Iterator[State]:
    """Words that only hold parts together."""
    at = state.pos
    if sentence.low(at) in ("(", ")"):
        yield state._replace(pos=at + 1, cost=state.cost + 0.05)
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
        figure = any(True for _ in sentence.sense(start, "count", "aggregate"))
        if figure or sentence.fields[start] or sentence.low(start) in ("their", "its"):
            yield state._replace(pos=one.end, phase="item", cost=state.cost + (0.05 if figure else 0.15))


def _joined(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "of the department": rows that those before have to do with."""
    at = state.pos
    starts = [(at, 0.1)] if state.verbs or at and sentence.is_sense(at - 1, at, frozenset({"have", "relative", "be", "whose"})) else []
    if at and sentence.low(at - 1) in ("and", "or", ",", "not", "but") or "or" in state.pending:
        starts = []
    starts += [(one.end, 0.0) for one in sentence.sense(at, "join")]
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
                yield from _tested(sentence, state, slot, slot.end)


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
            if one.name == "deny" and sentence.low(at) in ("without", "no", "lack", "lacks") or "have" in sentence.lows[at : one.end]:
                yield state._replace(
                    pos=slot.end, cost=state.cost + 0.1, conds=(*state.conds, Cond(state.latest, "empty", slot, at=at))
                )


def _fields(sentence: Sentence, state: State) -> Iterator[State]:
    """A field that is named, and what it is compared with."""
    at = state.pos
    for slot in sentence.fields[at]:
        yield from _tested(sentence, state, slot, slot.end)
        truths = tuple(one for one in slot.options if sentence.types[one[0], one[1]] == "bool")
        if truths:
            cond = Cond(state.latest, "truth", slot._replace(options=truths), at=at)
            yield _cond(state, slot.end, 0.05, cond)
    # "20 years old", "older than"
    # a comparison before its field: "more than 5 rooms" where rooms is a field
    for compare in sentence.sense(at, "compare"):
        if compare.sense.of:
            continue
        for end, value, cost in operand(sentence, compare.end, state):
            if isinstance(value, Figure) and value.slot is not None:
                cond = Cond(state.latest, "test", value.slot, compare.sense.op, value._replace(slot=None), at=at)
                yield _cond(state, end, cost + 0.05, cond)
            if isinstance(value, Slot | Figure | Said | Moment):
                continue
            start = sentence.skip(end)
            for slot in sentence.fields[start] if start < sentence.size and compare.sense.op != "between" else ():
                options = _of_types(sentence, slot, _NUMERIC)
                if options:
                    cond = Cond(state.latest, "test", slot._replace(options=options), compare.sense.op, value, at=at)
                    yield _cond(state, slot.end, cost + 0.1, cond)


def _of_types(sentence: Sentence, slot: Slot, types: frozenset[str]) -> tuple[Any, ...]:
    return tuple(one for one in slot.options if sentence.types[one[0], one[1]] in types)


def _tested(sentence: Sentence, state: State, slot: Slot, end: int) -> Iterator[State]:
    """From behind a field: "is above 5", "of 20", "containing …", "between 1 and 2", or only a value."""
    negated = False
    cost = 0.0
    latest = state.latest
    for _ in range(4):
        if end >= sentence.size:
            return
        if sentence.low(end) in ("not", "never"):
            if any(one.end > end + 1 for one in sentence.sense(end, "compare")):
                break
            negated, end = True, end + 1
        elif any(True for _ in sentence.sense(end, "be")) or sentence.low(end) in ("that", "which", ":", "do", "does", "did", "value", "values"):
            end += 1
        else:
            break
    if end >= sentence.size:
        return
    here = slot._replace(end=end)
    for missing in sentence.sense(end, "missing"):
        yield _cond(state, missing.end, 0.0, Cond(latest, "empty", slot, negated=negated, at=slot.start))
    for one in sentence.sense(end, "compare"):
        op = one.sense.op
        if op == "between":
            yield from _between(sentence, state, slot, one.end, negated)
            continue
        if one.sense.of == "time" and sentence.low(end) in ("in", "on", "at", "by", "from", "following") and op == "=":
            pass
        for stop, value, extra in operand(sentence, one.end, state):
            if isinstance(value, Moment):
                if one.sense.of != "time" and value.day is None and value.text == "":
                    continue  # a number that looks like a year
                cond = Cond(latest, "period", slot, op, value, negated=negated, at=slot.start)
                yield _cond(state, stop, extra, cond)
                continue
            if one.sense.of == "time":
                continue
            if isinstance(value, Said):
                cond = Cond(latest, "test", slot, op, value, negated=negated, at=slot.start)
                yield _cond(state, stop, extra, cond)
                continue
            stop2, bound = bound_after(sentence, stop)
            if bound and op == "=":
                yield _cond(state, stop2, extra, Cond(latest, "test", slot, bound, value, negated=negated, at=slot.start))
            yield _cond(state, stop, extra, Cond(latest, "test", slot, op, value, negated=negated, at=slot.start))
            # "above 5 or below 2", "1 or 2"
        if op in ("contains", "starts with", "ends with"):
            stop = sentence.skip(one.end)
            word = sentence.texts[stop] if stop < sentence.size else None
            if word is None and stop < sentence.size and sentence.tokens[stop].kind == "word" and sentence.tokens[stop].value[:1].isupper():
                word = sentence.tokens[stop].value
                cost = 0.1
            if word is not None:
                yield _cond(state, stop + 1, cost, Cond(latest, "test", slot, op, word, negated=negated, at=slot.start))
    # without a comparison
    start = end
    if sentence.low(start) in ("of", "as", "in", "to", "=", ":", "equals", "at", "with"):
        start += 1
    for stop, value, extra in operand(sentence, start, state):
        if isinstance(value, Moment):
            if value.day is not None or value.month is not None or value.text:
                yield _cond(state, stop, extra, Cond(latest, "period", slot, "=", value, negated=negated, at=slot.start))
            continue
        if isinstance(value, Figure):
            continue
        after, bound = bound_after(sentence, stop)
        if bound:
            yield _cond(state, after, extra, Cond(latest, "test", slot, bound, value, negated=negated, at=slot.start))
        yield _cond(state, stop, extra + 0.02, Cond(latest, "test", slot, "=", value, negated=negated, at=slot.start))
    for one in sentence.sense(start, "called"):
        for stop, value, extra in operand(sentence, one.end, state):
            if isinstance(value, str | Said | int):
                yield _cond(state, stop, extra, Cond(latest, "test", slot, "=", value, at=slot.start))
    del here


def _between(sentence: Sentence, state: State, slot: Slot, at: int, negated: bool = False) -> Iterator[State]:
    for end, low, cost in operand(sentence, at, state):
        if isinstance(low, Figure | Said | Slot) or sentence.low(end) not in ("and", "to", "-", "through"):
            continue
        for stop, high, more in operand(sentence, end + 1, state):
            if isinstance(high, Figure | Said | Slot) or type(high) is not type(low):
                continue
            cond = Cond(state.latest, "between", slot, "between", low, high, negated, at=slot.start)
            yield _cond(state, stop, cost + more, cond)


def _again(sentence: Sentence, state: State) -> Iterator[State]:
    """Another value for the field of the condition before: "above 300 or below 100", "35 or 36"."""
    at = state.pos
    if not state.conds or at == 0:
        return
    last = state.conds[-1]
    either = "or" in state.pending
    if last.slot is None or last.kind not in ("test", "period") or not (either or sentence.low(at - 1) in ("and", "but")):
        return
    for one in sentence.sense(at, "compare"):
        if one.sense.op in _OPPOSITE:
            for end, value, cost in operand(sentence, one.end, state):
                if isinstance(value, int | Decimal):
                    yield _cond(state, end, cost + 0.02, last._replace(op=one.sense.op, operand=value, negated=False, kind="test"))
                elif isinstance(value, Moment) and one.sense.of == "time":
                    yield _cond(state, end, cost + 0.02, last._replace(op=one.sense.op, operand=value, negated=False, kind="period"))
    if either and last.op == "=":
        for end, value, cost in operand(sentence, at, state):
            if isinstance(value, Moment) == (last.kind == "period") and not isinstance(value, Figure):
                yield _cond(state, end, cost, last._replace(operand=value))


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


def _values(sentence: Sentence, state: State) -> Iterator[State]:
    """A stored value, with the words around it that say what it is: "in the Engineering department"."""
    at = state.pos
    starts = {at}
    if sentence.is_sense(at, at + 1, frozenset({"join"})):
        starts.add(sentence.skip(at + 1))
    for one in sentence.sense(at, "called", "compare"):
        if one.sense.kind == "called" or one.name in ("equal", "during"):
            starts.add(sentence.skip(one.end))
    called = any(True for _ in sentence.sense(at, "called"))
    for start in sorted(starts):
        if start >= sentence.size:
            continue
        text = sentence.texts[start]
        if text is not None and called:
            cond = Cond(state.latest, "called", operand=text, at=start)
            yield _cond(state, start + 1, 0.0, cond)
        for said in sentence.values[start]:
            capital = sentence.tokens[start].value[:1].isupper() or sentence.texts[start] is not None
            base = 0.0 if capital else 0.15
            if sentence.tokens[start].kind == "number":
                base = 0.4
            end = said.end
            if called:
                yield _cond(state, end, base, Cond(state.latest, "called", operand=said, at=start))
                continue
            cond = Cond(state.latest, "said", operand=said, at=start, tied=start > at)
            yield _cond(state, end, base + 0.03, cond)
            # "the Engineering department", "female gender"
            for slot in sentence.fields[end] if end < sentence.size else ():
                pairs = {(one[0], one[1]) for one in slot.options}
                options = tuple(one for one in said.options if (one[0], one[1]) in pairs)
                if options:
                    yield _cond(state, slot.end, base, Cond(state.latest, "said", operand=said._replace(options=options), at=start))
            for store in sentence.stores[end] if end < sentence.size else ():
                options = tuple(one for one in said.options if one[0] == store.store)
                if options:
                    cond = Cond(state.latest, "said", operand=said._replace(options=options), at=start)
                    yield _cond(state, store.end, base + store.cost, cond)
    # "the department Engineering", "club "Tennis Club""
    start = sentence.skip(at + 1) if sentence.is_sense(at, at + 1, frozenset({"join"})) else at
    if start < sentence.size and "not" not in state.pending:
        for store in sentence.stores[start]:
            end = store.end
            for called_ in sentence.sense(end, "called") if end < sentence.size else ():
                end = called_.end
                break
            for said in sentence.values[end] if end < sentence.size else ():
                options = tuple(one for one in said.options if one[0] == store.store)
                if options:
                    cond = Cond(state.latest, "said", operand=said._replace(options=options), at=start)
                    yield _cond(state, said.end, store.cost, cond)


def _counts(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "with more than two orders", "at least one order", "exactly 3 orders"."""
    at = state.pos
    options: list[tuple[int, str, int, float]] = []
    for one in sentence.sense(at, "compare"):
        if one.sense.of or one.sense.op not in _OPPOSITE:
            continue
        number = sentence.numbers[sentence.skip(one.end)] if sentence.skip(one.end) < sentence.size else None
        if number is not None and number.amount.whole is not None and not number.amount.unit and not number.amount.ordinal:
            options.append((number.end, one.sense.op, number.amount.whole, 0.0))
    number = sentence.numbers[at]
    if not (state.verbs or at and sentence.is_sense(at - 1, at, frozenset({"have", "whose"}))):
        number = None  # "the 3 departments" are no three of each
    if number is not None and number.amount.whole is not None and not number.amount.unit and not number.amount.ordinal:
        end, bound = bound_after(sentence, number.end)
        options.append((end, bound or "=", number.amount.whole, 0.0 if bound else 0.1))
    if any(True for _ in sentence.sense(at, "join", "have")):
        return
    for end, op, count, cost in options:
        if "not" in state.pending:
            op = _OPPOSITE[op]
        for stop, made in noun(sentence, end, state._replace(pending=())):
            mention = made.mentions[-1]._replace(how="count", op=op, number=count)
            if made.ranks != state.ranks:
                continue
            yield made._replace(pos=stop, cost=made.cost + cost, mentions=(*made.mentions[:-1], mention))


def _comparatives(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "older than 20", "more expensive than the average"."""
    at = state.pos
    for one in sentence.sense(at, "adjective"):
        if one.degree != "comparative" or sentence.low(one.end) != "than":
            continue
        slot = measured(sentence, one)
        for end, value, cost in operand(sentence, one.end + 1, state):
            if isinstance(value, Moment | Said | str):
                continue
            for sign, op in (("+", ">"), ("-", "<")):
                options = tuple(o for o in slot.options if sign_of(one, o[1], sentence.types[o[0], o[1]]) == sign)
                options = _of_types(sentence, slot._replace(options=options), _NUMERIC)
                if options:
                    cond = Cond(state.latest, "test", slot._replace(options=options), op, value, at=at)
                    yield _cond(state, end, cost, cond)
    # "aged 20", "20 years old"
    number = sentence.numbers[at]
    if number is not None and sentence.low(number.end) in ("years", "year") and sentence.low(number.end + 1) == "old":
        options = tuple((store, field, 0.0) for store, field in sentence.types if field.lower() == "age")
        if options:
            cond = Cond(state.latest, "test", Slot(at, number.end, options), "=", number.amount.whole, at=at)
            yield _cond(state, number.end + 2, 0.0, cond)


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
            if most:
                for end, made in noun(sentence, after, state):
                    if made.ranks != state.ranks or made.conds != state.conds:
                        continue
                    rank = Rank("count", down, mention=made.latest, limit=limit, of=state.latest)
                    yield made._replace(pos=end, cost=made.cost + cost, ranks=(*state.ranks, rank), verbs=())
            for slot in sentence.fields[after]:
                options = tuple(o for o in slot.options if sentence.types[o[0], o[1]] not in ("text", "bool"))
                if counted and not any(sentence.types[o[0], o[1]] in _NUMERIC for o in slot.options):
                    continue
                if options:
                    rank = Rank("field", down, slot._replace(options=options), limit=limit, of=state.latest)
                    extra = 0.3 if counted else 0.05 if most else 0.0
                    yield state._replace(pos=slot.end, cost=state.cost + cost + extra, ranks=(*state.ranks, rank), verbs=())
            for fn in sentence.sense(after, "aggregate"):
                if fn.sense.fn not in ("avg", "sum"):
                    continue
                for slot in sentence.fields[sentence.skip(fn.end)] if fn.end < sentence.size else ():
                    options = _of_types(sentence, slot, _NUMERIC)
                    if options:
                        rank = Rank("measure", down, slot._replace(options=options), limit=limit, of=state.latest, fn=fn.sense.fn)
                        yield state._replace(pos=slot.end, cost=state.cost + cost + 0.1, ranks=(*state.ranks, rank), verbs=())
            if sentence.low(one.end - 1) in ("most", "least") and sentence.low(after) in COMMON:
                rank = Rank("common", down, limit=limit, of=state.latest)
                yield state._replace(pos=after + 1, cost=state.cost + 0.2, ranks=(*state.ranks, rank), verbs=())
        for one in sentence.sense(start, "adjective"):
            if one.degree == "superlative":
                for rank in superlative_ranks(sentence, one, state.latest, limit):
                    yield state._replace(pos=one.end, cost=state.cost + 0.05, ranks=(*state.ranks, rank), verbs=())
                for _ in (1,):
                    for slot in sentence.fields[one.end] if one.end < sentence.size else ():
                        signs = {sign_of(one, o[1], sentence.types[o[0], o[1]]) or "+" for o in slot.options}
                        typed = tuple(o for o in slot.options if sentence.types[o[0], o[1]] not in ("text", "bool"))
                        if typed and len(signs) == 1:
                            sign = one.sense.time if one.sense.time else signs.pop()
                            exact = Rank("field", sign == "+", slot._replace(options=typed), limit=limit, of=state.latest)
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
        if other.sense.of == "text" or other.end == sentence.size or sentence.low(other.end) == ",":
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
                for end, other, extra in _measures(sentence, state, further):
                    last, down = _direction(sentence, end)
                    yield _ordered(made, last, other._replace(descending=down or falling and last == end), extra + 0.02)
    return


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
    if sentence.low(at) in ("count", "number", "counts") :
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
        if begin >= sentence.size:
            continue
        cost = 0.2 if weak else 0.0
        for slot in sentence.fields[begin]:
            grouped = state._replace(pos=slot.end, cost=state.cost + cost, groups=(*state.groups, slot), each=True, verbs=())
            yield grouped
            if sentence.low(slot.end) in ("of", "for", "in"):
                for end, made in noun(sentence, slot.end + 1, grouped):
                    owned = slot._replace(owner=made.latest)
                    yield made._replace(pos=end, groups=(*state.groups, owned))
        for end, made in noun(sentence, begin, state):
            if made.ranks != state.ranks:
                continue
            yield made._replace(pos=end, cost=made.cost + cost, groups=(*state.groups, made.latest), each=True)
    if state.each and state.groups and at and sentence.low(at) == "and":
        begin = sentence.skip(at + 1)
        for slot in sentence.fields[begin] if begin < sentence.size else ():
            yield state._replace(pos=slot.end, cost=state.cost + 0.1, groups=(*state.groups, slot))


def _times(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "in 2007", "before May 2010", "between 2001 and 2003", "born after 1980": the one date field of the rows, or
    one that the verb names."""
    at = state.pos
    if at >= sentence.size:
        return
    options = _dates(sentence, state.verbs)
    if not options:
        return
    slot = Slot(at, at, options)
    bare = sentence.times[at]
    if bare is not None and state.conds and state.conds[-1].kind == "said" and not state.pending:
        yield _cond(state, bare.end, 0.1, Cond(state.latest, "period", slot, "=", bare.moment, at=at))
    for one in sentence.sense(at, "compare"):
        if one.sense.op == "between":
            yield from (
                made for made in _between(sentence, state, slot, one.end)
                if isinstance(made.conds[-1].operand, Moment) and made.conds[-1].kind == "between"
            )
            continue
        if one.sense.of != "time":
            continue
        begin = sentence.skip(one.end)
        begin += sentence.low(begin) in ("year", "month")
        time = sentence.times[begin] if begin < sentence.size else None
        if time is not None:
            cond = Cond(state.latest, "period", slot, one.sense.op, time.moment, at=at)
            yield _cond(state._replace(verbs=()), time.end, 0.05, cond)


def _dates(sentence: Sentence, verbs: tuple[str, ...]) -> tuple[tuple[str, str, float], ...]:
    """The fields of days and years, those that a verb names first."""
    from sopc.english.lexicon import same
    from sopc.english.reading.evidence import spelt_out

    found = []
    for (store, field), type_ in sentence.types.items():
        words = spelt_out(field)
        year = type_ in ("int",) and (words[-1] in ("year", "founded", "built", "opened", "released", "born") or words[0] == "year")
        if type_ not in ("date", "timestamp") and not year:
            continue
        named = any(same(verb, word) for verb in verbs for word in words)
        found.append((store, field, 0.0 if named else 0.3 if verbs else 0.15))
    return tuple(found)


def _verbs(sentence: Sentence, state: State) -> Iterator[State]:
    """A verb that only ties what stands before it and after it."""
    at = state.pos
    token = sentence.tokens[at]
    if token.kind != "word" or len(state.verbs) >= 2 or not state.latest >= 0 and not state.items:
        return
    if any(one.end == at + 1 and one.sense.kind not in ("write", "say", "call", "ask", "stop", "show", "have", "be") for one in sentence.senses[at]):
        return
    if sentence.values[at] or token.value[:1].isupper():
        return
    named = bool(sentence.stores[at] or sentence.fields[at])
    low = token.low
    before = sentence.low(at - 1) if at else ""
    after_verb = before in ("who", "that", "which", "not", "never", "to", "do", "does", "did", "have", "has", "is", "are", "was", "were", "been")
    past = low.endswith(("ed", "ing", "en")) or any(base != low and not low.startswith(base[:3]) or base in lexicon().irregular for base in bases(low))
    third = low.endswith("s") and at and any(store.end == at for start in range(at) for store in sentence.stores[start])
    if not (after_verb or past or third):
        return
    cost = _VERB * (0.3 if named else 1.0)
    yield state._replace(pos=at + 1, cost=state.cost + cost, verbs=(*state.verbs, low))
