"""A sentence → tokens, with the amounts and moments among them read: numbers, percents, money, days, months, years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal

from sopc.english.lexicon import lexicon
from sopc.english.patterns.tokens import Token as Token
from sopc.english.patterns.tokens import tokenize as tokenize

Unit = Literal["", "percent", "money"]


@dataclass(frozen=True)
class Amount:
    """A number in the tokens [start, end). ordinal: it says a place, as "third" does. unit: "$5" is money."""

    start: int
    end: int
    value: Decimal
    unit: Unit = ""
    ordinal: bool = False

    @property
    def whole(self) -> int | None:
        return int(self.value) if self.value == self.value.to_integral_value() else None


@dataclass(frozen=True)
class Moment:
    """A day, month or year in the tokens [start, end), as far as it is said. text: a moment of the day, in ISO form."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    """From 0, Monday."""
    text: str = ""


def lows(tokens: Sequence[Token]) -> tuple[str, ...]:
    """What each token says in lower case; "" for quoted text."""
    return tuple(token.low or (token.value if token.kind in ("number", "date") else "") for token in tokens)


def amounts(tokens: Sequence[Token], text: str) -> list[Amount]:
    """Every number, in digits or words, with its scale: "5k", "1.5 million", "twenty five", "12 %", "$100", "3rd"."""
    found = []
    at = 0
    while at < len(tokens):
        one = _amount(tokens, at, text)
        if one is not None:
            found.append(one)
        at = one.end if one is not None else at + 1
    return found


def _amount(tokens: Sequence[Token], at: int, text: str) -> Amount | None:
    words = lexicon()
    token = tokens[at]
    unit: Unit = ""
    if token.kind == "number":
        value = Decimal(token.value.rstrip("%"))
        unit = "percent" if token.value.endswith("%") else "money" if text[token.start] in "$€£" else ""
        end = at + 1
    elif token.low in words.numbers:
        value, end = Decimal(words.numbers[token.low]), at + 1
        following = tokens[end].low if end < len(tokens) else ""
        if value >= 20 and 0 < words.numbers.get(following, 0) < 10:
            value, end = value + words.numbers[following], end + 1
    elif token.low in words.scales and at > 0 and tokens[at - 1].low in ("a", "one"):
        value, end = Decimal(1), at
    elif token.low in words.ordinals:
        return Amount(at, at + 1, Decimal(words.ordinals[token.low]), ordinal=True)
    elif token.kind == "word" and token.low[:-2].isdigit() and token.low[-2:] in ("st", "nd", "rd", "th"):
        return Amount(at, at + 1, Decimal(token.low[:-2]), ordinal=True)
    else:
        return None
    while end < len(tokens) and tokens[end].low in words.scales:
        value, end = value * words.scales[tokens[end].low], end + 1
    following = tokens[end].low if end < len(tokens) else ""
    if following in ("%", "percent"):
        unit, end = "percent", end + 1
    elif following in ("dollars", "euros", "pounds", "$", "€"):
        unit = "money"
    return Amount(at, end, value, unit)


def moments(tokens: Sequence[Token]) -> list[Moment]:
    """Every day, month, year and weekday: "2026-01-31", "31 January 2026", "Jan 31st, 2026", "March 2026", "2026"."""
    found = []
    at = 0
    while at < len(tokens):
        one = _moment(tokens, at)
        if one is not None:
            found.append(one)
        at = one.end if one is not None else at + 1
    return found


def _moment(tokens: Sequence[Token], at: int) -> Moment | None:
    token = tokens[at]
    if token.kind == "date":
        if len(token.value) > 10:
            return Moment(at, at + 1, text=token.value)
        try:
            day = date.fromisoformat(token.value)
        except ValueError:
            return None
        return Moment(at, at + 1, day.year, day.month, day.day)
    if token.low in _weekdays():
        return Moment(at, at + 1, weekday=_weekdays()[token.low])
    if token.low in _months():
        month, end = _months()[token.low], at + 1
        day_number = _day(tokens, end)
        if day_number is not None:
            year = _year(tokens, end + 1)
            return Moment(at, year[1] if year else end + 1, year[0] if year else None, month, day_number)
        year = _year(tokens, end)
        if year is None and token.low in ("may", "march", "mar"):  # also words of other meanings
            return Moment(at, end, month=month) if token.value[:1].isupper() and at else None
        return Moment(at, year[1] if year else end, year[0] if year else None, month)
    first = _day(tokens, at)
    if first is not None:
        end = at + 2 if at + 1 < len(tokens) and tokens[at + 1].low == "of" else at + 1
        if end < len(tokens) and tokens[end].low in _months():
            year = _year(tokens, end + 1)
            return Moment(
                at, year[1] if year else end + 1, year[0] if year else None, _months()[tokens[end].low], first
            )
    year = _year(tokens, at)
    return Moment(at, at + 1, year[0]) if year and year[1] == at + 1 else None


def _day(tokens: Sequence[Token], at: int) -> int | None:
    """The day of a month: "31", "31st"."""
    if at >= len(tokens):
        return None
    low = tokens[at].low or tokens[at].value
    digits = low[:-2] if low[-2:] in ("st", "nd", "rd", "th") else low
    return int(digits) if digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 31 else None


def _year(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """A year, also behind a comma, and where it ends."""
    if at < len(tokens) and tokens[at].low == ",":
        at += 1
    if at >= len(tokens) or tokens[at].kind != "number":
        return None
    value = tokens[at].value
    return (int(value), at + 1) if len(value) == 4 and value.isdigit() and 1000 <= int(value) <= 2999 else None


@cache
def _months() -> dict[str, int]:
    return {form: number for number, forms in enumerate(lexicon().months.values(), 1) for form in forms}


@cache
def _weekdays() -> dict[str, int]:
    return {form: number for number, forms in enumerate(lexicon().weekdays.values()) for form in forms}
