"""What was seen of the columns of a file → how each is read: type, form, null words, and what is told or asked.

Where two forms are left that differ, another column of the file that can be read in one way only decides for all, then
a rule of the field (commas of a comma-separated file group thousands); else it is asked, and nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from shlex import quote
from typing import Final

import msgspec

from runtime.errors import DatabaseError
from runtime.files.columns import Column, Nearly, Values
from runtime.files.words import DECIMAL_SIGNS
from runtime.query.schema import Field
from runtime.values.conversion import to_text
from runtime.values.forms import DATE as DATE_KIND
from runtime.values.forms import FORMS, NUMBER, PIVOT, Form
from runtime.values.forms import TIMESTAMP as TIMESTAMP_KIND
from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    FLOAT,
    INT,
    INT_MAX,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
)

_DAYS: Final = {"dmy": "day/month/year", "mdy": "month/day/year"}
_MONEY_DIGITS: Final = 12
_EXACT_DIGITS: Final = 15  # floats and the decimals of every engine are exact up to here
_EXACT: Final = 2**53  # whole numbers up to here are exact as floats
_CLOCK_NAMES: Final = ("_at", "time", "ts")
_SHOWN: Final = 3
_WORDS: Final = 40  # characters that words for nothing have at most
_MEANT: Final = frozenset({"true", "false", "yes", "no", "inf", "-inf", "infinity", "-infinity"})
_SIGNS: Final = {sign: name for name, sign in DECIMAL_SIGNS.items()}


OPEN: Final = "D0514"  # the code of what a file leaves open
DIGITS: Final = "digits"  # a form of text fields of JSON: numbers as they are written


class Reading(msgspec.Struct, frozen=True):
    """How a column is read.

    form: as `--types` has it; empty for the plain form of the type. nulls: texts that are null besides those that the
    caller gives. notes: what is told. mostly: `numbers` or `dates` for a text column that nearly holds them. hint: what
    to type to have it so. unit: `%` or a currency.
    """

    field: Field
    form: str = ""
    nulls: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    mostly: str = ""
    hint: str = ""
    unit: str = ""
    missing: int = 0


class Option(msgspec.Struct, frozen=True):
    """One answer to a question.

    Attributes:
        text: What it means.
        flag: What says so beforehand, on the command line.
    """

    text: str
    flag: str


class Question(msgspec.Struct, frozen=True):
    """What a file leaves open.

    Attributes:
        text: The question, as a person is asked it.
        options: The answers.
    """

    text: str
    options: tuple[Option, ...]


Ask = Callable[[Question], int]


class Declared(msgspec.Struct, frozen=True):
    """A type as `--types` gives it, and the form that reads the texts of the column; None for the plain one."""

    type: Type
    form: str = ""


class Rules(msgspec.Struct, frozen=True):
    """What a person said beforehand about a file.

    types: by column. nulls: texts that are null in every column. null_words: whether the usual words for nothing are
    null. date_order: `dmy` or `mdy`; decimal: `.` or `,`; empty for what the file says. totals: whether
    to `drop` or `keep` a last row of sums; empty to ask. forms: those by which a store's fields were read
    before, by column. ask: asks a person and gives
    the position of the answer; None where nobody can be asked.
    """

    types: Mapping[str, Declared] = {}
    nulls: frozenset[str] = frozenset({""})
    null_words: bool = True
    date_order: str = ""
    decimal: str = ""
    totals: str = ""
    forms: Mapping[str, str] = {}
    ask: Ask | None = None


def answer(question: Question, ask: Ask | None) -> int:
    """The position of the answer; DatabaseError D0514 where nobody can be asked."""
    if ask is not None:
        return ask(question)
    hint = ", or ".join(f"{option.flag} for {option.text}" for option in question.options)
    raise DatabaseError(OPEN, question.text, hint)


# ── all columns of a file ──────────────────────────────────────────────────────────────────────────────────────


class _Settled(msgspec.Struct, frozen=True):
    """A side that a column or a person decides for, and why."""

    side: str
    why: str


def decided(columns: Mapping[str, Column], rules: Rules, *, delimiter: str, unit: str = "line") -> list[Reading]:
    """How each column is read.

    Args:
        columns: What was seen of them.
        rules: What a person said.
        delimiter: Of the file.
        unit: What a line of it is called.

    Raises:
        DatabaseError: D0514, what the file leaves open where nobody can be asked.
    """
    orders = _settled(columns, {"dmy", "mdy"}, rules.date_order, "--date-order", unit)
    points = _settled(columns, {".", ","}, rules.decimal, "--decimal", unit)
    readings = []
    for name, column in columns.items():
        chosen = _Choice(name, column, rules, delimiter, unit)
        declared = rules.types.get(name)
        reading = chosen.reading(orders, points) if declared is None else _as_declared(name, declared, column)
        missing = column.missing + sum(column.words[word] for word in reading.nulls)
        readings.append(msgspec.structs.replace(reading, missing=missing))
    return readings


def _as_declared(name: str, declared: Declared, column: Column) -> Reading:
    text = declared.type.name in ("text", "any")
    words = () if text or (column.plain is None and not column.forms) else tuple(sorted(column.words))
    told = _told_nulls(column, words)
    return Reading(
        Field(name, declared.type.or_null()), declared.form, words, told, hint=_better(name, declared, column)
    )


_KINDS: Final = {"int": NUMBER, "float": NUMBER, "decimal": NUMBER, "date": DATE_KIND, "timestamp": TIMESTAMP_KIND}


def _better(name: str, declared: Declared, column: Column) -> str:
    """What to type instead of a declared type whose form does not read the column: `FIELD=TYPE` for `--types`, or
    options; empty where nothing is better."""
    kind = _KINDS.get(declared.type.name, "")
    forms = [form for form in column.forms if form.kind == kind]
    if declared.form in {form.name for form in forms} or (not declared.form and column.plain is not None):
        return ""
    if not forms:
        nearly = column.nearly
        return _nulls(nearly, column.first) if nearly is not None and nearly.form.kind == kind else ""
    if column.example is None:
        return f"{name}={_spelled(declared.type, forms[0])}"
    sides = {form.side: form for form in reversed(forms)}
    return ", or ".join(_types(name, _spelled(declared.type, form)) for form in sides.values())


def _spelled(type_: Type, form: Form) -> str:
    """The type with its form, as `--types` has it."""
    if type_.name == "decimal":
        return f"{str(type_)[:-1]};{form.name})"
    return f"{type_.name}({form.name})"


def _settled(columns: Mapping[str, Column], sides: set[str], said: str, flag: str, unit: str) -> list[_Settled]:
    """What the columns that can be read in one way only say; two that differ when they contradict each other."""
    if said:
        return [_Settled(said, f"by {flag}")]
    found: dict[str, _Settled] = {}
    for name, column in columns.items():
        left = {form.side for form in column.forms} & sides
        if len(left) != 1:
            continue
        side = left.pop()
        seen = next((column.evidence[form.name] for form in column.forms if form.name in column.evidence), None)
        if seen is not None:
            found.setdefault(side, _Settled(side, f"by {seen.value} in {unit} {seen.line} of `{name}`"))
    return list(found.values())


class _Choice:
    """One column, with what is known of the file."""

    def __init__(self, name: str, column: Column, rules: Rules, delimiter: str, unit: str) -> None:
        self.name, self.column, self.ask, self.delimiter, self.unit = name, column, rules.ask, delimiter, unit
        self.before = rules.forms.get(name)
        self.notes: list[str] = []

    def reading(self, orders: Sequence[_Settled], points: Sequence[_Settled]) -> Reading:
        column = self.column
        if not column.seen:
            return Reading(Field(self.name, TEXT.or_null()))
        if column.collides is not None and column.plain is FLOAT and column.padded is not None:
            note = f"{column.padded.value} and {column.collides.value} are two texts and would be one number"
            return self._text(f"text, because {note}", self._types("float"), "numbers")
        form = self._form(orders, points)
        plain = column.plain
        if plain is not None and (form is None or not form.covers.isdisjoint({plain.name})):
            self._tell_epochs()
            return self._made(plain, None)
        if form is None:
            return self._as_text()
        return self._by_form(form)

    def _types(self, type_: str) -> str:
        return _types(self.name, type_)

    def _made(self, type_: Type, form: Form | None, unit: str = "") -> Reading:
        words = tuple(sorted(self.column.words))
        if type_ is TIMESTAMP and self.column.lacks_zone:
            self.notes.append("times without a zone are taken for UTC")
        notes = (*self.notes, *_told_nulls(self.column, words))
        return Reading(Field(self.name, type_.or_null()), form.name if form else "", words, notes, unit=unit)

    def _text(self, note: str, hint: str = "", mostly: str = "") -> Reading:
        told = f"{note}: {hint}" if hint else note
        return Reading(Field(self.name, TEXT.or_null()), notes=(told,), mostly=mostly, hint=hint)

    # ── which form ─────────────────────────────────────────────────────────────────────────────────────────────

    def _form(self, orders: Sequence[_Settled], points: Sequence[_Settled]) -> Form | None:
        forms = self.column.forms
        if not forms:
            return None
        if self.column.example is None:
            self._tell_evidence(forms[0])
            return forms[0]
        before = next((form for form in forms if form.name == self.before), None)
        if before is not None:
            return self._told(before, "as in the store")
        dated = forms[0].kind != NUMBER
        settled = orders if dated else points
        if len(settled) == 1:
            side, why = settled[0].side, settled[0].why
        elif not dated and self.column.plain is FLOAT:
            side, why = ".", "as no column says otherwise"
        elif not dated and self.delimiter == "," and not settled:
            side, why = ".", "as the file has commas between its columns"
        else:
            side, why = self._asked(dated, forms), "as answered"
        return self._told(next((each for each in forms if each.side == side), forms[0]), why)

    def _told(self, form: Form, why: str) -> Form:
        """The form, of several that differ, and why it is the one."""
        assert self.column.example is not None
        value, line = self.column.example
        self.notes.append(f"{value} in {self.unit} {line} is {to_text(form.read(value))}, {why}")
        return form

    def _tell_evidence(self, form: Form) -> None:
        seen = self.column.evidence.get(form.name)
        if seen is not None and form.kind != NUMBER:
            self.notes.append(f"{_DAYS[form.side]}, by {seen.value} in {self.unit} {seen.line}")

    def _asked(self, dated: bool, forms: Iterable[Form]) -> str:
        assert self.column.example is not None
        value, line = self.column.example
        sides = {form.side: form for form in reversed(list(forms)) if form.side}
        readings = {side: to_text(form.read(value)) for side, form in sides.items()}
        options = tuple(
            Option(f"{shown} ({_DAYS.get(side, 'decimal ' + _SIGNS.get(side, ''))})", self._flag(side))
            for side, shown in sorted(readings.items())
        )
        shown = " or ".join(option.text for option in options)
        question = Question(f"{self.name}: is {value} in {self.unit} {line} {shown}?", options)
        chosen: str = sorted(readings)[answer(question, self.ask)]
        return chosen

    def _flag(self, side: str) -> str:
        return f"--date-order {side}" if side in _DAYS else f"--decimal {_SIGNS[side]}"

    # ── what the form says of the type ─────────────────────────────────────────────────────────────────────────

    def _by_form(self, form: Form) -> Reading:
        if form.kind != NUMBER:
            if "YYYY" not in form.name:
                self.notes.append(f"years of two digits are from {1900 + PIVOT} to {2000 + PIVOT - 1}")
            return self._made(DATE if form.kind == DATE_KIND else TIMESTAMP, form)
        measure = self.column.measures.get(form.name)
        if measure is None:  # plain numbers of which another column says that their points group thousands
            return self._made(INT, form)
        scale, digits, units = measure
        named = sorted(units - {""})
        if len(named) > 1 or ("%" in units and "" in units):
            shown = " and ".join(named) if len(named) > 1 else "numbers with and without %"
            return self._text(f"text, because it has {shown}", mostly="numbers")
        unit = named[0] if named else ""
        if "" in units and unit:
            self.notes.append(f"numbers without {unit} are taken for {unit} too")
        elif unit == "%":
            self.notes.append("12.5% is 0.125")
        elif unit:
            self.notes.append(f"{unit} is read as the unit")
        elif scale and form.side == ",":
            self.notes.append("commas before decimals")
        money = bool(unit) and unit != "%" and not self.column.approximate
        places = max(scale, 2) if money else scale
        if places and digits + (places if money else 0) > _EXACT_DIGITS:
            return self._text("text, because it has numbers of more than 15 digits", mostly="numbers")
        return self._made(self._number(digits, places, unit, money), form, unit)

    def _number(self, digits: int, places: int, unit: str, money: bool) -> Type:
        if money:
            return decimal_of(max(_MONEY_DIGITS, digits + places), places)
        return FLOAT if places or unit == "%" or self.column.approximate else INT

    # ── texts ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _as_text(self) -> Reading:
        nearly = self.column.nearly
        if nearly is None:
            return Reading(Field(self.name, TEXT.or_null()))
        mostly = "numbers" if nearly.form.kind == NUMBER else "dates"
        return self._text(f"text, because of {_stops(nearly, self.unit)}", self._way(nearly), mostly)

    def _way(self, nearly: Nearly) -> str:
        other = next((form for text in nearly.stops for form in FORMS if form.reads(text)), None)
        if other is not None:
            return f"two forms are mixed, {nearly.form.name} and {other.name}: correct them in the file"
        others = "" if nearly.form.kind == NUMBER else f", {nearly.form.name} reads the others"
        return _nulls(nearly, self.column.first) or f"correct them in the file{others}"

    def _tell_epochs(self) -> None:
        column = self.column
        if column.plain is INT and column.epochs and self.name.lower().endswith(_CLOCK_NAMES):
            self.notes.append(f"{self._types(f'timestamp({column.epochs[0]})')} reads them as moments")


def _types(name: str, type_: str) -> str:
    return f"--types {quote(f'{name}={type_}')}"


def _nulls(nearly: Nearly, first: int) -> str:
    """The options that make null of the values which stop a form; empty unless all may be words for nothing. A value
    with a digit is more than that, and the first row may hold units or a second row of names."""
    may_be = len(nearly.stops) <= _SHOWN and not any(
        first in lines or len(text) > _WORDS or text.strip().lower() in _MEANT or any(map(str.isdigit, text))
        for text, lines in nearly.stops.items()
    )
    return " ".join(f"--null {quote(text)}" for text in nearly.stops) if may_be else ""


def _stops(nearly: Nearly, unit: str) -> str:
    shown = [
        f'"{text[:40]}" ({unit}{"s" if len(lines) > 1 else ""} {", ".join(map(str, lines[:_SHOWN]))}'
        + (", …)" if len(lines) > _SHOWN else ")")
        for text, lines in list(nearly.stops.items())[:_SHOWN]
    ]
    return ", ".join(shown) + (" and others" if len(nearly.stops) > _SHOWN else "")


def _told_nulls(column: Column, words: Iterable[str]) -> tuple[str, ...]:
    counted = ", ".join(f"{column.words[word]} {word}" for word in words)
    return (f"null: {counted}",) if counted else ()


# ── fields of JSON ─────────────────────────────────────────────────────────────────────────────────────────────


def decided_values(fields: Mapping[str, Values], rules: Rules, unit: str = "line") -> list[Reading]:
    """As `decided`, for the fields of JSON records."""
    texts = {name: field.texts for name, field in fields.items() if field.kinds == {"str"}}
    read = {each.field.name: each for each in decided(texts, rules, delimiter="", unit=unit)}
    readings = []
    for name, field in fields.items():
        declared = rules.types.get(name)
        if declared is not None:
            readings.append(Reading(Field(name, declared.type.or_null()), declared.form))
        else:
            readings.append(read.get(name) or _of_kinds(name, field))
    return readings


def _of_kinds(name: str, field: Values) -> Reading:
    kinds = field.kinds
    if not kinds or kinds == {"bool"}:
        return Reading(Field(name, (BOOL if kinds else TEXT).or_null()))
    if not kinds <= {"int", "float"}:
        return Reading(Field(name, ANY.or_null()))
    mixed = "float" in kinds
    if field.largest <= (_EXACT if mixed else INT_MAX):
        return Reading(Field(name, (FLOAT if mixed else INT).or_null()))
    note = f"text, because {field.largest} is not exact as {'a float' if mixed else 'an int of 64 bits'}"
    hint = _types(name, "float")
    return Reading(Field(name, TEXT.or_null()), DIGITS, notes=(f"{note}: {hint}",), mostly="numbers", hint=hint)
