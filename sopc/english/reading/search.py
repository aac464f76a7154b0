"""A sentence's evidences → the cheapest ways to see them as parts of a question: a beam from left to right."""

from __future__ import annotations

from typing import Final

from sopc.english.reading.modifiers import modifiers
from sopc.english.reading.parts import Slot, State
from sopc.english.reading.sentence import Sentence
from sopc.english.reading.shown import shown

_BEAM: Final = 40  # states that are followed up from one place
_ROUNDS: Final = 6  # steps that take no word, one after another


def search(sentence: Sentence) -> list[State]:
    """The ways over the whole sentence, cheapest first."""
    agenda: list[list[State]] = [[] for _ in range(sentence.size + 1)]
    agenda[0].append(State(0, 0.0))
    done: list[State] = []
    for at in range(sentence.size + 1):
        seen: set[State] = set()
        waiting = agenda[at]
        rounds = 0
        while waiting and rounds < _ROUNDS:
            rounds += 1
            waiting.sort(key=lambda state: state.cost)
            batch, waiting = waiting[:_BEAM], []
            for state in batch:
                if state in seen:
                    continue
                seen.add(state)
                if at == sentence.size:
                    if state.phase in ("after", "mods") and not state.pending:
                        # "… that the student belongs to": a verb at the end ties what stands before it
                        if state.verbs and not _ties(sentence, state.verb_at):
                            continue
                        if not all(_is_group(sentence, state, one) for one in sentence.of_all):
                            continue
                        done.append(state._replace(cost=state.cost + 0.4) if state.verbs else state)
                    continue
                for following in shown(sentence, state) if state.phase != "mods" else modifiers(sentence, state):
                    (waiting if following.pos == at else agenda[following.pos]).append(following)
        agenda[at] = []
    done.sort(key=lambda state: state.cost)
    return done[:_BEAM]


def _is_group(sentence: Sentence, state: State, at: int) -> bool:
    """Whether "every" at a token says for what each figure is: "how many orders does every customer have"."""
    starts = {one.start if isinstance(one, Slot) else state.mentions[one].start for one in state.groups}
    return sentence.low(at - 1) in ("do", "does", "did") and not starts.isdisjoint(range(at, at + 3))


def _ties(sentence: Sentence, at: int) -> bool:
    """Whether a verb at the end stands behind who does it; in "who are acting" it tells something by itself."""
    if not {"that", "which", "who", "whom", "where", "does", "do", "did", "they", "it"} & set(sentence.lows[:at]):
        return False
    loose = frozenset({"be", "have", "relative", "deny", "filler", "and", "or"})
    return at > 0 and not any(sentence.is_sense(start, at, loose) for start in range(max(at - 3, 0), at))
