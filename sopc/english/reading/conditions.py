"""The conditions of a question, where its modifiers stand: a field and what it is compared with, a stored value, a
count, a time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from sopc.english.lexicon import lexicon
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.deeds import dates
from sopc.english.reading.parts import Cond, Figure, Said, Slot, State
from sopc.english.reading.sentence import NUMERIC, Sentence, bound_after, measured, noun, operand, sign_of
from sopc.english.reading.tokens import Moment

OPPOSITE: Final = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "=": "!=", "!=": "="}


def conditions(sentence: Sentence, state: State) -> Iterator[State]:
    """The states behind each condition that is said from a state on."""
    yield from _fields(sentence, state)
    yield from _values(sentence, state)
    yield from _counts(sentence, state)
    yield from _comparatives(sentence, state)
    yield from _times(sentence, state)
    yield from _split(sentence, state)
    yield from _figures(sentence, state)
    yield from _again(sentence, state)


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
    after_verb = bool(state.verbs) or (cond.mention >= 0 and state.mentions[cond.mention].done)
    if after_verb and cond.kind == "said" and cond.tied:
        cond = cond._replace(done=True)
    return state._replace(pos=end, cost=state.cost + cost, conds=(*state.conds, cond), pending=tuple(pending), verbs=())


def _fields(sentence: Sentence, state: State) -> Iterator[State]:
    """A field that is named, and what it is compared with."""
    at = state.pos
    for slot in sentence.fields[at]:
        yield from tested(sentence, state, slot, slot.end)
    for slot, denied in sentence.flags(at):
        yield _cond(state, slot.end, 0.05, Cond(state.latest, "truth", slot, negated=denied, at=at))
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
                options = tuple(one for one in of_types(sentence, slot, NUMERIC) if one[:2] not in sentence.keys)
                if options:
                    cond = Cond(state.latest, "test", slot._replace(options=options), compare.sense.op, value, at=at)
                    yield _cond(state, slot.end, cost + 0.1, cond)


def _figures(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "whose average rating is above 5"."""
    for one in sentence.sense(state.pos, "aggregate"):
        start = sentence.skip(one.end)
        for slot, end in _of_stores(sentence, start):
            while end < sentence.size and (
                any(True for _ in sentence.sense(end, "be")) or sentence.low(end) in ("of", "that")
            ):
                end += 1
            for compare in sentence.sense(end, "compare") if end < sentence.size else ():
                for stop, value, cost in operand(sentence, compare.end, state):
                    if compare.sense.op in OPPOSITE and isinstance(value, int | Decimal) and not compare.sense.of:
                        cond = Cond(
                            state.latest, "figure", slot, compare.sense.op, value, fn=one.sense.fn, at=state.pos
                        )
                        yield _cond(state, stop, cost + 0.1, cond)


def _of_stores(sentence: Sentence, start: int) -> Iterator[tuple[Slot, int]]:
    """(field, end) of what an aggregate is of: "grade", "grade of the students"."""
    for slot in sentence.fields[start] if start < sentence.size else ():
        yield slot, slot.end
        at = sentence.skip(slot.end + 1)
        for store in sentence.stores[at] if sentence.low(slot.end) == "of" and at < sentence.size else ():
            own = tuple(one for one in slot.options if one[0] == store.store)
            if own:
                yield slot._replace(options=own), store.end


FROM: Final = 0.3  # "from May", where May begins it, and is not all of it
_COMPARATIVES: Final = {
    **dict.fromkeys(("more", "greater", "larger", "higher", "bigger", "longer", "later"), ">"),
    **dict.fromkeys(("less", "fewer", "smaller", "lower", "shorter"), "<"),
}


def _split(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "a larger enrollment than the average", "5 stars"."""
    at = state.pos
    op = _COMPARATIVES.get(sentence.low(at))
    for slot in sentence.fields[at + 1] if op is not None and at + 1 < sentence.size else ():
        options = of_types(sentence, slot, NUMERIC)
        if not options or sentence.low(slot.end) != "than":
            continue
        for end, value, cost in operand(sentence, slot.end + 1, state):
            if isinstance(value, int | Decimal | Figure):
                cond = Cond(state.latest, "test", slot._replace(options=options), op or "", value, at=at)
                yield _cond(state, end, cost + 0.05, cond)
    for one in sentence.sense(at, "compare"):
        for low_end, low, cost in operand(sentence, one.end, state) if one.sense.op == "between" else ():
            if not isinstance(low, int | Decimal) or sentence.low(low_end) not in ("and", "to"):
                continue
            for end, high, more in operand(sentence, low_end + 1, state):
                start = sentence.skip(end)
                if not isinstance(high, int | Decimal) or start >= sentence.size:
                    continue
                for slot in sentence.fields[start]:
                    options = tuple(each for each in of_types(sentence, slot, NUMERIC) if each[:2] not in sentence.keys)
                    if options:
                        chosen = slot._replace(options=options)
                        cond = Cond(state.latest, "between", chosen, "between", low, high, at=at)
                        yield _cond(state, slot.end, cost + more + 0.1, cond)
    number = sentence.numbers[at]
    if number is None or number.amount.ordinal or number.amount.unit or not at:
        return
    if not (state.verbs or sentence.is_sense(at - 1, at, frozenset({"have", "whose", "join"}))):
        return
    value = number.amount.whole if number.amount.whole is not None else number.amount.value
    for slot in sentence.fields[number.end] if number.end < sentence.size else ():
        options = tuple(one for one in of_types(sentence, slot, NUMERIC) if one[:2] not in sentence.keys)
        if options:
            end, bound = bound_after(sentence, slot.end)
            cond = Cond(state.latest, "test", slot._replace(options=options), bound or "=", value, at=at)
            yield _cond(state, end, 0.1 if bound else 0.2, cond)


def of_types(sentence: Sentence, slot: Slot, types: frozenset[str]) -> tuple[Any, ...]:
    return tuple(one for one in slot.options if sentence.types[one[0], one[1]] in types)


def tested(sentence: Sentence, state: State, slot: Slot, end: int) -> Iterator[State]:
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
        elif (
            any(True for _ in sentence.sense(end, "be"))
            or sentence.low(end)
            in (
                "either",
                "that",
                "which",
                ":",
                "do",
                "does",
                "did",
                "value",
                "values",
            )
            or (sentence.low(end) in ("of", "at") and any(True for _ in sentence.sense(end + 1, "compare")))
        ):
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
                yield _cond(
                    state, stop2, extra, Cond(latest, "test", slot, bound, value, negated=negated, at=slot.start)
                )
            yield _cond(state, stop, extra, Cond(latest, "test", slot, op, value, negated=negated, at=slot.start))
            # "above 5 or below 2", "1 or 2"
        if op in ("contains", "starts with", "ends with"):
            stop = sentence.skip(one.end)
            word = sentence.texts[stop] if stop < sentence.size else None
            if (
                word is None
                and stop < sentence.size
                and sentence.tokens[stop].kind == "word"
                and sentence.tokens[stop].value[:1].isupper()
            ):
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
                yield _cond(
                    state, stop, extra, Cond(latest, "period", slot, "=", value, negated=negated, at=slot.start)
                )
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
    if either and "not" in sentence.lows[last.at : at]:
        return  # "not above 10 or below 5" can be read in two ways
    if (
        last.slot is None
        or last.kind not in ("test", "period")
        or not (either or sentence.low(at - 1) in ("and", "but"))
    ):
        return
    for one in sentence.sense(at, "compare"):
        if one.sense.op in OPPOSITE:
            for end, value, cost in operand(sentence, one.end, state):
                if isinstance(value, int | Decimal):
                    yield _cond(
                        state,
                        end,
                        cost + 0.02,
                        last._replace(op=one.sense.op, operand=value, negated=False, kind="test"),
                    )
                elif isinstance(value, Moment) and one.sense.of == "time":
                    yield _cond(
                        state,
                        end,
                        cost + 0.02,
                        last._replace(op=one.sense.op, operand=value, negated=False, kind="period"),
                    )
    if (either or "both" in sentence.lows[last.at : at]) and last.op == "=":
        for end, value, cost in operand(sentence, at, state):
            if isinstance(value, Moment) == (last.kind == "period") and not isinstance(value, Figure):
                yield _cond(state, end, cost, last._replace(operand=value))


def _values(sentence: Sentence, state: State) -> Iterator[State]:
    """A stored value, with the words around it that say what it is: "in the Engineering department"."""
    at = state.pos
    starts = {at}
    if sentence.is_sense(at, at + 1, frozenset({"join"})):
        starts.add(sentence.skip(at + 1))
        if sentence.low(at + 1) in ("both", "either"):
            starts.add(sentence.skip(at + 2))
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
            for last in sentence.values[end] if end < sentence.size else ():
                for pair in _full_name(said, last):
                    conds = [Cond(state.latest, "said", operand=one, at=start, tied=start > at) for one in pair]
                    both = _cond(state, last.end, base, conds[0])
                    yield both._replace(conds=(*both.conds, conds[1]))
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
                    yield _cond(
                        state,
                        slot.end,
                        base,
                        Cond(state.latest, "said", operand=said._replace(options=options), at=start),
                    )
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


def _full_name(first: Said, last: Said) -> Iterator[tuple[Said, Said]]:
    """ "Ryan Goodwin", where one field holds first names and another last names."""
    for one in first.options:
        if "first" in spelt_out(one[1]):
            others = tuple(other for other in last.options if other[0] == one[0] and "last" in spelt_out(other[1]))
            if others:
                yield first._replace(options=(one,)), last._replace(options=others[:1])


def _counts(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "with more than two orders", "at least one order", "exactly 3 orders"."""
    at = state.pos
    options: list[tuple[int, str, int, float]] = []
    for one in sentence.sense(at, "compare"):
        if one.sense.of or one.sense.op not in OPPOSITE:
            continue
        number = sentence.numbers[sentence.skip(one.end)] if sentence.skip(one.end) < sentence.size else None
        if (
            number is not None
            and number.amount.whole is not None
            and not number.amount.unit
            and not number.amount.ordinal
        ):
            options.append((number.end, one.sense.op, number.amount.whole, 0.0))
    number = sentence.numbers[at]
    if not (state.verbs or (at and sentence.is_sense(at - 1, at, frozenset({"have", "whose"})))):
        number = None  # "the 3 departments" are no three of each
    if number is not None and number.amount.whole is not None and not number.amount.unit and not number.amount.ordinal:
        end, bound = bound_after(sentence, number.end)
        options.append((end, bound or "=", number.amount.whole, 0.0 if bound else 0.1))
    for end, op, count, cost in options:
        if "not" in state.pending:
            op = OPPOSITE[op]
        for stop, made in noun(sentence, end, state._replace(pending=())):
            mention = made.mentions[-1]._replace(how="count", op=op, number=count)
            if made.ranks != state.ranks:
                continue
            yield made._replace(pos=stop, cost=made.cost + cost, mentions=(*made.mentions[:-1], mention))
            last, behind = bound_after(sentence, stop)
            if behind and op == "=":  # "with 3 loans or more"
                mention = mention._replace(op=behind)
                yield made._replace(pos=last, cost=made.cost, mentions=(*made.mentions[:-1], mention))


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
                options = of_types(sentence, slot._replace(options=options), NUMERIC)
                if options:
                    cond = Cond(state.latest, "test", slot._replace(options=options), op, value, at=at)
                    yield _cond(state, end, cost, cond)
    # "that earn more than 5000"
    for one in sentence.sense(at, "measure"):
        options = of_types(sentence, measured(sentence, one), NUMERIC)
        for compare in sentence.sense(one.end, "compare") if options and one.end < sentence.size else ():
            if compare.sense.op == "between":
                yield from _between(sentence, state, Slot(at, one.end, options), compare.end)
        for compare in sentence.sense(one.end, "compare") if options and one.end < sentence.size else ():
            for end, value, cost in operand(sentence, compare.end, state):
                if compare.sense.of or compare.sense.op not in OPPOSITE:
                    continue  # "made in 2024"
                if isinstance(value, int | Decimal | Figure):
                    slot = Slot(at, one.end, options)
                    yield _cond(state, end, cost, Cond(state.latest, "test", slot, compare.sense.op, value, at=at))
    # "at least 20 years old"
    for one in sentence.sense(at, "compare"):
        number = sentence.numbers[one.end] if one.end < sentence.size and one.sense.op in OPPOSITE else None
        if number is None or sentence.low(number.end) not in ("years", "year") or number.amount.whole is None:
            continue
        options = tuple((store, field, 0.0) for store, field in sentence.types if field.lower() == "age")
        if options and sentence.low(number.end + 1) == "old" and not one.sense.of:
            slot = Slot(at, number.end, options)
            cond = Cond(state.latest, "test", slot, one.sense.op, number.amount.whole, at=at)
            yield _cond(state, number.end + 2, 0.0, cond)
    # "aged 20", "20 years old"
    number = sentence.numbers[at]
    if number is not None and sentence.low(number.end) in ("years", "year") and sentence.low(number.end + 1) == "old":
        options = tuple((store, field, 0.0) for store, field in sentence.types if field.lower() == "age")
        if options:
            cond = Cond(state.latest, "test", Slot(at, number.end, options), "=", number.amount.whole, at=at)
            yield _cond(state, number.end + 2, 0.0, cond)


def _times(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "in 2007", "between 2001 and 2003", "born after 1980": of the one date field of the rows, or of one that
    the verb names."""
    at = state.pos
    if at >= sentence.size:
        return
    verbs = state.verbs or (state.mentions[state.latest].words if state.latest >= 0 else ())
    unnamed = 0.3 if state.verbs else 0.15
    options = tuple((store, field, 0.0 if named else unnamed) for store, field, named in dates(sentence, verbs))
    if not options:
        return
    slot = Slot(at, at, options)
    bare = sentence.times[at]
    if bare is not None and state.conds and state.conds[-1].kind == "said" and not state.pending:
        yield _cond(state, bare.end, 0.1, Cond(state.latest, "period", slot, "=", bare.moment, at=at))
    for one in sentence.sense(at, "compare"):
        if one.sense.op == "between":
            yield from (
                made
                for made in _between(sentence, state, slot, one.end)
                if isinstance(made.conds[-1].operand, Moment) and made.conds[-1].kind == "between"
            )
            continue
        if one.sense.of != "time":
            continue
        begin = sentence.skip(one.end)
        begin += sentence.low(begin) in ("year", "month")
        time = sentence.times[begin] if begin < sentence.size else None
        if time is not None:
            after, bound = bound_after(sentence, time.end)
            cond = Cond(state.latest, "period", slot, bound or one.sense.op, time.moment, at=at)
            begins = sentence.low(after) in lexicon().words.onwards and one.sense.op == ">="
            within = sentence.low(at) == "from" and not bound and not begins and time.moment.day is None
            after += begins
            yield _cond(state._replace(verbs=()), after, 0.05 + (FROM if within else 0.0), cond)
            if within:
                yield _cond(state._replace(verbs=()), after, 0.05, cond._replace(op="="))
