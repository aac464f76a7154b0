"""Records → a format that is made once all of them are there: a spreadsheet (.xlsx), a Parquet file, a chart.

The rows wait in a temporary file, and nothing is written when the run fails.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Final, TextIO

import msgspec

from runtime.errors import SopError, UsageError
from runtime.output.charts import chart
from runtime.output.sink import Sink
from runtime.output.table import Table
from runtime.output.tabular import Csv, Named, several_kinds, text_of
from runtime.output.writer import WELL
from runtime.values.types import TEXT, Type

_XLSX_ROWS: Final = 1_048_575  # below the line of names
_XLSX_COLUMNS: Final = 16_384
_XLSX_TEXT: Final = 32_767  # characters of a cell
_EXACT: Final = 10**15  # a spreadsheet keeps 15 digits
_DIGITS: Final = 15
_FIRST_DAY: Final = date(1900, 3, 1)  # spreadsheets have a 29 February 1900, so earlier days are one off or not there
_CHART_ROWS: Final = 10_000


class _Whole(Named):
    """Keeps the rows until the end; they all have the same names."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        self._spool = TemporaryFile()  # noqa: SIM115 (closed by _finish, or with this writer)
        super().__init__(Sink(self._spool), buffer_until_commit, notes)
        self._target = sink

    def _put(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        if self._names is not None and names != self._names:
            raise several_kinds(names)
        self._names = names
        kept = [tuple([Decimal(text_of(v)) if type(v) is msgspec.Raw else v for v in row]) for row in rows]
        self._check(kept)
        self.sink.write(pickle.dumps(kept, pickle.HIGHEST_PROTOCOL))

    def _check(self, rows: Sequence[Sequence[Any]]) -> None:
        """Raise V0503 for what the format can't hold."""

    def _kept_rows(self) -> Iterator[tuple[Any, ...]]:
        self._spool.seek(0)
        with suppress(EOFError):
            while True:
                yield from pickle.load(self._spool)  # what this process wrote into a file without a name

    def _finish(self) -> None:
        if self._spool.closed:  # making the file failed, and the run ends as failed
            return
        super()._finish()
        spool, self.sink = self.sink, self._target
        with self._spool:
            if self.end_status in WELL and self._names is not None:
                spool.release()
                spool.flush()
                self._make(self._names, self._kept_rows())

    def _make(self, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
        raise NotImplementedError

    def _copy(self, path: Path) -> None:
        with path.open("rb") as stream:
            copyfileobj(stream, self.sink)

    def _note(self, text: str) -> None:
        self._said.append(text)
        self._tell()


# ── spreadsheets ───────────────────────────────────────────────────────────────────────────────────────────────


class Xlsx(_Whole):
    """One sheet. No text becomes a formula or a link. What a spreadsheet would change is kept as text, and told."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        try:
            import xlsxwriter
        except ImportError as error:
            raise UsageError("D0105", "this installation can't write .xlsx", "pip install 'sopc[excel]'") from error
        self._workbook = xlsxwriter.Workbook
        super().__init__(sink, buffer_until_commit, notes)
        self._as_text: dict[str, int] = {}

    def _check(self, rows: Sequence[Sequence[Any]]) -> None:
        if self.records > _XLSX_ROWS:
            raise _too_much(f"a sheet has {_XLSX_ROWS:,} rows below its names, and there are more records")
        if self._names is not None and len(self._names) > _XLSX_COLUMNS:
            raise _too_much(f"a sheet has {_XLSX_COLUMNS:,} columns, and a record has {len(self._names):,} fields")
        for row in rows:
            for name, value in zip(self._names or (), row, strict=True):
                if type(value) in (str, list, dict) and len(text_of(value)) > _XLSX_TEXT:
                    size = len(text_of(value))
                    raise _too_much(f"a cell holds {_XLSX_TEXT:,} characters, and `{name}` has a text of {size:,}")

    def _make(self, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, "made.xlsx")
            options = {
                **{"constant_memory": True, "tmpdir": folder, "remove_timezone": True},
                **{"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
            }
            workbook = self._workbook(str(path), options)
            sheet = workbook.add_worksheet()
            sheet.freeze_panes(1, 0)
            bold = workbook.add_format({"bold": True})
            day = workbook.add_format({"num_format": "yyyy-mm-dd"})
            moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
            for column, (name, width) in enumerate(_widths(names, dict(self.columns or ()))):
                sheet.set_column(column, column, width)
                _checked(sheet.write_string(0, column, name, bold))
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    if value is None:
                        continue
                    kind = type(value)
                    if kind is bool:
                        done = sheet.write_boolean(number, column, value)
                    elif kind in (int, float, Decimal) and _is_exact(value):
                        done = sheet.write_number(number, column, value)
                    elif kind is datetime and value.date() >= _FIRST_DAY and value.microsecond % 1000 == 0:
                        done = sheet.write_datetime(number, column, value, moment)
                    elif kind is date and value >= _FIRST_DAY:
                        done = sheet.write_datetime(number, column, value, day)
                    else:
                        if kind not in (str, list, dict):
                            self._as_text[names[column]] = self._as_text.get(names[column], 0) + 1
                        done = sheet.write_string(number, column, text_of(value))
                    _checked(done)
            workbook.close()
            self._copy(path)
        for name, count in self._as_text.items():
            values = "value" if count == 1 else "values"
            self._note(f"{name}: {count:,} {values} kept as text, since a spreadsheet would change them")


def _widths(names: Sequence[str], types: dict[str, Type]) -> Iterator[tuple[str, int]]:
    """A column's name and its width in characters: a date has to fit."""
    for name in names:
        least = {"date": 11, "timestamp": 24}.get(types[name].name if name in types else "", 9)
        yield name, min(max(least, len(name) + 2), 40)


def _is_exact(value: Any) -> bool:
    """Whether a spreadsheet, whose numbers are floats shown with 15 digits, keeps the number."""
    if type(value) is int:
        return -_EXACT < value < _EXACT
    if type(value) is Decimal:
        return len(value.normalize().as_tuple().digits) <= _DIGITS
    return True


def _checked(result: int) -> None:
    """xlsxwriter answers -1 past the sheet and -2 past the length of a cell, and goes on."""
    if result:
        raise _too_much(f"the sheet refused a cell ({result})")


def _too_much(what: str) -> SopError:
    return SopError("V0503", what, "-f csv has no such limit")


# ── Parquet ────────────────────────────────────────────────────────────────────────────────────────────────────


class Parquet(_Whole):
    """Columns have the types that the script says its records have; DuckDB makes the file."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        from runtime.databases import require_duckdb

        require_duckdb()
        super().__init__(sink, buffer_until_commit, notes)

    def _make(self, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
        from runtime.files import csv_to_parquet

        columns = self.columns
        if columns is None:
            columns = tuple((name, TEXT) for name in names)
            self._note("the script does not say what fields its records have, so every column is text")
        with TemporaryDirectory() as folder:
            source, made = Path(folder, "rows.csv"), Path(folder, "rows.parquet")
            with source.open("w", encoding="utf-8", newline="") as stream:
                for row in chain([names], rows):
                    stream.write(",".join([Csv.field(value) for value in row]) + "\n")
            csv_to_parquet(source, made, columns)
            self._copy(made)


# ── charts ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Chart(_Whole):
    """Bars or a line, and the table of the numbers below it."""

    def _check(self, rows: Sequence[Sequence[Any]]) -> None:
        if self.records > _CHART_ROWS:
            raise SopError(
                "V0503", f"a chart shows at most {_CHART_ROWS:,} records, and there are more", "-f table shows them"
            )

    def _make(self, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
        all_rows = list(rows)
        for line in chart(names, all_rows, self.sink.width()):
            self.sink.write((line + "\n").encode())
        self.sink.write(b"\n")
        table = Table(self.sink, False, None)
        table.columns = self.columns
        table.rows("", None, names, all_rows)
        table.end("ok", None, 0, 0)
