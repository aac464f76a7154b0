"""Records → CSV, or a table for a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic
from typing import Any, Final, TextIO

import msgspec

from runtime.errors import SopError
from runtime.output.sink import WAIT_SECONDS, Sink
from runtime.output.writer import RecordsOnly
from runtime.values.conversion import to_text

SAMPLE_ROWS: Final = 200
_QUOTED: Final = re.compile(r'[",\r\n]|^\s|\s$|^$')
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def _text(value: Any) -> str:
    """A value's text; of a decimal that is already written, that."""
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else to_text(value)


class _Rows(RecordsOnly):
    """Takes records one by one and by the batch as rows of one kind."""

    writes_json = False

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._put(tuple(record), [tuple(record.values())])

    def _rows(
        self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: Sequence[Sequence[Any]]
    ) -> None:
        self._put(names, batch)

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        raise NotImplementedError


class Csv(_Rows):
    """A line of names, then a line a record. Null is an empty field, an empty text is "".

    Args:
        sink: Where lines go.
        buffer_until_commit: Whether lines wait for their segment's end.
        notes: Where what a script says goes; None for stderr.

    Source:
        RFC 4180, but lines end in a line feed.
    """

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        super().__init__(sink, buffer_until_commit, notes)
        self._names: tuple[str, ...] | None = None
        self._kept_names: tuple[str, ...] | None = None

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        field = self.field
        lines = [",".join([field(value) for value in row]) for row in rows]
        if self._names is None:
            self._names = names
            lines.insert(0, ",".join([field(name) for name in names]))
        elif names != self._names:
            raise SopError(
                "V0501",
                f"csv holds records of one kind, and one with the fields {', '.join(names)} follows others",
                "-f jsonl and -f records take any",
            )
        self.sink.write("".join([line + "\n" for line in lines]).encode())

    @staticmethod
    def field(value: Any) -> str:
        """Return a value as a field, in quotes where needed."""
        if value is None:
            return ""
        if type(value) is int:
            return str(value)
        text = _text(value)
        return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text

    def release(self) -> None:
        super().release()
        self._kept_names = self._names

    def _void(self, reason: str) -> None:
        super()._void(reason)
        self._names = self._kept_names


class SafeCsv(Csv):
    """CSV for spreadsheets: a text that a spreadsheet would run as a formula gets a `'` in front."""

    @staticmethod
    def field(value: Any) -> str:
        if type(value) is str and value.startswith(_FORMULA):
            value = "'" + value
        return Csv.field(value)


class Table(_Rows):
    """Aligned columns. The first rows (a sample) set the widths; a longer value later only shifts its own line."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        super().__init__(sink, buffer_until_commit, notes)
        self._names: tuple[str, ...] = ()
        self._columns: list[
            tuple[int, bool]
        ] = []  # width, and whether numbers stand on the right; empty: not yet known
        self._sample: list[list[str]] = []
        self._since = 0.0
        self._tables = 0
        self._kept: tuple[tuple[str, ...], list[tuple[int, bool]], int] = ((), [], 0)

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        if names != self._names:
            self._settle()
            self._names, self._columns = names, []
        for row in rows:
            cells = [_cell(value) for value in row]
            if self._columns:
                self._row(cells)
                continue
            if not self._sample:
                self._since = monotonic()
            self._sample.append(cells)
            if len(self._sample) == SAMPLE_ROWS:
                self._settle()

    def _settle(self) -> None:
        """Fix the widths by the sample, and write it."""
        sample, self._sample = self._sample, []
        if not sample:
            return
        names = [_cell(name) for name in self._names]
        for name, cells in zip(names, zip(*sample, strict=True), strict=True):
            numbers = all(_NUMBER.fullmatch(cell) for cell in cells if cell)
            self._columns.append((max(map(width, (name, *cells))), numbers))
        if self._tables:
            self.sink.write(b"\n")
        self._tables += 1
        self._row(names)
        self._row(["─" * size for size, _ in self._columns])
        for row in sample:
            self._row(row)

    def _row(self, cells: Sequence[str]) -> None:
        parts = []
        for cell, (size, right) in zip(cells, self._columns, strict=True):
            space = " " * (size - width(cell))
            parts.append(space + cell if right else cell + space)
        self.sink.write(("  ".join(parts).rstrip() + "\n").encode())

    def tick(self) -> None:
        if self._sample and monotonic() - self._since >= WAIT_SECONDS:
            self._settle()
        super().tick()

    def release(self) -> None:
        self._settle()
        super().release()
        self._kept = self._names, list(self._columns), self._tables

    def _void(self, reason: str) -> None:
        super()._void(reason)
        self._sample = []
        self._names, self._columns, self._tables = self._kept

    def _finish(self) -> None:
        self._settle()


def _cell(value: Any) -> str:
    """One line of printable text; null is empty."""
    if value is None:
        return ""
    text = _text(value)
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)


def width(text: str) -> int:
    """Columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
