"""A text → its value by one form; the forms are a table, in the order in which a column takes the first that reads it.

A form is called as `--types` writes it between brackets: `1.234,5`, `DD.MM.YYYY`, `DD/MM/YYYY hh:mm`, `epoch_ms`. An
import takes it for a column, `number(text, form)`, `date(text, form)` and `timestamp(text, form)` in a script; engines
match its pattern too (runtime/databases/sql/written_values.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any, Final, NamedTuple

from runtime.values.words import CURRENCY_CODES, CURRENCY_SIGNS, MONTHS

NUMBER: Final = "number"
DATE: Final = "date"
TIMESTAMP: Final = "timestamp"
FORMED: Final = (NUMBER, DATE, TIMESTAMP)  # functions of a text and a form


class Form(NamedTuple):
    """One way to write values.

    name: as `--types` has it. kind: number, date or timestamp. pattern: of one text, compiled when it is first asked
    for. of: the match → Decimal, date or datetime; ValueError for a day that does not exist. side: which of two
    readings it takes where another form would differ: the order of day and month, or the sign of decimals. covers: the
    plain types all of whose texts it reads alike.
    """

    name: str
    kind: str
    pattern: str
    of: Callable[[re.Match[str]], Any]
    side: str = ""
    rival: str = ""
    covers: frozenset[str] = frozenset()

    def read(self, text: str) -> Any:
        """The value; ValueError for a text of another form."""
        match = _compiled(self.pattern).fullmatch(text)
        if match is None:
            raise ValueError(text)
        return self.of(match)

    def reads(self, text: str) -> bool:
        """Whether it reads a text."""
        try:
            self.read(text)
        except ValueError:
            return False
        return True

    def fits(self, texts: Collection[str]) -> bool:
        """Whether it reads all of them."""
        return all(map(_compiled(self.pattern).fullmatch, texts)) and all(map(self.reads, texts))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# ── numbers ────────────────────────────────────────────────────────────────────────────────────────────────────

_BLANKS: Final = " \u00a0\u202f\u2009"
_BLANK: Final = f"[{_BLANKS}]"
_MINUS: Final = "\\-\u2212"
_SIGNS: Final = "|".join(re.escape(sign) for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True))
_UNIT: Final = rf"{_SIGNS}|[A-Z]{{3}}"  # codes are looked up, as `MAR1` is no money
FIND_UNIT: Final = rf"%|{_UNIT}"
NEGATIVE: Final = rf"[(){_MINUS}]"  # a power's own sign stands before its digits
POWER: Final = "[+-]?[0-9]*"
# name → what stands between thousands, what stands before decimals
_NUMBERS: Final = (
    ("1,234.5", ",", "."),
    ("1.234,5", ".", ","),
    ("1 234,5", _BLANKS, ","),
    ("1 234.5", _BLANKS, "."),
    ("1'234.5", "'\u2019", "."),
)


def _number(name: str, group: str, point: str) -> Form:
    group, decimal = f"[{group}]", re.escape(point)
    whole = rf"(?:0|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}}){{1,5}}|[1-9][0-9]{{0,17}})"
    core = rf"(?:{whole}(?:{decimal}[0-9]{{1,40}})?|{decimal}[0-9]{{1,40}})(?:[eE][+-]?[0-9]{{1,2}})?"
    amount = rf"(?:(?:{_UNIT}){_BLANK}?)?{core}(?:{_BLANK}?(?:%|{_UNIT}))?"
    signed = (
        rf"(?:[+{_MINUS}]{_BLANK}?)?{amount}|{amount}[{_MINUS}]|\({amount}\)"
        rf"|(?:{_UNIT}){_BLANK}?(?:[{_MINUS}]{_BLANK}?{core}|\({core}\))"
    )
    dropped = f"[^0-9{point}]"

    def of(match: re.Match[str]) -> Decimal:
        text = match[0]
        hundredth = unit_of(text) == "%"
        digits, _, behind = _compiled(FIND_UNIT).sub("", text).upper().partition("E")
        power = _compiled(POWER).match(behind)
        shift = int((power and power[0]) or 0) - 2 * hundredth
        value = Decimal(f"{_compiled(dropped).sub('', digits).replace(point, '.')}e{shift}")
        negative = _compiled(NEGATIVE).search(digits) or _compiled(NEGATIVE).search(behind, 1)
        return value.copy_negate() if negative and value else value

    return Form(name, NUMBER, rf"{_BLANK}*(?:{signed}){_BLANK}*", of, point, _RIVALS.get(name, ""), _COVERED[point])


_RIVALS: Final = {"1,234.5": "1.234,5", "1.234,5": "1,234.5"}
_COVERED: Final = {".": frozenset({"int", "float"}), ",": frozenset({"int"})}


def unit_of(text: str) -> str:
    """`%`, the ISO 4217 code or the sign that stands beside a number; empty for none. ValueError for other words and
    for two units."""
    units = _compiled(FIND_UNIT).findall(text)
    if not units:
        return ""
    unit: str = CURRENCY_SIGNS.get(units[0], units[0])
    if len(units) > 1 or (unit != "%" and units[0] not in CURRENCY_SIGNS and unit not in CURRENCY_CODES):
        raise ValueError(text)
    return unit


# ── dates and moments ──────────────────────────────────────────────────────────────────────────────────────────

PIVOT: Final = 69  # years of two digits, as POSIX has it: 69 is 1969, 68 is 2068


def in_any_case(words: Iterable[str]) -> str:
    """The pattern of words that may have capital letters. Engines know no flag for it."""
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join("".join(f"[{letter.upper()}{letter}]" for letter in word) for word in longest_first)


_PARTS: Final = {
    "YYYY": "(?P<y>[0-9]{4})",
    "YY": "(?P<y>[0-9]{2})",
    "MM": "(?P<m>0?[1-9]|1[0-2])",
    "DD": "(?P<d>0?[1-9]|[12][0-9]|3[01])",
    "MONTH": rf"(?P<name>{in_any_case(MONTHS)})\.?",
    "hh": "(?P<h>[01]?[0-9]|2[0-4])",
    "mm": "(?P<min>[0-5][0-9])",
    "ss": "(?P<s>[0-5][0-9])",
}
_ORDINAL: Final = r"(?:\.|st|nd|rd|th|er|º|ª)?"
_LOOSE: Final = {  # where the day stands beside the name of a month
    "DD MONTH YYYY": rf"{_PARTS['DD']}{_ORDINAL}[ -/]?(?:(?:of|de) )?{_PARTS['MONTH']}[ ,/-]+(?:de )?{_PARTS['YYYY']}",
    "DD MONTH YY": rf"{_PARTS['DD']}{_ORDINAL}[ -/]{_PARTS['MONTH']}[ ,/-]+{_PARTS['YY']}",
    "MONTH DD YYYY": rf"{_PARTS['MONTH']}[ -]{_PARTS['DD']}{_ORDINAL},?[ -]{_PARTS['YYYY']}",
    "YYYY MONTH DD": rf"{_PARTS['YYYY']}[ -]{_PARTS['MONTH']}[ -]{_PARTS['DD']}",
}
_CLOCK: Final = (
    rf"{_PARTS['hh']}:{_PARTS['mm']}(?::{_PARTS['ss']}(?:[.,](?P<f>[0-9]{{1,9}}))?)?"
    rf"(?:{_BLANK}?(?P<half>[AaPp]\.?[Mm]\.?))?(?:[ ]?(?P<zone>Z|UTC|GMT|[+-][0-9]{{2}}(?::?[0-9]{{2}})?))?"
)
_BEFORE_CLOCK: Final = r"(?:T|,?[ ]{1,2})"
_TOKEN: Final = re.compile(r"YYYY|YY|MONTH|MM|DD|hh|mm|ss")
# The order of day and month that each has, where another layout reads the same texts.
_DATES: Final = (
    ("YYYY-MM-DD", ""),
    ("YYYY/MM/DD", ""),
    ("YYYY.MM.DD", ""),
    ("DD/MM/YYYY", "dmy"),
    ("MM/DD/YYYY", "mdy"),
    ("DD.MM.YYYY", ""),
    ("DD-MM-YYYY", "dmy"),
    ("MM-DD-YYYY", "mdy"),
    ("DD/MM/YY", "dmy"),
    ("MM/DD/YY", "mdy"),
    ("DD.MM.YY", ""),
    ("DD-MM-YY", "dmy"),
    ("MM-DD-YY", "mdy"),
    *((name, "") for name in _LOOSE),
)
_PLAIN_DATES: Final = {"YYYY-MM-DD": frozenset({"date"}), "YYYY-MM-DD hh:mm": frozenset({"date", "timestamp"})}


def _dated(name: str, side: str = "", *, clock: bool = False) -> Form:
    """A layout of days; clock: with a time of day behind, which may be missing."""
    layout = _LOOSE.get(name) or _written(name)
    if clock:
        name, layout = f"{name} hh:mm", rf"{layout}(?:{_BEFORE_CLOCK}{_CLOCK})?"
    return _moments(name, layout, side, TIMESTAMP if "hh" in name else DATE)


def _written(name: str) -> str:
    """The pattern of a layout as a person writes it. Without a mark between two parts, each has all its digits."""
    pattern, end = "", 0
    tokens = list(_TOKEN.finditer(name))
    starts = {token.start() for token in tokens}
    for token in tokens:
        part = _PARTS[token[0]]
        if token.end() in starts or (token.start() == end and end):
            part = part.replace("0?", "0").replace("[01]?", "[01]")
        pattern += re.escape(name[end : token.start()]) + part
        end = token.end()
    return pattern + re.escape(name[end:])


def _moments(name: str, layout: str, side: str, kind: str) -> Form:
    def of(match: re.Match[str]) -> date | datetime:
        found = match.groupdict()
        month = int(found["m"]) if found.get("m") else MONTHS[found["name"].lower()]
        year = int(found["y"])
        if len(found["y"]) == 2:
            year += 1900 if year >= PIVOT else 2000
        day = date(year, month, int(found["d"]))
        return day if kind == DATE else _moment(day, found)

    return Form(
        name, kind, rf"[ ]*{layout}[ ]*", of, side, _swapped(name) if side else "", _PLAIN_DATES.get(name, frozenset())
    )


def _swapped(name: str) -> str:
    """The layout with day and month the other way round."""
    return name.translate(str.maketrans("DM", "MD"))


def _moment(day: date, found: dict[str, Any]) -> datetime:
    hour, half = int(found.get("h") or 0), (found.get("half") or "")[:1].lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half == "p" else 0)
    micros = int((found.get("f") or "0")[:6].ljust(6, "0"))
    minute, second = int(found.get("min") or 0), int(found.get("s") or 0)
    if hour == 24 and (minute or second or micros):
        raise ValueError(hour)
    try:
        moment = datetime(day.year, day.month, day.day, tzinfo=_zone(found.get("zone") or "Z"))
        return (moment + timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(day) from error


def _zone(text: str) -> timezone:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCHS: Final = {"epoch_s": 1_000_000, "epoch_ms": 1000, "epoch_us": 1}


def _epoch(name: str) -> Form:
    def of(match: re.Match[str]) -> datetime:
        try:
            return _EPOCH + timedelta(microseconds=int(Decimal(match[0].strip()) * EPOCHS[name]))
        except OverflowError as error:
            raise ValueError(match[0]) from error

    return Form(name, TIMESTAMP, r"[ ]*-?[0-9]{1,17}(?:\.[0-9]{1,9})?[ ]*", of)


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────────

FORMS: Final = (
    *(_number(*row) for row in _NUMBERS),
    *(_dated(name, side) for name, side in _DATES),
    *(_dated(name, side, clock=True) for name, side in _DATES),
)
_BY_NAME: Final = {form.name: form for form in (*FORMS, *map(_epoch, EPOCHS))}
_LAYOUT: Final = re.compile(r"[^\n]{2,60}")


@cache
def find_form(name: str) -> Form | None:
    """The form of a name, such as `DD.MM.YYYY`; None for a name that describes none."""
    found = _BY_NAME.get(name) or _BY_NAME.get(_number_name(name))
    if found is not None or _LAYOUT.fullmatch(name) is None:
        return found
    tokens = _TOKEN.findall(name)
    known = set(tokens)
    dated = "DD" in known and known & {"YYYY", "YY"} and known & {"MM", "MONTH"}
    if len(known) < len(tokens) or not dated or ("mm" in known) != ("hh" in known):
        return None
    return _moments(name, _written(name), "", TIMESTAMP if "hh" in known else DATE)


def forms_of(kind: str) -> str:
    """What a form of the kind may look like, for a hint."""
    if kind == NUMBER:
        return ", ".join(form.name for form in FORMS if form.kind == NUMBER)
    clock = " hh:mm" if kind == TIMESTAMP else ""
    return f"DD.MM.YYYY{clock}, MM/DD/YY{clock} or the like" + (f", {', '.join(EPOCHS)}" if clock else "")


def _number_name(name: str) -> str:
    """`1.234,50` and `1234,5` are other ways to write `1.234,5`."""
    match = re.fullmatch(r"1(.?)234([.,])5+0*", name)
    if match is None:
        return ""
    return f"1{match[1] or (',' if match[2] == '.' else '.')}234{match[2]}5"
