"""Records → CSV, tab-separated values or Markdown: a line of names, then a line a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final, TextIO

import msgspec

from runtime.errors import SopError
from runtime.output.sink import Sink
from runtime.output.writer import WELL, RecordsOnly
from runtime.values.conversion import to_text
from runtime.values.type_rules import NUMBERS
from runtime.values.types import Type

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARKUP: Final = re.compile(r"[\\|*`<\[~]|(?<!\w)_|_(?!\w)")
_BREAK: Final = re.compile(r"\r\n|[\r\n]")


def text_of(value: Any) -> str:
    """A value's text; of a decimal that is already written, that."""
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else to_text(value)


class Rows(RecordsOnly):
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

    def _finish(self) -> None:
        """A run that went well and emitted nothing still has its line of names, where they are known."""
        if self.end_status in WELL and not self.records and self.columns:
            self._head(tuple(name for name, _ in self.columns))

    def _head(self, names: tuple[str, ...]) -> None:
        """Write the line of names of a table without rows."""
        self._put(names, [])


class Named(Rows):
    """Knows the names of the records so far, as they stand when a segment is undone; None before the first."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        super().__init__(sink, buffer_until_commit, notes)
        self._names: tuple[str, ...] | None = None
        self._kept_names: tuple[str, ...] | None = None

    def release(self) -> None:
        super().release()
        self._kept_names = self._names

    def _void(self, reason: str) -> None:
        super()._void(reason)
        self._names = self._kept_names


class Csv(Named):
    """A line of names, then a line a record. Null is an empty field, an empty text is "".

    Args:
        sink: Where lines go.
        buffer_until_commit: Whether lines wait for their segment's end.
        notes: Where what a script says goes; None for stderr.

    Source:
        RFC 4180, but lines end in a line feed.
    """

    delimiter: ClassVar = ","
    _quoted: ClassVar = re.compile(r'[",\r\n]|^\s|\s$|^$')

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        field, delimiter = self.field, self.delimiter
        lines = [delimiter.join([field(value) for value in row]) for row in rows]
        if self._names is None:
            self._names = names
            lines.insert(0, delimiter.join([field(name) for name in names]))
        elif names != self._names:
            raise several_kinds(names)
        self.sink.write("".join([line + "\n" for line in lines]).encode())

    @classmethod
    def field(cls, value: Any) -> str:
        """Return a value as a field, in quotes where needed."""
        if value is None:
            return ""
        if type(value) is int:
            return str(value)
        text = text_of(value)
        return '"' + text.replace('"', '""') + '"' if cls._quoted.search(text) else text


class Tsv(Csv):
    """As CSV, with tabs between fields."""

    delimiter = "\t"
    _quoted = re.compile(r'["\t\r\n]|^\s|\s$|^$')


class SafeCsv(Csv):
    """CSV for spreadsheets: a text that a spreadsheet would run as a formula gets a `'` in front."""

    @classmethod
    def field(cls, value: Any) -> str:
        if type(value) is str and value.startswith(_FORMULA):
            value = "'" + value
        return super().field(value)


def several_kinds(names: Sequence[str]) -> SopError:
    """V0501, of a format with one line of names."""
    return SopError(
        "V0501",
        f"this format holds records of one kind, and one with the fields {', '.join(names)} follows others",
        "-f jsonl and -f records take any",
    )


class Markdown(Named):
    """A table of GitHub's Markdown for each kind of record; columns of numbers are aligned right."""

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        lines = [] if self._names is None or self._names == names else [""]
        if names != self._names:
            types = dict(self.columns or ())
            marks = ["---:" if _is_number(types.get(name)) else "---" for name in names]
            lines += [_md_row([_md_cell(name) for name in names]), _md_row(marks)]
            self._names = names
        lines += [_md_row([_md_cell(value) for value in row]) for row in rows]
        self.sink.write("".join([line + "\n" for line in lines]).encode())


def _is_number(type_: Type | None) -> bool:
    return type_ is not None and type_.name in NUMBERS


def _md_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _md_cell(value: Any) -> str:
    """The value, with what Markdown would read as markup escaped."""
    if value is None:
        return ""
    text = text_of(value)
    if type(value) is str:
        text = _MARKUP.sub(lambda match: "\\" + match[0], text)
    return _BREAK.sub("<br>", text)
