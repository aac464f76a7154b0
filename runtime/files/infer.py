"""A column's texts or JSON values → the narrowest type that holds them all, and a reader for that type.

A column of texts is int, float, bool (true, false), date or timestamp when every one of its texts is; numbers with
leading zeros and whole numbers of more than about 15 digits stay text: they are identifiers more often than amounts.
Decimals, durations and records are never guessed for texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any, Final

from runtime.errors import SopError, UsageError
from runtime.values.conversion import convert, from_text
from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DECIMAL_PRECISION,
    DURATION,
    FLOAT,
    INT,
    INT_MAX,
    INT_MIN,
    MAX_SCALE,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
)

_GUESSES: Final[tuple[tuple[Type, str], ...]] = (
    (BOOL, r"(?:true|false|True|False|TRUE|FALSE)"),
    (INT, r"-?(?:0|[1-9][0-9]{0,17})"),
    (FLOAT, r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?"),
    (DATE, r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    (
        TIMESTAMP,
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?",
    ),
)
# One match for a whole batch: the texts joined by line breaks.
_PATTERNS: Final = tuple((type_, re.compile(rf"{pattern}(?:\n{pattern})*")) for type_, pattern in _GUESSES)
_TYPES: Final = {type_.name: type_ for type_ in (BOOL, INT, FLOAT, TEXT, DATE, TIMESTAMP, DURATION, ANY, DECIMAL)}
_DECIMAL: Final = re.compile(r"decimal\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)")
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0"})
_MEMORY: Final = 50_000

BAD: Final = object()


def declared_type(text: str) -> Type:
    """`int`, `decimal(10,2)`, … as in a script; UsageError D0506 for anything else."""
    name = text.strip().removesuffix("?")
    if name in _TYPES:
        return _TYPES[name]
    match = _DECIMAL.fullmatch(name)
    if match is not None:
        precision, scale = int(match[1]), int(match[2] or 0)
        if 1 <= precision <= DECIMAL_PRECISION and scale <= min(precision, MAX_SCALE):
            return decimal_of(precision, scale)
    raise UsageError("D0506", f"`{text}` is not a type", f"one of {', '.join(_TYPES)}, decimal(10,2)")


class TextGuess:
    """The types that fit all texts of a column so far."""

    def __init__(self) -> None:
        self._left = list(_PATTERNS)
        self._seen = False

    def add(self, texts: Iterable[str]) -> None:
        """Distinct texts, without those that stand for null."""
        if not self._left:
            return
        values = list(texts)
        if not values:
            return
        self._seen = True
        joined = "\n".join(values)
        if joined.count("\n") != len(values) - 1:
            self._left = []
            return
        self._left = [
            (type_, pattern)
            for type_, pattern in self._left
            if pattern.fullmatch(joined) and (type_ not in (DATE, TIMESTAMP) or _all_read(values, type_))
        ]

    @property
    def type(self) -> Type:
        return self._left[0][0] if self._seen and self._left else TEXT


def _all_read(values: Sequence[str], type_: Type) -> bool:
    """Whether each text is an existing date or timestamp."""
    try:
        for value in values:
            if type_ is DATE:
                date.fromisoformat(value)
            else:
                from_text(value, type_)
    except (ValueError, SopError):
        return False
    return True


class JsonGuess:
    """The types that fit all JSON values of a field so far. Texts may be dates."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        self._texts = TextGuess()
        self._texts._left = [pair for pair in _PATTERNS if pair[0] in (DATE, TIMESTAMP)]

    def add(self, values: Iterable[Any]) -> None:
        texts = []
        for value in values:
            if value is None:
                continue
            kind = type(value)
            if kind is str:
                texts.append(value)
            self._kinds.add(kind.__name__)
        self._texts.add(set(texts))

    @property
    def type(self) -> Type:
        kinds = self._kinds
        if not kinds:
            return TEXT
        if kinds == {"str"}:
            return self._texts.type
        if kinds <= {"int", "float"}:
            return FLOAT if "float" in kinds else INT
        return BOOL if kinds == {"bool"} else ANY


class TextColumn(dict[str, Any]):
    """Text → value of a type, or BAD. Values are cached, because columns repeat themselves."""

    def __init__(self, type_: Type, nulls: Iterable[str]) -> None:
        super().__init__(dict.fromkeys(nulls))
        self._nulls = tuple(self)
        self._read = _text_reader(type_)

    def __missing__(self, text: str) -> Any:
        if len(self) > _MEMORY:
            self.clear()
            self.update(dict.fromkeys(self._nulls))
        try:
            value = self._read(text)
        except (SopError, ValueError):
            value = BAD
        self[text] = value
        return value


def _text_reader(type_: Type) -> Callable[[str], Any]:
    if type_.name == "bool":
        return _bool
    if type_.name == "text":
        return _kept_text
    return partial(from_text, type_=type_.not_null())


def _kept_text(text: str) -> Any:
    """The text; ValueError for a null character or a lone surrogate, which no engine stores."""
    text.encode()  # a UnicodeEncodeError is a ValueError
    return BAD if "\0" in text else text


def _bool(text: str) -> bool:
    lower = text.strip().lower()
    if lower in _TRUE:
        return True
    if lower in _FALSE:
        return False
    raise ValueError(text)


def json_reader(type_: Type) -> Callable[[Any], Any]:
    """JSON value → value of a type, BAD where it is none."""
    wanted = type_.or_null()

    def read(value: Any) -> Any:
        try:
            converted = convert(value, wanted)
            return converted if _is_kept(converted) else BAD
        except (SopError, ValueError):
            return BAD

    return read


def _is_kept(value: Any) -> bool:
    """Whether every database can hold it, in all its parts."""
    kind = type(value)
    if kind is str:
        return _kept_text(value) is not BAD
    if kind is int:
        return bool(INT_MIN <= value <= INT_MAX)
    if kind is dict:
        return all(map(_is_kept, value)) and all(map(_is_kept, value.values()))
    return all(map(_is_kept, value)) if kind is list else True
