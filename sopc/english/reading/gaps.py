"""What rows are said to lack or to have ("without a phone number") → a condition that a field is empty, or is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import lexicon
from sopc.english.reading.aliases import spelt_out
from sopc.english.reading.deeds import TIMES
from sopc.english.reading.parts import AMBIGUOUS, Cond, Slot, State
from sopc.english.reading.sentence import Sentence

_LACKED: Final = 0.05
_STILL: Final = 0.1
_NO_END: Final = 0.1  # rows that have no end
_HELD: Final = 0.15  # that there is one at all: the field's name may also begin something else
_STATES: Final = frozenset({"status", "active", "state"})
_LACKING: Final = frozenset({"without", "no", "lack", "lacks", "lacking"})
_HOLDING: Final = frozenset({"have", "has", "had", "with"})
_ENDS: Final = frozenset({"", ",", "and", "or", "but", "?", ".", ";"})


def gaps(sentence: Sentence, state: State) -> Iterator[State]:
    """The states behind a field that is said to be empty, or not to be."""
    at = state.pos
    yield from _still(sentence, state)
    for one in sentence.sense(at, "deny"):
        lacking = one.name == "deny" and sentence.low(at) in _LACKING
        if "not" not in state.pending and (lacking or "have" in sentence.lows[at : one.end]):
            yield from _fields(sentence, state, one.end, empty=True)
    for one in sentence.sense(at, "missing"):
        yield from _fields(sentence, state, one.end, empty=True)
    holding = sentence.sense(at, "have", "whose") if sentence.low(at) in _HOLDING else ()
    for end in sorted({one.end for one in holding}):
        yield from _fields(sentence, state, end, empty="not" in state.pending)


def _still(sentence: Sentence, state: State) -> Iterator[State]:
    """As in "who currently work there": of rows that may have ended, those whose end is not known yet."""
    ends = {one.end for one in sentence.sense(state.pos, "current")}
    if not ends or state.latest < 0 or "not" in state.pending:
        return
    latest = state.mentions[state.latest].store
    over = tuple((store, field, 0.0) for store, field in sentence.types if store == latest and is_end(field))
    over = tuple(one for one in over if sentence.types[one[0], one[1]] in TIMES)
    if len(over) > 1:
        return
    for end in sorted(ends):
        if end < sentence.size and (sentence.values[end] or sentence.fields[end]):
            yield state._replace(pos=end)  # "still open"
            continue
        slot = Slot(state.pos, end, over)
        conds = (*state.conds, Cond(state.latest, "empty", slot, at=state.pos)) if over else state.conds
        stateful = any(store == latest and _STATES & set(spelt_out(field)) for store, field in sentence.types)
        cost = state.cost + (_STILL if over else AMBIGUOUS if stateful else _NO_END)
        yield state._replace(pos=end, cost=cost, conds=conds)


def is_end(field: str) -> bool:
    """Whether a field holds when something is over: "end_date", "left_on", "cancelled_at"."""
    return not set(lexicon().words.over).isdisjoint(spelt_out(field))


def _fields(sentence: Sentence, state: State, start: int, *, empty: bool) -> Iterator[State]:
    start = sentence.skip(start)
    for slot in sentence.fields[start] if start < sentence.size else ():
        end = _behind_given(sentence, slot.end)
        closed = sentence.low(end) in _ENDS or any(True for _ in sentence.sense(end, "relative", "direction", "order"))
        if not (empty or closed):
            continue
        kept = tuple(one for one in state.pending if one != "not")
        cond = Cond(state.latest, "empty", slot, negated=not empty, at=slot.start)
        cost = state.cost + (_LACKED if empty else _HELD)
        yield state._replace(pos=end, cost=cost, conds=(*state.conds, cond), pending=kept, verbs=())


def _behind_given(sentence: Sentence, at: int) -> int:
    """Behind words that only say that a value is there: "filled in", "on file"."""
    for form in lexicon().words.given:
        words = tuple(form.split())
        if sentence.lows[at : at + len(words)] == words:
            return at + len(words)
    return at
