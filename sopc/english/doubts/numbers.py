"""Numbers of a sentence, held against those of its steps, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sopc.english.doubts.facts import Fact, Limited, Term, Test, Truth, Written, terms_of
from sopc.english.doubts.said import Said
from sopc.english.doubts.text import Doubt, Rule, Text
from sopc.english.lexicon import lexicon
from sopc.english.reading import evidence as ev
from sopc.english.reading.tokens import Amount

ORDERED: Final = frozenset({"gt", "lt", "ge", "le"})
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_UNITS: Final = {"year": (12, 365, 366), "quarter": (3,), "week": (7,), "month": (30, 31), "hour": (60,), "day": (24,)}
_CONVERSIONS: Final = frozenset(map(Decimal, (100, 12, 24, 60, 7, 365, 30, 1000, 2, 10, 52, 3600, 86400)))
_WORDS: Final = {
    Decimal(2): {"twice", "double", "doubled", "both", "pair", "half", "halve", "halved", "second"},
    Decimal(3): {"triple", "thrice", "third"},
    Decimal("0.5"): {"half", "halve", "halved"},
}
_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")


def numbers_of(term: Term) -> Iterator[Decimal]:
    """The numbers of a value; of a duration, in each unit that fits."""
    for value, type_ in term.constants:
        number = _decimal(value)
        if number is None:
            continue
        if type_ == "duration":
            yield from (abs(number / size) for size in _SECONDS.values() if number % size == 0)
        elif type_ in ("int", "float", "decimal"):
            yield abs(number)


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        return Decimal(str(value)).normalize()
    except InvalidOperation:
        return None


def shares(value: Decimal) -> set[Decimal]:
    """What a percentage may be in a step: of one, more than one, what is left of it."""
    return {value / 100, 1 + value / 100, 1 - value / 100, 100 - value, 100 + value}


def _missing(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Numbers that the sentence says and no step holds."""
    there = _constants(text.every) | _digits(text.every)
    there |= {Decimal(not one.negated) for one in text.every if isinstance(one, Truth)}  # "an active value of 1"
    if said.has("compare", "bound", "adjective"):  # "more than 4" is 5 or more
        tests = [one for one in text.every if isinstance(one, Test) and one.op in ORDERED]
        there |= {number + step for one in tests for number in numbers_of(one.right) for step in (1, -1)}
    for amount in said.amounts:
        is_word = said.tokens[amount.start].kind == "word"
        if amount.ordinal or (is_word and amount.value in (0, 1, 2)):
            continue
        if any(one.start <= amount.start and amount.end <= one.end for one in said.moments if one.month or one.text):
            continue
        shown = said.shown(amount.start, amount.end)
        if not _alike(said, amount) & there and not _in_name(said, amount) and not _in_text(text, shown.lower()):
            yield Doubt("T0601", said.number, f"it says {shown}, and no step does")


def _alike(said: Said, amount: Amount) -> set[Decimal]:
    """As what a number may stand in a step: as a share, as the months of years, the days of weeks."""
    value = amount.value
    found = {value}
    if amount.unit == "percent" or said.marked("shares"):
        found |= shares(value)
    following = said.tokens[amount.end].low if amount.end < len(said.tokens) else ""
    for unit, sizes in _UNITS.items():
        if following in lexicon().units[unit]:
            found |= {value * size for size in sizes}
    return {one.normalize() for one in found}


def _in_name(said: Said, amount: Amount) -> bool:
    """Whether the number is part of a name or of a value."""
    return any(
        isinstance(one, ev.Field | ev.Store | ev.Value) and one.start <= amount.start and amount.end <= one.end
        for one in said.evidences
    )


def _in_text(text: Text, word: str) -> bool:
    """Whether a text of the program says a number as it is written."""
    constants = (one for fact in text.every for term in terms_of(fact) for one in term.constants)
    return any(type_ == "text" and isinstance(value, str) and word in value.lower() for value, type_ in constants)


def _constants(facts: Iterable[Fact]) -> set[Decimal]:
    found = {number for fact in facts for term in terms_of(fact) for number in numbers_of(term)}
    return found | {Decimal(one.count) for one in facts if isinstance(one, Limited) and one.count is not None}


def _digits(facts: Iterable[Fact]) -> set[Decimal]:
    """The numbers inside of texts and dates, where a span may end at the next one."""
    found: set[Decimal] = set()
    for term in (term for fact in facts for term in terms_of(fact)):
        for value, type_ in term.constants:
            if type_ in ("text", "date", "timestamp") and isinstance(value, str):
                ends = {Decimal(one) for one in _DIGITS.findall(value)}
                found |= ends if type_ == "text" else ends | {end + step for end in ends for step in (1, -1)}
    return found


def _invented(text: Text, said: Said, own: list[Fact]) -> Iterator[Doubt]:
    """Numbers that a step compares, limits or writes, and no sentence says."""
    for fact in own:
        if isinstance(fact, Limited) and fact.count is not None and not _is_said(text, Decimal(fact.count), limit=True):
            yield Doubt("T0602", said.number, f"its steps take {fact.count} rows, and no sentence does")
        if not isinstance(fact, Test | Written):
            continue
        for term in terms_of(fact):
            for constant in term.constants:
                yield from _unsaid(text, said, term, constant)


def _unsaid(text: Text, said: Said, term: Term, constant: tuple[Any, str]) -> Iterator[Doubt]:
    value, type_ = constant
    alone = list(numbers_of(Term(constants=(constant,))))
    of_time = text.has("time", "period")
    if type_ == "duration":
        spoken = of_time or any(one.amounts for one in text.sentences)
        if not spoken and not any(_is_said(text, number) for number in alone):
            yield Doubt("T0602", said.number, "its steps use a span of time that no sentence says")
        return
    for number in alone:
        if term.functions and number == 1 and of_time:
            continue
        if (term.functions or term.variables) and number in _CONVERSIONS:
            continue
        if not _is_said(text, number):
            yield Doubt("T0602", said.number, f"its steps say {value}, and no sentence does")


def _is_said(text: Text, number: Decimal, *, limit: bool = False) -> bool:
    if number in {Decimal(one) for one in _DIGITS.findall(text.answered)}:
        return True
    return any(_says(one, number, limit=limit) for one in text.sentences)


def _says(said: Said, number: Decimal, *, limit: bool) -> bool:
    written = {amount.value for amount in said.amounts}
    percents = {amount.value for amount in said.amounts if amount.unit == "percent"} or written
    forms = written | {one for value in percents for one in shares(value)}
    if said.words & {"year", "years", "quarter", "quarters", "month", "months"}:
        forms |= {value * size for value in written for size in (3, 12)} | {Decimal(3), Decimal(12)}
    if number in forms or number in {Decimal(one) for one in _DIGITS.findall(said.plain.replace(",", ""))}:
        return True
    if number in _WORDS and _WORDS[number] & said.words:
        return True
    if number == 0 and said.marked("zero"):
        return True
    if number == 1 and (said.marked("one") or (limit and (said.towards or said.has("first", "rank")))):
        return True
    if not limit and any(_next_to(said, amount, number) for amount in said.amounts):
        return True
    months = {Decimal(at) for at, forms_ in enumerate(lexicon().months.values(), 1) if set(forms_) & said.words}
    years = {one.year + step for one in said.moments if one.year is not None for step in (0, 1)}
    return number in months | {Decimal(one) for one in years} | {Decimal(one.day) for one in said.moments if one.day}


def _next_to(said: Said, amount: Amount, number: Decimal) -> bool:
    """Whether a number is the next one to an amount that is compared: "more than 4" is 5 or more."""
    if abs(amount.value - number) != 1:
        return False
    compared = said.compared(amount.start, amount.end)
    return compared is not None and (compared.adjective is not None or bool({*compared.ops} - {"=", "!="}))


RULES: Final[tuple[Rule, ...]] = (_missing, _invented)
