"""What rows are said to lack or to have ("without a phone number") → a condition that a field is empty, or is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sopc.english.lexicon import lexicon
from sopc.english.reading.parts import Cond, State
from sopc.english.reading.sentence import Sentence

_LACKED: Final = 0.05
_HELD: Final = 0.15  # that there is one at all: the field's name may also begin something else
_LACKING: Final = frozenset({"without", "no", "lack", "lacks", "lacking"})
_HOLDING: Final = frozenset({"have", "has", "had", "with"})
_ENDS: Final = frozenset({"", ",", "and", "or", "but", "?", ".", ";"})


def gaps(sentence: Sentence, state: State) -> Iterator[State]:
    """The states behind a field that is said to be empty, or not to be."""
    at = state.pos
    for one in sentence.sense(at, "deny"):
        lacking = one.name == "deny" and sentence.low(at) in _LACKING
        if "not" not in state.pending and (lacking or "have" in sentence.lows[at : one.end]):
            yield from _fields(sentence, state, one.end, empty=True)
    for one in sentence.sense(at, "missing"):
        yield from _fields(sentence, state, one.end, empty=True)
    holding = sentence.sense(at, "have", "whose") if sentence.low(at) in _HOLDING else ()
    for end in sorted({one.end for one in holding}):
        yield from _fields(sentence, state, end, empty="not" in state.pending)


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
