"""One sentence of an example, `Given …`, `When …` or `Then …` → a part of the example as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from sopc.english.examples.form import Cell, Expect, Given
from sopc.english.examples.words import cell, masked, pieces
from sopc.source import Span

READABLE: Final = {
    "given": "`Given employees:` and a table, `Given an item with name bolt, quantity 4`, `Given no reorders`, "
    "`Given today is 2026-01-31`, or `Given the same`",
    "when": "`When called with minimum 10, answering yes`, `When it runs`",
    "then": "`Then it shows:` and a table, `Then reorders has:` and a table, `Then reorders is empty`, "
    '`Then it returns 3`, `Then it says "…"`, `Then it asks "…"`, `Then it fails with "…"`, `Then nothing changes`',
}

_I: Final = re.IGNORECASE
_LIST: Final = re.compile(r",?\s+then\s+|,\s+|\s+and\s+", _I)
_ROWS: Final = r"(?:\s+(?:rows?|records?|table))?"
_STORE: Final = r"(?:the\s+|these\s+|some\s+)?(?:store\s+|table\s+)?(?P<store>[^\s:].*?)"
_THESE: Final = r"(?:\s+(?:these|this|the following|exactly|just|only))*(?:\s+(?:rows?|records?))?"
_ORDER: Final = r"(?P<any>,?\s*in (?:any|no particular) order)?"
_TABLE: Final = r"\s*:\s*(?P<head>.*)"

_GIVEN: Final = [
    ("same", re.compile(r"(?:the same(?: rows| data| stores)?(?: again)?|(?:the same )?as before)[.:]?", _I)),
    ("today", re.compile(r"(?:today|the date|it) is (?P<date>\d{4}-\d\d-\d\d)\.?", _I)),
    ("none", re.compile(rf"(?:no|an empty|empty)\s+{_STORE}{_ROWS}[.:]?", _I)),
    ("none", re.compile(rf"{_STORE}{_ROWS}\s*(?::\s*(?:none|nothing|empty)|\s(?:is|are) empty)\.?", _I)),
    ("one", re.compile(r"(?:an?|one)\s+(?P<store>[^\s:].*?)\s+(?:with|whose|where)\s+(?P<pairs>.+?)\.?", _I)),
    ("table", re.compile(rf"(?:only\s+)?{_STORE}{_ROWS}{_TABLE}", _I)),
]
_WHEN: Final = re.compile(
    r"(?:(?:it|the (?:script|workflow|program))\s+)?(?:is\s+)?(?:called|run|runs|started)"
    r"(?:\s+on\s+(?P<date>\d{4}-\d\d-\d\d))?"
    r"(?:\s+without arguments|\s+with\s+(?P<args>.+?))?"
    r"(?:\s+on\s+(?P<later>\d{4}-\d\d-\d\d))?"
    r"(?:(?:,|\s+and|,\s+and)?\s*answering\s+(?P<answers>.+?))?[.:]?",
    _I,
)
_ANSWERING: Final = re.compile(r"(?:it is\s+)?(?:answering|answered)(?: with)?\s+(?P<answers>.+?)\.?", _I)
_SHOWN: Final = r"(?:it\s+)?(?:shows?|gives?|emits?|lists?)(?:\s+out)?"
_THEN: Final = [
    ("unchanged", re.compile(r"(?:nothing changes|nothing (?:is|has) (?:changed|written)|it changes nothing)\.?", _I)),
    ("no records", re.compile(rf"(?:{_SHOWN}\s+(?:nothing|no (?:rows?|records?))|nothing is shown)\.?", _I)),
    ("records count", re.compile(rf"{_SHOWN}\s+(?P<count>[\d,]+)\s+(?:rows?|records?)\.?", _I)),
    ("result", re.compile(r"(?:it\s+returns?|returns?|the (?:result|answer) is)\s+(?P<value>.+?)\.?", _I)),
    ("no says", re.compile(r"(?:it\s+)?says? nothing\.?", _I)),
    ("says", re.compile(r"(?:it\s+)?says?:?\s+(?P<texts>.+?)\.?", _I)),
    ("no asks", re.compile(r"(?:it\s+)?asks? nothing\.?", _I)),
    ("asks", re.compile(r"(?:it\s+)?asks?:?\s+(?P<texts>.+?)\.?", _I)),
    (
        "fails",
        re.compile(
            r"(?:it\s+)?(?:fails?|stops?|ends?)(?:\s+with(?:\s+(?:the\s+)?(?:message|error))?\s+(?P<value>.+?))?\.?", _I
        ),
    ),
    ("some store", re.compile(rf"{_STORE}\s+(?:also\s+(?:has|have|holds?)|includes?){_THESE}{_TABLE}", _I)),
    ("records", re.compile(rf"(?:{_SHOWN}{_THESE}|(?:the|these)\s+(?:rows|records)){_ORDER}{_TABLE}", _I)),
    ("store", re.compile(rf"(?:these|the)\s+rows?\s+(?:are\s+)?in\s+{_STORE}{_TABLE}", _I)),
    ("store", re.compile(rf"{_STORE}\s+(?:has|have|holds?|contains?|is now|are now){_THESE}{_TABLE}", _I)),
    ("store count", re.compile(rf"{_STORE}\s+(?:has|have|holds?)\s+(?P<count>[\d,]+)\s+(?:rows?|records?)\.?", _I)),
    ("store count", re.compile(rf"there (?:are|is)\s+(?P<count>[\d,]+)\s+{_STORE}\.?", _I)),
    ("no store", re.compile(rf"{_STORE}\s+(?:(?:is|are)(?: now)? empty|(?:has|have|holds?) no(?:thing| rows))\.?", _I)),
    ("no store", re.compile(r"there (?:are|is) no\s+(?P<store>.+?)(?:\s+left)?\.?", _I)),
]


@dataclass(frozen=True)
class Call:
    """The call of the script. arguments, answers, today: as in `Example`."""

    arguments: Cell | None = None
    answers: tuple[Cell, ...] = ()
    today: date | None = None


@dataclass(frozen=True)
class Day:
    """`today is …`"""

    today: date


@dataclass(frozen=True)
class Same:
    """Stands for the given rows of the previous example."""


@dataclass(frozen=True)
class Clause:
    """A part of an example. The header of its table is None if no table follows, empty if it is on the next line."""

    part: Given | Expect | Call | Day | Same
    header: tuple[str, int] | None = None


def read_given(text: str, start: int) -> Clause | None:
    """Read what follows `Given`; None for an unknown form."""
    for form, pattern in _GIVEN:
        match = pattern.fullmatch(text.rstrip())
        if match is None:
            continue
        if form == "same":
            return Clause(Same())
        if form == "today":
            day = _day(match["date"])
            return None if day is None else Clause(Day(day))
        store = _group(match, "store", start)
        if form == "one":
            return Clause(Given(store, pairs=_group(match, "pairs", start)))
        return Clause(Given(store), _header(match, start) if form == "table" else None)
    return None


def read_when(text: str, start: int) -> Clause | None:
    """Read what follows `When`, or a line `answering …`."""
    match = _ANSWERING.fullmatch(text.rstrip())
    if match is not None:
        return Clause(Call(answers=_texts(match, "answers", start)))
    match = _WHEN.fullmatch(masked(text.rstrip()))
    if match is None:
        return None
    written = match["date"] or match["later"]
    day = _day(written) if written else None
    if written and day is None:
        return None
    arguments = _part(match, "args", text, start) if match["args"] else None
    answers = tuple(pieces(*_place(match, "answers", text, start), _LIST)) if match["answers"] else ()
    return Clause(Call(arguments, answers, day))


def read_then(text: str, start: int) -> Clause | None:
    """Read what follows `Then`."""
    bare = text.rstrip()
    span = Span(start, start + len(bare))
    for form, pattern in _THEN:
        match = pattern.fullmatch(bare)
        if match is not None:
            return _expect(form, match, start, span)
    return None


def _expect(form: str, match: re.Match[str], start: int, span: Span) -> Clause:
    groups = match.groupdict()
    store = _group(match, "store", start) if groups.get("store") else None
    header = _header(match, start) if "head" in groups else None
    count = int(groups["count"].replace(",", "")) if groups.get("count") else 0
    if form == "unchanged":
        return Clause(Expect("changes nothing", span))
    if form == "no records":
        return Clause(Expect("records", span, count=0))
    if form == "records count":
        return Clause(Expect("records", span, count=count))
    if form == "records":
        return Clause(Expect("records", span, any_order=bool(groups["any"])), header)
    if form in ("says", "asks"):
        return Clause(Expect("says" if form == "says" else "asks", span, texts=_texts(match, "texts", start)))
    if form in ("no says", "no asks"):
        return Clause(Expect("says" if form == "no says" else "asks", span))
    if form in ("result", "fails"):
        value = _group(match, "value", start) if groups["value"] else None
        return Clause(Expect("result" if form == "result" else "fails", span, what=value))
    if form in ("store count", "no store"):
        return Clause(Expect("store", span, what=store, count=count))
    return Clause(Expect("store", span, what=store, any_order=True, some=form == "some store"), header)


def _place(match: re.Match[str], group: str, text: str, start: int) -> tuple[str, int]:
    """The text of a group, with its quotes, and its offset."""
    return text[match.start(group) : match.end(group)], start + match.start(group)


def _part(match: re.Match[str], group: str, text: str, start: int) -> Cell:
    part, offset = _place(match, group, text, start)
    return Cell(part, Span(offset, offset + len(part)))


def _group(match: re.Match[str], group: str, start: int) -> Cell:
    return cell(match[group], start + match.start(group))


def _header(match: re.Match[str], start: int) -> tuple[str, int]:
    return match["head"], start + match.start("head")


def _texts(match: re.Match[str], group: str, start: int) -> tuple[Cell, ...]:
    return tuple(pieces(match[group], start + match.start(group), _LIST))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
