"""Records → a table to read: aligned columns, numbers with thousands separators, and a line that counts the rows.

The table is for people: floats are rounded and columns that a terminal has no room for are left out, and the lines
below the table say so. The other formats have every digit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from time import monotonic
from typing import Any, Final, NamedTuple, TextIO

import msgspec

from runtime.output.records import Command, End
from runtime.output.sink import WAIT_SECONDS, Sink
from runtime.output.tabular import Rows, text_of
from runtime.output.writer import WELL
from runtime.values.type_rules import NUMBERS

SAMPLE_ROWS: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER_KINDS: Final = frozenset({int, float, Decimal, msgspec.Raw})
_PLAIN_BELOW: Final = 10_000  # whole numbers of at most four digits, such as years, have no separator
_LONG: Final = 1e15  # floats from here on are written with an exponent
_GAP: Final = 2
_CAPS: Final = (64, 40, 24)  # widths that columns of text are cut to, tried in turn, where a terminal is too narrow


class _Column(NamedTuple):
    """size: of the widest cell of the sample. is_number: it is aligned right. plain: its whole numbers have no
    separators. cap: what is wider is cut; 0 for never."""

    name: str
    size: int
    is_number: bool
    plain: bool
    cap: int = 0


class Table(Rows):
    """Aligned columns. The first rows (a sample) set the widths; a longer value later only shifts its own line."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        super().__init__(sink, buffer_until_commit, notes)
        self._names: tuple[str, ...] = ()
        self._shown: list[_Column] = []  # empty: not yet known
        self._left_out: list[str] = []
        self._sample: list[Sequence[Any]] = []
        self._since = 0.0
        self._tables = 0
        self._count = 0  # rows of the table that is being written
        self._rounded = self._cut = False
        self._changes: dict[tuple[str, str], int] = {}
        self._result: Any = None
        self._kept = self._state()

    def _line(self, line: Any) -> None:
        super()._line(line)
        if isinstance(line, Command):
            key = (line.command, line.result["store"])
            self._changes[key] = self._changes.get(key, 0) + line.result["rows"]
        elif isinstance(line, End):
            self._result = line.result

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        if names != self._names:
            self._close()
            self._names = names
        self._count += len(rows)
        for row in rows:
            if self._shown:
                self._row(row)
                continue
            if not self._sample:
                self._since = monotonic()
            self._sample.append(row)
            if len(self._sample) == SAMPLE_ROWS:
                self._settle()

    def _head(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._begin([])

    def _settle(self) -> None:
        """Fix the columns by the sample, and write it."""
        sample, self._sample = self._sample, []
        if sample:
            self._begin(sample)

    def _begin(self, sample: Sequence[Sequence[Any]]) -> None:
        types = {} if sample else dict(self.columns or ())
        columns = []
        for index, name in enumerate(self._names):
            values = [row[index] for row in sample if row[index] is not None]
            is_number = types[name].name in NUMBERS if name in types else _all_numbers(values)
            plain = all(type(value) is int and abs(value) < _PLAIN_BELOW for value in values)
            column = _Column(name, 0, is_number, plain)
            cells = [cell(name), *(self._shown_as(column, value) for value in values)]
            columns.append(column._replace(size=max(map(width, cells))))
        self._fit(columns, self.sink.width())
        self._write_head()
        self._tables += 1
        for row in sample:
            self._row(row)

    def _write_head(self) -> None:
        if self._tables:
            self.sink.write(b"\n")
        self._write([cell(column.name) for column in self._shown])
        self._write(["─" * column.size for column in self._shown])

    def _fit(self, columns: list[_Column], limit: int | None) -> None:
        """Choose what a terminal of `limit` columns shows: texts are cut first, then the last columns are left out."""
        fitted = columns
        if limit is not None:
            for cap in _CAPS:
                if _total(fitted) <= limit:
                    break
                fitted = [_capped(column, cap) for column in columns]
            while len(fitted) > 1 and _total(fitted) > limit:
                fitted = fitted[:-1]
            if _total(fitted) > limit:
                fitted = [fitted[0]._replace(size=limit, cap=limit)]
        self._shown = fitted
        self._left_out = [column.name for column in columns[len(fitted) :]]

    def _row(self, row: Sequence[Any]) -> None:
        if not self._left_out:
            self._write([self._shown_as(column, value) for column, value in zip(self._shown, row, strict=True)])
            return
        places = dict(zip(self._names, row, strict=True))
        self._write([self._shown_as(column, places[column.name]) for column in self._shown])

    def _shown_as(self, column: _Column, value: Any) -> str:
        if type(value) not in _NUMBER_KINDS:
            return cell(value)
        text, exact = number_text(value, plain=column.plain)
        self._rounded = self._rounded or not exact
        return text

    def _write(self, texts: Sequence[str]) -> None:
        parts = []
        for text, column in zip(texts, self._shown, strict=True):
            if column.cap and width(text) > column.cap:
                text = _beginning(text, column.cap - 1) + "…"
                self._cut = True
            space = " " * (column.size - width(text))
            parts.append(space + text if column.is_number else text + space)
        self.sink.write(((" " * _GAP).join(parts).rstrip() + "\n").encode())

    def _close(self) -> None:
        """End the table that is being written: say how many rows it has and what it does not show."""
        self._settle()
        if self._shown:
            self._write_foot()
        self._shown, self._left_out, self._count = [], [], 0
        self._rounded = self._cut = False

    def _write_foot(self) -> None:
        said = [f"{self._count:,} row{'' if self._count == 1 else 's'}"]
        if self._rounded:
            said.append("floats are rounded (-f csv has all digits)")
        if self._cut:
            said.append("texts that end in … are cut")
        if self._left_out:
            said.append(f"not shown: {', '.join(map(cell, self._left_out))} (-f csv has all columns)")
        self.sink.write("".join([line + "\n" for line in said]).encode())

    def tick(self) -> None:
        if self._sample and monotonic() - self._since >= WAIT_SECONDS:
            self._settle()
        super().tick()

    def _state(self) -> tuple[Any, ...]:
        counts = (self._tables, self._count, self._rounded, self._cut)
        return self._names, list(self._shown), list(self._left_out), counts, dict(self._changes)

    def release(self) -> None:
        self._settle()
        super().release()
        self._kept = self._state()

    def _void(self, reason: str) -> None:
        super()._void(reason)
        self._sample = []
        self._names, self._shown, self._left_out, counts, self._changes = self._kept
        self._tables, self._count, self._rounded, self._cut = counts
        self._kept = self._state()  # its lists are in use now

    def _finish(self) -> None:
        super()._finish()
        if self.end_status not in WELL:  # the rows may be some of all; the error is told elsewhere
            self._settle()
            return
        self._close()
        undone = " (undone: a dry run)" if self.end_status == "dry-run" else ""
        for (command, store), rows in self._changes.items():
            self.sink.write(f"{command} {cell(store)}: {rows:,} row{'' if rows == 1 else 's'}{undone}\n".encode())
        if self._result is not None:
            self.sink.write(f"result: {cell(self._result)}\n".encode())


def _all_numbers(values: Sequence[Any]) -> bool:
    return bool(values) and all(type(value) in _NUMBER_KINDS for value in values)


def _total(columns: Sequence[_Column]) -> int:
    return sum(column.size for column in columns) + _GAP * (len(columns) - 1)


def _capped(column: _Column, cap: int) -> _Column:
    if column.is_number:
        return column
    return column._replace(size=min(column.size, cap), cap=cap)


def number_text(value: Any, *, plain: bool = False) -> tuple[str, bool]:
    """A number for people to read, and whether it has all digits.

    Args:
        value: An int, float, Decimal, or a decimal in JSON (msgspec.Raw).
        plain: Write a whole number without thousands separators.

    Returns:
        The text: a float with two decimals, one below 1 with four digits.
    """
    if type(value) is int:
        return (str(value) if plain else f"{value:,}"), True
    if type(value) is float:
        size = abs(value)
        text = f"{value:,.2f}" if 1 <= size < _LONG or not value else f"{value:.4g}"
        return text, float(text.replace(",", "")) == value
    return f"{Decimal(text_of(value)):,f}", True


def cell(value: Any) -> str:
    """One line of printable text; null is empty."""
    if value is None:
        return ""
    text = text_of(value)
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)


def _beginning(text: str, size: int) -> str:
    """As much of a text as a terminal shows in `size` columns."""
    if text.isascii():
        return text[:size]
    taken = 0
    for index, character in enumerate(text):
        taken += width(character)
        if taken > size:
            return text[:index]
    return text


def width(text: str) -> int:
    """Columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
