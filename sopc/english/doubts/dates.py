"""Days and spans of time of a sentence, held against the tests of its steps, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from sopc.english.doubts.facts import Fact, Place, Test, Written, terms_of
from sopc.english.doubts.numbers import ORDERED, numbers_of
from sopc.english.doubts.said import Compared, Said
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.lexicon import marks

_DAY: Final = timedelta(days=1)
_CLOCK: Final = frozenset({"today", "now"})
_TURNED: Final = {"gt": "le", "le": "gt", "lt": "ge", "ge": "lt"}
_STORED: Final = ("date", "timestamp")


def is_clock(fact: Test) -> bool:
    """Whether something is compared with a time that is worked out from today's."""
    return bool(fact.right.functions & _CLOCK)


def clock_bound(said: Said, fact: Test) -> list[str] | None:
    """How a test differs from "in the last 7 days", "more than 7 days ago"; None where the sentence says no such
    span."""
    numbers = set(numbers_of(fact.right))
    is_past = "sub" in fact.right.functions or any(
        isinstance(value, int) and value < 0 for value, _ in fact.right.constants
    )
    for amount in said.amounts:
        if not {amount.value, amount.value * 12, amount.value * 3, amount.value * 7} & numbers:
            continue
        before, after = said.phrase_before(amount.start), said.phrase_after(amount.end)
        compared = said.compared(amount.start, amount.end)
        if said.marked("denied") or (compared and compared.adjective is not None and not compared.ops):
            return []
        is_long = marks("long").search(after) is not None
        is_inside = marks("recent").search(before) is not None
        if is_inside == (is_long or marks("beyond").search(before) is not None):
            return []
        wanted = {"gt", "ge"} if is_inside == is_past else {"lt", "le"}
        if fact.op in ORDERED - wanted and not (fact.guard and said.marked("turned")):
            span = said.shown(amount.start, min(amount.end + 1, len(said.tokens)))
            return [f"it says {'inside' if is_inside else 'beyond'} the {span}, and its steps take the other side"]
        return []
    return None


def date_bound(said: Said, fact: Test, value: str) -> list[str] | None:
    """How a test with a day differs from what is said of it; None where the sentence does not say the day."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return []
    is_day = not any(type_ == "timestamp" for _, type_ in fact.right.constants)
    allowed: set[str] = set()
    matched = False
    for moment in said.moments:
        period = said.period(moment)
        if period is None:
            return []
        eve, last = period.start - _DAY, period.end - _DAY
        if day not in (period.start, period.end, last, eve):
            continue
        matched = True
        compared = said.compared(moment.start, moment.end) or Compared(("=",))
        before = {(period.start, "lt"), (eve, "le")}
        after = {(period.end, "ge"), (last, "gt")}
        since = {(period.start, "ge"), (eve, "gt")}
        until = {(period.end, "lt"), (last, "le")} if is_day else {(period.end, "lt")}
        during = since | until if last > period.start or not is_day else {(period.start, "ge"), (period.end, "lt")}
        during |= {(period.start, "eq")}
        meant = {"<": before, ">": after | {(period.start, "gt")}, ">=": since, "<=": until, "=": during, "!=": during}
        meant["between"] = until if compared.second else since
        ops = {*compared.ops, *(("<", ">") if compared.adjective is not None else ())}
        allowed |= {one for op in ops for at, one in meant.get(op, ()) if at == day}
        if compared.denied or "!=" in ops:
            allowed |= {one for at, one in before | after if at == day} | {"ne"}
    if not matched:
        return None
    if fact.guard and said.marked("turned"):
        allowed |= {_TURNED[op] for op in allowed if op in _TURNED}
    return [] if fact.op in allowed else [f"its steps compare with {value} in another way than it says"]


def _days(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Days that only the sentence, or only its steps, name."""
    there = {
        str(value)[:10].lower()
        for fact in text.every
        for term in terms_of(fact)
        for value, type_ in term.constants
        if type_ in (*_STORED, "text")
    }
    for moment in said.moments:
        period = said.period(moment)
        if period is None or moment.month is None:
            continue
        shown = said.shown(moment.start, moment.end)
        ends = {str(one) for one in (period.start, period.end, period.start - _DAY, period.end - _DAY)}
        if not ends & there and not any(shown.lower() in one for one in there):
            yield Doubt("T0601", said.number, f"it says {shown}, and no step does")
    yield from (
        Doubt("T0602", said.number, f"its steps say {day}, and no sentence does") for day in _invented(text, own)
    )


def _invented(text: Text, own: list[Fact]) -> Iterator[str]:
    """Days that steps compare or write, where the text says days, and others."""
    periods = [one.period(moment) for one in text.sentences for moment in one.moments]
    known = {
        str(day) for one in periods if one is not None for day in (one.start, one.end, one.start - _DAY, one.end - _DAY)
    }
    if not known or None in periods or any("quarter" in one.words for one in text.sentences):
        return
    for fact in own:
        if not isinstance(fact, Test | Written):
            continue
        for term in terms_of(fact):
            for value, type_ in term.constants:
                if value and type_ in _STORED and not term.functions and str(value)[:10] not in known:
                    yield str(value)[:10]


def _periods(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Two bounds of a field that lie on the same side, or a period that lacks its first day or has one too many."""
    tests: dict[frozenset[Place], list[Test]] = {}
    for fact in own:
        if isinstance(fact, Test) and fact.op in ORDERED and fact.left.is_plain and fact.right.functions:
            tests.setdefault(fact.left.places, []).append(fact)
    for bounds in tests.values():
        sides = [one.op in ("gt", "ge") for one in bounds]
        if len(bounds) == 2 and sides[0] == sides[1]:
            yield Doubt("T0604", said.number, "its steps bound a time twice on the same side")
        from_start = any("start_of" in one.right.functions and one.op in ("gt", "le") for one in bounds)
        if from_start and not said.has("compare"):
            message = "its steps leave out the first day of a period, or take in one too many"
            yield Doubt("T0604", said.number, message)


RULES: Final[tuple[Rule, ...]] = (_days, _periods)
