"""A CSV, NDJSON or Parquet file → batches of its rows with their line numbers, and the lines that are not rows."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from shlex import quote
from typing import Any, BinaryIO, Final

import msgspec

from runtime.errors import DatabaseError, UsageError
from runtime.files.encodings import is_clean
from runtime.files.header import SAMPLE_ROWS, Head, check_header, declared_delimiter, find_head, head_width, named_later
from runtime.files.table import BadLine, Batch, Table

BATCH: Final = 4096
_DELIMITERS: Final = ",;\t|"
_SAMPLE_BYTES: Final = 1 << 16
_LONGEST_FIELD: Final = 1 << 24
FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
}
_SPACE_BEFORE_COLON: Final = re.compile(rb'"\s+:')
_OTHER_ENCODINGS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_table(path: Path, title: str | None = None, header: str = "", unit: str = "line") -> Table:
    """Open a file by its name and first bytes.

    Args:
        path: The file.
        title: Its name in messages; its path when None.
        header: The row of a CSV file that names its columns, as for `find_head`.
        unit: What its records are called and counted by: each is a line, or a row of a sheet, which may have line
            breaks in it.

    Returns:
        A table whose batches can be read any number of times.

    Raises:
        UsageError: D0501 unreadable or of an unknown kind; D0105 Parquet without the duckdb package.
        DatabaseError: D0502 not UTF-8; D0504 the first line names no columns, or the file is a JSON array; D0107 or
            D0110 damaged Parquet.
    """
    title = title or str(path)
    format_ = FORMATS.get(path.suffix.lower())
    if format_ is None:
        hint = "file.csv, file.tsv, file.ndjson, file.parquet"
        raise UsageError("D0501", f"{title} is none of the known kinds of file by its name", hint)
    start = _start(path, title)
    if format_ == "parquet":
        from runtime.files.parquet import parquet_table  # imports DuckDB and what makes SQL

        return parquet_table(path, title)
    size = path.stat().st_size
    clean = is_clean(path)
    if format_ == "ndjson":
        if start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
            message = f"{title} is a JSON array, and NDJSON is one object a line"
            raise DatabaseError("D0504", message, _import_hint(path))
        return Table(path, title, format_, size, [], clean, lambda: _json_batches(path), unit=unit)
    delimiter, head = _csv_head(path, title, header)
    batches = partial(_csv_batches, path, delimiter, len(head.names), clean, head.rows, by_row=unit == "row")
    table = Table(path, title, format_, size, head.names, clean, batches, unit=unit, delimiter=delimiter)
    return table._replace(above=head.rows, unnamed=head.unnamed, notes=head.notes)


def _csv_head(path: Path, title: str, header: str) -> tuple[str, Head]:
    """The delimiter and the header, from the first lines. Raises as `open_table`."""
    check_header(header)
    text = _start(path, title).decode("utf-8-sig", "replace")
    delimiter = declared_delimiter(text) or ("\t" if path.suffix.lower() == ".tsv" else _delimiter(text, header))
    return delimiter, find_head(_rows_of(text, delimiter), title, header)


def _start(path: Path, title: str) -> bytes:
    try:
        with path.open("rb") as stream:
            start = stream.read(_SAMPLE_BYTES)
    except OSError as error:
        raise UsageError("D0501", f"{title} can't be read: {(error.strerror or str(error)).lower()}") from error
    if start.startswith(_OTHER_ENCODINGS):
        raise DatabaseError("D0502", f"{title} is UTF-16, not UTF-8", _import_hint(path))
    return start


def _import_hint(path: Path) -> str:
    return f"`sopvm db import {quote(str(path))}` converts it"


def _rows_of(text: str, delimiter: str) -> list[list[str]]:
    """The first rows of a sample, without the last where it may be cut off."""
    rows: list[list[str]] = []
    lines = text.splitlines(keepends=True)
    with suppress(csv.Error):
        for row in csv.reader(lines[:SAMPLE_ROWS], delimiter=delimiter):
            rows.append(row)
    whole = len(lines) <= SAMPLE_ROWS and len(text) < _SAMPLE_BYTES // 4
    return rows if whole or len(rows) < 2 else rows[:-1]


def _delimiter(text: str, header: str) -> str:
    """The delimiter that makes the most rows of the same, largest number of columns."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = _rows_of(text, delimiter)
        width = head_width(rows, header)
        return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0, 0)

    return max(_DELIMITERS, key=score)


def header_hint(table: Table) -> str:
    """The option that finds the names of the columns, where a row above them was taken for them; empty for none."""
    if table.format != "csv":
        return ""
    text = _start(table.path, table.title).decode("utf-8-sig", "replace")
    rows = (named_later(_rows_of(text, delimiter), len(table.names)) for delimiter in _DELIMITERS)
    row = next(filter(None, rows), 0)
    return f"--header {row} takes row {row} for the names of the columns" if row else ""


@contextmanager
def longest_field() -> Iterator[None]:
    """In the block, `csv` accepts fields longer than its default of 131,072 characters."""
    previous = csv.field_size_limit(_LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(previous)


class _ByRow:
    """A reader of CSV that counts rows, not lines."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.line_num = 0

    def __iter__(self) -> _ByRow:
        return self

    def __next__(self) -> list[str]:
        row: list[str] = next(self._reader)
        self.line_num += 1
        return row


def _csv_batches(path: Path, delimiter: str, width: int, clean: bool, above: int, *, by_row: bool) -> Iterator[Batch]:
    """Blank lines are left out, as are the rows above the data."""
    with longest_field(), path.open("rb") as raw:
        # what is not UTF-8 becomes half characters, by which its rows are found
        text = TextIOWrapper(raw, "utf-8-sig", "strict" if clean else "surrogateescape", newline="")
        reader: Any = csv.reader(text, delimiter=delimiter, strict=True)
        reader = _ByRow(reader) if by_row else reader
        for _ in range(above):
            with suppress(csv.Error):
                next(reader, None)
        while True:
            batch = _csv_batch(reader, raw, width, clean)
            if not (batch.rows or batch.bad or batch.blank):
                return
            yield batch


def _csv_batch(reader: Any, raw: BinaryIO, width: int, clean: bool) -> Batch:
    lines: list[int] = []
    rows: list[list[str]] = []
    bad: list[BadLine] = []
    blank = 0
    while len(rows) < BATCH and len(bad) < BATCH:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            bad.append(BadLine(line, _csv_reason(str(error))))
            continue
        if width > 1 and row and not any(row):
            blank += 1
        elif len(row) == width and (clean or not _dirt(row)):
            lines.append(line)
            rows.append(row)
        elif row:
            dirt = "" if clean else _dirt(row)
            bad.append(BadLine(line, dirt or f"{len(row)} values where there are {width} columns"))
    return Batch(lines, rows, bad, raw.tell(), blank)


def _csv_reason(message: str) -> str:
    if "unexpected end of data" in message:
        return "a quote is never closed"
    if "expected after" in message:
        return "there is text after a closing quote"
    return "a value is too long" if "field larger" in message else message


def _dirt(row: list[str]) -> str:
    joined = "".join(row)
    if "\0" in joined:
        return "it holds the character with number 0"
    return "" if joined.isascii() or not any("\udc80" <= each <= "\udcff" for each in joined) else "it is not UTF-8"


def _json_batches(path: Path) -> Iterator[Batch]:
    decode = msgspec.json.Decoder().decode
    with path.open("rb") as raw:
        lines: list[int] = []
        rows: list[Any] = []
        bad: list[BadLine] = []
        for number, line in enumerate(raw, 1):
            content = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if not content.strip():
                continue
            try:
                row = decode(content)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                bad.append(BadLine(number, "it is not UTF-8" if _not_utf8(content) else f"it is not JSON: {error}"))
                row = None
            else:
                if type(row) is dict:
                    plain = content.count(b'":') == len(row) and _SPACE_BEFORE_COLON.search(content) is None
                    repeated = None if plain else _repeated(content)
                    if repeated is not None:
                        bad.append(BadLine(number, f"`{repeated}` is given twice"))
                    else:
                        lines.append(number)
                        rows.append(row)
                else:
                    bad.append(BadLine(number, "it is not a JSON object; each line has to be one"))
            if len(rows) >= BATCH or len(bad) >= BATCH:
                yield Batch(lines, rows, bad, raw.tell() if not raw.closed else 0)
                lines, rows, bad = [], [], []
        if rows or bad:
            yield Batch(lines, rows, bad, path.stat().st_size)


def _repeated(content: bytes) -> str | None:
    """A key that an object in the text has twice, or None: the second value would silently replace the first."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.append(next(name for name in names if names.count(name) > 1))

    json.loads(content, object_pairs_hook=look)
    return found[0] if found else None


def _not_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False
