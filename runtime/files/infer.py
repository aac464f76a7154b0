"""Texts and JSON values → values of a column's type; and a type as `--types` writes it → Declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from runtime.errors import SopError, UsageError
from runtime.files.decide import DIGITS, Declared
from runtime.values.conversion import convert, from_text, to_text
from runtime.values.forms import NUMBER, find_form, forms_of
from runtime.values.type_rules import NUMBERS
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

_TYPES: Final = {type_.name: type_ for type_ in (BOOL, INT, FLOAT, TEXT, DATE, TIMESTAMP, DURATION, ANY, DECIMAL)}
_DECIMAL: Final = re.compile(r"decimal\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?(?:;(.+))?\)")
_WITH_FORM: Final = re.compile(r"(int|float|date|timestamp)\((.+)\)")
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0"})
_MEMORY: Final = 50_000

BAD: Final = object()


def declared_type(text: str) -> Declared:
    """`int`, `decimal(10,2)`, … as in a script, and a form in brackets: `date(DD.MM.YYYY)`, `float(1.234,5)`,
    `decimal(10,2;1.234,5)`, `timestamp(epoch_ms)`. UsageError D0506 for anything else."""
    name = text.strip().removesuffix("?")
    if name in _TYPES:
        return Declared(_TYPES[name])
    match = _DECIMAL.fullmatch(name)
    if match is not None:
        precision, scale = int(match[1]), int(match[2] or 0)
        if 1 <= precision <= DECIMAL_PRECISION and scale <= min(precision, MAX_SCALE):
            return Declared(decimal_of(precision, scale), _form_name(match[3], "decimal", text))
    match = _WITH_FORM.fullmatch(name)
    if match is not None:
        return Declared(_TYPES[match[1]], _form_name(match[2], match[1], text))
    forms = "date(DD.MM.YYYY), float(1.234,5)"
    raise UsageError("D0506", f"`{text}` is not a type", f"one of {', '.join(_TYPES)}, decimal(10,2), {forms}")


def _form_name(name: str | None, type_: str, text: str) -> str:
    """The name of a form that gives such a type."""
    if name is None:
        return ""
    form, kind = find_form(name.strip()), NUMBER if type_ in NUMBERS else type_
    if form is not None and form.kind == kind:
        return form.name
    raise UsageError("D0506", f"`{text}` has no form in which {type_}s are written", forms_of(kind))


class TextColumn(dict[str, Any]):
    """Text → value of a type, or BAD. Values are cached, because columns repeat themselves."""

    def __init__(self, type_: Type, nulls: Iterable[str], form: str = "") -> None:
        super().__init__(dict.fromkeys(nulls))
        self._nulls = tuple(self)
        self._read = text_reader(type_, form)

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


def text_reader(type_: Type, form: str = "") -> Callable[[str], Any]:
    """Text → value of the type, written in a form; empty for the plain one. It raises ValueError or SopError."""
    found = find_form(form) if form else None
    if found is not None:
        return _form_reader(found.read, type_.not_null())
    if type_.name == "bool":
        return _bool
    if type_.name == "text":
        return _kept_text
    return partial(from_text, type_=type_.not_null())


def _form_reader(read: Callable[[str], Any], type_: Type) -> Callable[[str], Any]:
    if type_.name in ("date", "timestamp"):
        return read

    def number(text: str) -> Any:
        value = read(text)
        if type_.name == "int":
            if value != value.to_integral_value() or not INT_MIN <= value <= INT_MAX:
                raise ValueError(text)
            return int(value)
        return convert(value, type_)

    return number


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


def json_reader(type_: Type, form: str = "") -> Callable[[Any], Any]:
    """JSON value → value of a type, BAD where it is none. form: of texts; empty for the plain one."""
    wanted = type_.or_null()
    if form == DIGITS:
        return _digits
    of_text = text_reader(type_, form) if form else None

    def read(value: Any) -> Any:
        try:
            converted = of_text(value) if of_text is not None and type(value) is str else convert(value, wanted)
            return converted if _is_kept(converted) else BAD
        except (SopError, ValueError):
            return BAD

    return read


def _digits(value: Any) -> Any:
    """A number as its text."""
    if value is None or type(value) not in (int, float, str):
        return None if value is None else BAD
    return _kept_text(to_text(value))


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
