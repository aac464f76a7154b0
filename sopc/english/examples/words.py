"""Words and values as an author writes them → existing names, and values of a type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from runtime.errors import RunError
from runtime.values.conversion import from_text, json_ready, to_text
from runtime.values.types import TIMESTAMP, Type
from sopc.english.examples.form import Cell
from sopc.english.lexicon import singular
from sopc.source import Span

_NULLS: Final = ("", "-", "–", "—", "null", "none")
_YES: Final = ("yes", "y", "true")
_NO: Final = ("no", "n", "false")
_ARTICLE: Final = re.compile(r"(?:the|a|an|its|his|her|their)\s+", re.IGNORECASE)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_QUOTED: Final = re.compile(r'"([^"]*)"|“([^”]*)”')
_DAYS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_SHIFT: Final = re.compile(r"today\s*([+-])\s*(\d{1,5})(?:\s+(day|week)s?)?")
_AGO: Final = re.compile(r"(\d{1,5}) (day|week)s? (ago|from now)")
_AS: Final = re.compile(r"\s*(?:[=:]|(?:is|of|as|being)\b)\s*", re.IGNORECASE)


def masked(text: str) -> str:
    """The text with quoted parts replaced by filler of the same length, so that searches do not match in quotes."""
    return _QUOTED.sub(lambda match: "“" * len(match[0]), text)


def cell(text: str, start: int) -> Cell:
    """A value at an offset, without surrounding spaces and quotes."""
    left = len(text) - len(text.lstrip())
    bare = text.strip()
    span = Span(start + left, start + left + len(bare))
    match = _QUOTED.fullmatch(bare)
    if match:
        return Cell(match[1] if match[1] is not None else match[2], span, quoted=True)
    return Cell(bare, span)


def pieces(text: str, start: int, separator: re.Pattern[str]) -> Iterator[Cell]:
    """Split a text at separators outside quotes."""
    hidden = masked(text)
    position = 0
    for match in separator.finditer(hidden):
        yield cell(text[position : match.start()], start + position)
        position = match.end()
    yield cell(text[position:], start + position)


def find_name(words: str, names: Iterable[str]) -> str | None:
    """Find a name by words: exactly, else ignoring case and `_`, else in the singular or plural."""
    known = list(names)
    if words in known:
        return words
    plain = {_plain(name): name for name in known}
    wanted = _plain(_ARTICLE.sub("", words, count=1) if _ARTICLE.match(words) else words)
    if wanted in plain:
        return plain[wanted]
    stems: dict[str, list[str]] = {}
    for name in known:
        stems.setdefault(_stem(_plain(name)), []).append(name)
    found = stems.get(_stem(wanted), [])
    return found[0] if len(found) == 1 else None


def split_pair(pair: Cell, names: Iterable[str]) -> tuple[str, Cell] | None:
    """`the floor of 5` → the name `floor` and the value 5; None if it does not begin with a name."""
    text = pair.text
    skipped = _ARTICLE.match(text)
    words = text[skipped.end() :] if skipped else text
    start = pair.span.start + (skipped.end() if skipped else 0)
    ends = [match.start() for match in re.finditer(r"\s|[=:]|$", masked(words))]
    known = list(names)
    for end in sorted(set(ends), reverse=True):
        name = find_name(words[:end].strip(), known) if words[:end].strip() else None
        rest = words[end:]
        link = _AS.match(rest)
        value = rest[link.end() :] if link else rest
        if name is not None and value.strip():
            return name, cell(value, start + end + (link.end() if link else 0))
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def _stem(plain: str) -> str:
    *before, last = plain.split("_")
    return "_".join((*before, singular(last)))


def day_of(text: str, today: date) -> date | None:
    """`2026-01-31`, `today`, `tomorrow`, `today - 3 days`, `2 weeks ago` → the date; None for anything else."""
    word = " ".join(text.lower().split())
    if word in _DAYS:
        return today + timedelta(days=_DAYS[word])
    if match := _SHIFT.fullmatch(word):
        days = int(match[2]) * (7 if match[3] == "week" else 1)
        return today + timedelta(days=days if match[1] == "+" else -days)
    if match := _AGO.fullmatch(word):
        days = int(match[1]) * (7 if match[2] == "week" else 1)
        return today + timedelta(days=-days if match[3] == "ago" else days)
    try:
        return date.fromisoformat(word) if len(word) == 10 else None
    except ValueError:
        return None


def value_of(written: Cell, type_: Type, today: date) -> Any:
    """The VM value of a cell. Raises RunError V0105 if it is no value of the type."""
    text = written.text
    if not written.quoted:
        if text.lower() in _NULLS and (type_.nullable or text in ("", "-")) and not (text == "" and _is_text(type_)):
            if type_.nullable:
                return None
            raise RunError("V0105", f"a value of type {type_} is missing")
        if text == "" and type_.nullable:
            return None
    name = type_.name
    if name == "bool" and text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    if name in ("int", "float", "decimal"):
        return from_text(_THOUSANDS.sub("", text), type_)
    if name in ("date", "timestamp"):
        day = day_of(text, today)
        if day is not None:
            return day if name == "date" else datetime.combine(day, time(), UTC)
    return from_text(text, type_)


def _is_text(type_: Type) -> bool:
    return type_.name == "text" and not type_.nullable


def argument_text(written: Cell, type_: Type, today: date) -> str:
    """The cell in the text form of arguments and answers. Raises RunError V0105 if it is no value of the type."""
    if type_.name in ("text", "any", "list", "record"):
        return written.text
    return to_text(value_of(written, type_, today))


def fits(written: Cell, value: Any, today: date) -> bool:
    """Whether an actual value matches the expected cell.

    A number matches if it rounds to the written one at the written number of decimal places; an empty cell is null.
    """
    text = written.text
    if value is None:
        return not written.quoted and text.lower() in _NULLS
    if isinstance(value, bool):
        return text.lower() in (_YES if value else _NO)
    if isinstance(value, (int, float, Decimal)):
        number = _THOUSANDS.sub("", text)
        if not _NUMBER.fullmatch(number):
            return False
        wanted, actual = Decimal(number), Decimal(repr(value) if isinstance(value, float) else value)
        exponent = wanted.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 0
        return actual == wanted or (places > 0 and actual.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) == wanted)
    if isinstance(value, (dict, list)):
        return text == shown(value)
    said = to_text(value)
    if said == text:
        return True
    if written.quoted:
        return False
    day = day_of(text, today)
    if day is not None and said == day.isoformat():
        return True
    try:
        return bool(from_text(said, TIMESTAMP) == from_text(text, TIMESTAMP))
    except RunError:
        return False


def shown(value: Any) -> str:
    """Format a value as an author would write it in a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return f'"{value}"' if value.lower() in _NULLS or value != value.strip() or "|" in value else value
    if isinstance(value, (dict, list)):
        import msgspec

        return msgspec.json.encode(json_ready(value)).decode()
    return to_text(value)
