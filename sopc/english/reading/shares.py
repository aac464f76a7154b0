"""A question for a share of some rows → the questions how many there are, and of how many of them something holds.

"What percentage of the customers in Oslo have no tier?" asks how many customers in Oslo there are, and how many
customers in Oslo have no tier: the share is of what the second says more than the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from sopc.english.lexicon import phrases_at, verbs_at
from sopc.english.reading import logic
from sopc.english.reading.tokens import Token, lows

RELATIVE: Final = 0.3  # that a clause tells of all the rows, or of those that are counted
_RELATIVE: Final = frozenset({"relative", "whose"})
_BEFORE: Final = frozenset({"show", "be", "filler"})
_HOLDS: Final = frozenset({"be", "have", "deny", "measure"})
_DO: Final = frozenset({"do", "does", "did"})
_HOW_MANY: Final = ("how", "many")


class Counts(NamedTuple):
    """Two questions how many. some: of the rows for which more holds. every: of all the rows, in each way to part the
    two, the likeliest first, with its cost."""

    some: tuple[Token, ...]
    every: tuple[tuple[tuple[Token, ...], float], ...]


def counts(tokens: Sequence[Token]) -> Counts | None:
    """The questions that one for a share is made of; None for other questions."""
    said = lows(tokens)
    at = 0
    while at < len(said) and not (ends := _ends(said, at, "share")) and _is_any(said, at, _BEFORE):
        at += 1
    if at == len(said) or not ends:
        return None
    start = max(ends)
    verbs = [place for place in range(start + 1, len(said)) if _holds(said, place)]
    relative = next((place for place in range(start, len(said)) if _is_any(said, place, _RELATIVE)), len(said))
    parts = [(place, 0.0) for place in verbs if place < relative]
    parts += [(place, RELATIVE) for place in (*verbs[:-3:-1], relative) if relative <= place < len(said)]
    opened = tuple(replace(tokens[at], kind="word", low=word, value=word) for word in _HOW_MANY)
    every = tuple(((*opened, *tokens[start:place]), cost) for place, cost in parts)
    return Counts((*opened, *tokens[start:]), every)


def share(every: logic.Show, some: logic.Show) -> logic.Show | None:
    """What is asked for, by the meanings of both questions; None where they are not of the same rows."""
    counted = (logic.Measure("count"),)
    holding = tuple(one for one in some.rows.filters if one not in every.rows.filters)
    if not holding or replace(some, rows=replace(some.rows, filters=every.rows.filters)) != every:
        return None
    return replace(every, items=(logic.Share(holding),)) if every.items == counted else None


def _ends(said: Sequence[str], at: int, kind: str) -> list[int]:
    return [at + len(one.words) for one in phrases_at(said, at) if one.sense.kind == kind]


def _is_any(said: Sequence[str], at: int, kinds: frozenset[str]) -> bool:
    return any(one.sense.kind in kinds for one in phrases_at(said, at))


def _holds(said: Sequence[str], at: int) -> bool:
    """Whether a verb stands at a token, with which begins what holds of some of the rows."""
    return said[at] in _DO or _is_any(said, at, _HOLDS) or any(True for _ in verbs_at(said, at))
