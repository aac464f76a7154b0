"""The texts of a column, batch by batch → the forms that read all of them, and why others do not.

A column is read by one form that reads all its distinct values, null words aside. Five plain forms come first, because
engines read them too; then the table of `runtime/values/forms.py`. Memory does not grow with the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from runtime.errors import SopError
from runtime.files.words import NULL_WORDS
from runtime.values.conversion import from_text
from runtime.values.forms import FORMS, NUMBER, Form, unit_of
from runtime.values.forms import TIMESTAMP as MOMENT
from runtime.values.types import BOOL, DATE, FLOAT, INT, TIMESTAMP, Type

_PLAIN: Final[tuple[tuple[Type, str], ...]] = (
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


def _many(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{pattern}(?:\n{pattern})*")


# One match for a whole batch: the texts joined by line breaks.
_PATTERNS: Final = tuple((type_, _many(pattern)) for type_, pattern in _PLAIN)
_DATED: Final = (DATE, TIMESTAMP)
DATES: Final = tuple(form for form in FORMS if form.kind != NUMBER)
_CODE: Final = re.compile(r"0[0-9]+|[0-9]{19,}")  # identifiers, which no number may stand for
_LIKELY: Final = re.compile(r"^[ (+\-\u2212]*(?:[^\W\d_]{0,10}\.?|[^\w\s]{1,2})? ?\.?[0-9]", re.MULTILINE)
_PADDED_ZERO: Final = re.compile(r"\.[0-9]*[1-9]0+(?:\n|$)")
_POWER: Final = re.compile("[0-9][eE]")
_NO_ZONE: Final = re.compile(r"(?<![+-][0-9])[0-9]:[0-9]{2}(?:[.,][0-9]+)?(?:\s?[AaPp]\.?[Mm]\.?)?$", re.MULTILINE)
_EPOCHS: Final = {name: _many(f"1[0-9]{{{n}}}") for name, n in (("epoch_s", 9), ("epoch_ms", 12))}
_STOPS: Final = 20  # values that stop a column, as many as are kept
_CANDIDATES: Final = 3  # forms that may be the one that nearly reads a column
_SURELY_TEXT: Final = 50_000  # values after which a column that is not nearly numbers is text for good
_UNLIKELY: Final = 2


class Seen(NamedTuple):
    """A value and the line of its first row."""

    value: str
    line: int


class Measure(NamedTuple):
    """Of the numbers of a column, by one form: the most decimals, the most digits before them, and all units."""

    scale: int = 0
    digits: int = 0
    units: frozenset[str] = frozenset()

    def with_(self, form: Form, values: Iterable[str]) -> Measure:
        """These and more values, all of which the form reads."""
        scale, digits, units = self.scale, self.digits, set(self.units)
        for text in values:
            value: Decimal = form.read(text)
            units.add(unit_of(text))
            if _POWER.search(text):  # a float, however few its digits are
                scale = max(scale, 1)
                continue
            exponent = value.as_tuple().exponent
            scale = max(scale, -exponent if isinstance(exponent, int) else 0)
            digits = max(digits, value.adjusted() + 1)
        return Measure(scale, digits, frozenset(units))


class Nearly(NamedTuple):
    """A form that reads most values of a column, and those that it does not: a value → its first lines."""

    form: Form
    stops: dict[str, list[int]]


class Column:
    """What the values of a column were so far.

    forms: those that read every value; null_words: texts that are null if a form reads the rest.
    """

    def __init__(
        self, nulls: Collection[str] = ("",), *, null_words: bool = True, forms: Sequence[Form] = FORMS
    ) -> None:
        self._nulls = frozenset(nulls)
        self._null_words = NULL_WORDS if null_words else frozenset()
        self._plain = [pair for pair in _PATTERNS if forms is FORMS or pair[0] in _DATED]
        self.forms: list[Form] = list(forms)
        self.words: dict[str, int] = {}
        self.missing = 0
        self.seen = False
        self.first = 0  # the line of the first row
        self.evidence: dict[str, Seen] = {}  # by form: the first value that its rival does not read
        self.example: Seen | None = None  # two forms that are left read it differently
        self.measures: dict[str, Measure] = {}
        self.approximate = False  # some were floats before they were measured
        self.padded: Seen | None = None  # `1.10`, where
        self.collides: Seen | None = None  # `1.1` is another value
        self.epochs = list(_EPOCHS)  # moments that the whole numbers may be
        self.lacks_zone = False  # a time says none
        self._measured: Measure | None = None  # what plain numbers were, before other forms were needed
        self._read = self._unlikely = 0  # distinct values, batch by batch
        self._candidates: list[_Candidate] = []

    @property
    def plain(self) -> Type | None:
        """The plain type that reads every value."""
        return self._plain[0][0] if self.seen and self._plain else None

    def add(self, texts: Sequence[str], lines: Sequence[int]) -> None:
        """Take a batch: a text and a line for each row."""
        self.first = self.first or next(iter(lines), 0)
        found = set(texts)
        values = found - self._nulls
        if len(values) < len(found):
            self.missing += sum(map(texts.count, found & self._nulls))
        if not values.isdisjoint(self._null_words):
            for word in values & self._null_words:
                self.words[word] = self.words.get(word, 0) + texts.count(word)
            values -= self._null_words
        if not values:
            return
        self.seen = True
        if self._plain or self.forms:
            self._narrow(values, texts, lines)
        else:
            self._look_for_stops(values, texts, lines)

    def _narrow(self, values: set[str], texts: Sequence[str], lines: Sequence[int]) -> None:
        before, plain_before = self.forms, self.plain
        joined = "\n".join(values)
        if joined.count("\n") != len(values) - 1:
            self._plain, self.forms = [], []
            return
        self._plain = [
            (type_, pattern)
            for type_, pattern in self._plain
            if pattern.fullmatch(joined) and (type_ not in _DATED or _exist(values, type_))
        ]
        kept = {type_.name for type_, _ in self._plain}
        if before:
            self.forms = [form for form in before if not kept.isdisjoint(form.covers) or form.fits(values)]
            if len(self.forms) < len(before) and (self.forms or kept):
                self._remember_why(before, texts, lines)
        if "int" in kept:
            self.epochs = [name for name in self.epochs if _EPOCHS[name].fullmatch(joined)]
        elif "float" in kept:
            self._look_at_decimals(values, texts, lines)
            self._find_example(values, texts, lines)
        elif self.forms:
            if self._read and not self._measured:
                self._measured = Measure(0, 18 if plain_before is INT else 0, frozenset({""}))
                self.approximate = plain_before is FLOAT
            self._find_example(values, texts, lines)
            for form in self.forms:
                if form.kind == NUMBER:
                    self.measures[form.name] = self.measures.get(form.name, self._measured or Measure()).with_(
                        form, values
                    )
        if not self.lacks_zone and ("timestamp" in kept or any(form.kind == MOMENT for form in self.forms)):
            self.lacks_zone = _NO_ZONE.search(joined) is not None
        if self._plain or self.forms:
            self._read += len(values)
        else:
            self._candidates = [_Candidate(form, self._read if form in before else 0) for form in FORMS]
            self._look_for_stops(values, texts, lines)

    def _remember_why(self, before: Iterable[Form], texts: Sequence[str], lines: Sequence[int]) -> None:
        """Keep the first value that each form does not read, where its rival is left."""
        left = {form.name for form in self.forms}
        for form in before:
            if form.rival in left and form.name not in left:
                self.evidence[form.rival] = next(
                    Seen(text, line)
                    for text, line in zip(texts, lines, strict=False)
                    if text not in self._nulls and text not in self._null_words and not form.reads(text)
                )

    def _find_example(self, values: Collection[str], texts: Sequence[str], lines: Sequence[int]) -> None:
        """The first value that two forms which are left read differently."""
        forms = [form for form in self.forms if form.side and form.kind == self.forms[0].kind]
        if self.example is not None or len({form.side for form in forms}) < 2:
            return
        differing = {text for text in values if len({form.read(text) for form in forms}) > 1}
        if differing:
            self.example = next(Seen(*row) for row in zip(texts, lines, strict=False) if row[0] in differing)

    def _look_at_decimals(self, values: set[str], texts: Sequence[str], lines: Sequence[int]) -> None:
        """Find `1.10`, and `1.1` beside it: two texts that are one number."""
        if self.collides is not None or _PADDED_ZERO.search("\n".join(values)) is None:
            return
        for text in values:
            if "." in text and text.endswith("0") and (short := text.rstrip("0")) in values and short[-1] != ".":
                self.padded, self.collides = _first(text, texts, lines), _first(short, texts, lines)
                return

    # ── nearly ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _look_for_stops(self, values: set[str], texts: Sequence[str], lines: Sequence[int]) -> None:
        if not self._candidates:
            return
        likely = len(_LIKELY.findall("\n".join(values)))
        if 2 * likely < len(values):
            self._unlikely += len(values)
            if self._unlikely > _SURELY_TEXT + _UNLIKELY * self._read:
                self._candidates = []
            return
        for candidate in self._candidates:
            candidate.add(values)
        self._candidates.sort(key=lambda each: -each.read)
        del self._candidates[_CANDIDATES:]
        if self._candidates[0].read < self._candidates[0].unread + self._unlikely:
            self._candidates = []
            return
        for candidate in self._candidates:
            candidate.note(texts, lines)

    @property
    def nearly(self) -> Nearly | None:
        """The form that reads at least half of the values; None for one that reads all, for codes with leading zeros
        and for values of which too many are no numbers."""
        if self.plain is not None or self.forms or not self._candidates:
            return None
        best = self._candidates[0]
        if best.read < max(2, best.unread + self._unlikely) or best.codes:
            return None
        return Nearly(best.form, best.stops)


class _Candidate:
    """How many values a form reads of a column that no form reads as a whole."""

    def __init__(self, form: Form, read: int) -> None:
        self.form, self.read, self.unread = form, read, 0
        self.stops: dict[str, list[int]] = {}
        self.codes = False
        self._new: set[str] = set()

    def add(self, values: Collection[str]) -> None:
        self._new = {text for text in values if not self.form.reads(text)}
        self.read += len(values) - len(self._new)
        self.unread += len(self._new)
        self.codes = self.codes or any(map(_CODE.fullmatch, self._new))

    def note(self, texts: Sequence[str], lines: Sequence[int]) -> None:
        """Keep some of the values that it does not read, with their lines."""
        for text, line in zip(texts, lines, strict=False):
            if text in self._new and (text in self.stops or len(self.stops) < _STOPS):
                places = self.stops.setdefault(text, [])
                if len(places) < _STOPS:
                    places.append(line)


def _first(value: str, texts: Sequence[str], lines: Sequence[int]) -> Seen:
    return Seen(value, lines[texts.index(value)])


def _exist(values: Iterable[str], type_: Type) -> bool:
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


class Values:
    """The JSON values of a field so far. Texts may be dates."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.texts = Column((), null_words=False, forms=DATES)
        self.largest = 0  # of the whole numbers, without their sign

    def add(self, values: Sequence[Any], lines: Sequence[int]) -> None:
        """Take a batch: a value and a line for each record that has the field."""
        found, places = [], []
        for value, line in zip(values, lines, strict=True):
            kind = type(value)
            if kind is str:
                found.append(value)
                places.append(line)
            elif kind is int and not -self.largest <= value <= self.largest:
                self.largest = abs(value)
            if value is not None:
                self.kinds.add(kind.__name__)
        if found:
            self.texts.add(found, places)
