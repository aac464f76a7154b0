"""A CSV or NDJSON file of a folder → how it is to be read, or why it can't be; found over the whole file.

A folder of files and an import agree on fields, types and refused lines, because both use runtime/files/load.py. A
profile is cached by the file's path, size and time of change, in memory and in the user's cache folder: a file of some
tens of megabytes takes seconds.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from runtime.errors import SopError
from runtime.files.decide import OPEN, Reading, Rules
from runtime.files.load import any_good, bad_rows, row_reader
from runtime.files.look import look_at
from runtime.files.read import header_hint, longest_field, open_table
from runtime.files.table import BadLine, Table
from runtime.query.schema import Broken, Field

FORMAT: Final = 4  # raised when what is found in a file changes, so that what was remembered is not used any more
NULLS: Final = frozenset({""})  # texts of a CSV file that stand for null
_SETTLED_SECONDS: Final = 2  # a file that changed so lately may change again within one tick of its clock
_LINE_BYTES: Final = 2_000_000  # no record of most files is longer, and DuckDB's reader asks for no more
# by whether some lines are good
_WAYS: Final = {
    True: "correct the line; `sopvm db import --skip-bad` loads the others",
    False: "correct the file",
}


class FileProfile(msgspec.Struct, frozen=True):
    """readings: how each column is read. delimiter: of a CSV file. longest: no record of it has more bytes.
    usual: DuckDB's reader splits it into the same rows as ours and reads the same values; else it has to be loaded.
    broken: why it can't be read; then the others mean nothing."""

    readings: tuple[Reading, ...] = ()
    delimiter: str = ""
    longest: int = 0
    usual: bool = True
    broken: Broken | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(reading.field for reading in self.readings)


class _Kept(msgspec.Struct, frozen=True):
    """What the cache folder holds of a file."""

    format: int
    size: int
    changed: int
    profile: FileProfile


_known: dict[Path, _Kept] = {}


def profile(path: Path) -> FileProfile:
    """path: absolute."""
    try:
        stat = path.stat()
    except OSError:
        return _made(path)
    known = _known.get(path) or _read(path)
    if known is None or (known.format, known.size, known.changed) != (FORMAT, stat.st_size, stat.st_mtime_ns):
        known = _Kept(FORMAT, stat.st_size, stat.st_mtime_ns, _made(path))
        if time.time() - stat.st_mtime < _SETTLED_SECONDS:
            return known.profile
        _keep(path, known)
    _known[path] = known
    return known.profile


def _made(path: Path) -> FileProfile:
    try:
        return _profile(open_table(path))
    except SopError as error:
        if error.code != OPEN:
            return FileProfile(broken=Broken(error.code, error.message, error.hint))
        hint = f"sopvm db import with {error.hint}"
        return FileProfile(broken=Broken(error.code, f"{path.name}: {error.message}", hint))


def _profile(table: Table) -> FileProfile:
    readings, table, _ = look_at(table, Rules(), lambda pass_, done: None)
    read = row_reader(table, table.path.stem, readings, NULLS)
    longest = done = blank = 0
    refused: list[BadLine] = []
    for batch in table.batches():
        refused = batch.bad if table.format == "csv" else batch.bad + read(batch)[2]  # texts fit: all were looked at
        if refused:
            break
        blank += batch.blank
        if batch.bytes_done - done > _LINE_BYTES:
            longest = max(longest, batch.bytes_done - done)
        done = batch.bytes_done
    if refused:
        some_good = any_good(table, read)
        header = header_hint(table)
        hint = f"sopvm db import with {header}" if header else _WAYS[some_good]
        raise bad_rows(table, sorted(refused), some_good, hint)
    usual = not any(reading.form or reading.nulls for reading in readings)
    if table.format == "csv" and usual:
        usual = table.above == 1 and not blank and len(readings) == len(table.names) and _splits_as_usual(table)
    return FileProfile(readings, table.delimiter, longest, usual)


# ── where readers of CSV differ ────────────────────────────────────────────────────────────────────────────────


def _splits_as_usual(table: Table) -> bool:
    """Whether all of a CSV file is as RFC 4180 has it: lines end in one way, and a quote is the first character of a
    field or within one that is quoted. Where each line is a value, a blank one is none for us and a null for DuckDB."""
    if not _is_doubtful(table):
        return True
    delimiter = re.escape(table.delimiter)
    value = rf'(?:"[^"]*(?:""[^"]*)*"|[^"{delimiter}\r\n]*)'
    record = re.compile(rf"{value}(?:{delimiter}{value})*(\r\n|\n|\r)?")
    ends: set[str] = set()
    with longest_field(), table.path.open(encoding="utf-8-sig", newline="") as text:
        taken: list[str] = []

        def lines() -> Iterator[str]:
            for line in text:
                taken.append(line)
                yield line

        for row in csv.reader(lines(), delimiter=table.delimiter, strict=True):
            match = record.fullmatch("".join(taken))
            taken.clear()
            if match is None or (not row and len(table.names) == 1):
                return False
            if match[1]:
                ends.add(match[1])
    return len(ends) <= 1


def _is_doubtful(table: Table) -> bool:
    """Whether CSV readers may split the file in different ways, so that every line must be checked."""
    if len(table.names) == 1:
        return True
    returns = feeds = pairs = 0
    last = b""
    with table.path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            if b'"' in chunk:
                return True
            returns += chunk.count(b"\r")
            feeds += chunk.count(b"\n")
            pairs += (last + chunk).count(b"\r\n")
            last = chunk[-1:]
    return bool(returns) and (bool(feeds) and not returns == feeds == pairs)


# ── what is remembered ─────────────────────────────────────────────────────────────────────────────────────────


def _place(path: Path) -> Path | None:
    """Where a file is remembered; None where there is no cache folder."""
    folder = cache_folder()
    return None if folder is None else folder / "files" / sha256(os.fsencode(path)).hexdigest()[:32]


def cache_folder() -> Path | None:
    """Of the user; None for one without a home, as in some containers."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # unset; XDG says that a relative one is not to be used
        try:
            base = Path.home() / ".cache"
        except RuntimeError:
            return None
    return base / "sopc"


def _read(path: Path) -> _Kept | None:
    place = _place(path)
    try:
        return None if place is None else _DECODE(place.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def _keep(path: Path, kept: _Kept) -> None:
    place = _place(path)
    if place is None:
        return
    with suppress(OSError):  # a cache that can't be written (a read-only home) is only slower
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
            file.write(_ENCODE(kept))
        Path(file.name).replace(place)


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(_Kept).decode
