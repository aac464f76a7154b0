"""A spreadsheet → the sheets of it to load, each a CSV file; what a sheet does not say is an error.

The sheets are read by `sheet_reader.py` in a process with a memory limit, whose death is an error of the file.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from shlex import quote
from typing import Final, NamedTuple

import msgspec

from runtime.errors import DatabaseError, UsageError
from runtime.files.asking import answer
from runtime.files.decide import Ask
from runtime.files.sheet_reader import index_of
from runtime.files.unpack import Bound
from runtime.values.words import CURRENCY_CODES, CURRENCY_SIGNS

ENDINGS: Final = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
MEMORY: Final = 4 << 30  # bytes of addresses that the reader may take
CELLS: Final = 50_000_000  # of a sheet, as it says itself; the reader keeps all of them, empty or not
_SECONDS: Final = 900
_SHOWN: Final = 5
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of .xls, and of a workbook with a password
_READER: Final = Path(__file__).with_name("sheet_reader.py")
_DIMENSION: Final = re.compile(rb'<(?:\w+:)?dimension\s[^>]*ref="[A-Z]+[0-9]+:([A-Z]+)([0-9]+)"')


class Sheet(NamedTuple):
    """rows, columns: with something in them. notes: what is told of it."""

    name: str
    path: Path
    rows: int
    columns: int
    notes: tuple[str, ...]


class _Found(msgspec.Struct):
    """What the reader says of a sheet. cut: columns with numbers past 15 digits. bad: cells that look empty,
    and are not: the place and the text of an error, which is empty for a formula without a result."""

    name: str
    visible: bool
    rows: int
    columns: int
    cut: list[str]
    bad: list[tuple[str, str]]
    path: str


def sheets_of(
    path: Path,
    title: str,
    folder: Path,
    *,
    sheet: str | None,
    all_sheets: bool,
    nulls: Collection[str],
    bound: Bound,
    ask: Ask | None,
) -> list[Sheet]:
    """Write the chosen sheets of a spreadsheet as CSV.

    Args:
        path: The file.
        title: Its name in messages.
        folder: Where to write.
        sheet: The name of the one to load; None for the only one with data.
        all_sheets: Load all with data, but the hidden ones.
        nulls: Texts of errors, such as `#N/A`, that are taken for missing values.
        bound: How large the XML in it may be.
        ask: Asks a person which of several sheets is meant.

    Raises:
        UsageError: D0105, the reader is not installed.
        DatabaseError: D0517, the file is broken, has a password or is too large; D0518, cells have errors or no
            result; D0519, there are several sheets, or not the one named.
    """
    try:
        import python_calamine  # noqa: F401
    except ImportError as error:
        raise UsageError("D0105", "this installation can't read spreadsheets", "pip install 'sopc[excel]'") from error
    _check(path, title, bound)
    units = " ".join({*CURRENCY_CODES, *CURRENCY_SIGNS})
    words = [
        sys.executable,
        "-P",
        str(_READER),
        str(path),
        str(folder),
        str(MEMORY),
        units,
        *([sheet] if sheet else []),
    ]
    found = msgspec.json.decode(run_reader(words, title), type=list[_Found])
    chosen = _chosen(found, title, sheet, all_sheets, ask)
    hidden = [each.name for each in found if not each.visible]
    made: list[Sheet] = []
    for each in chosen:
        _refuse_bad(title, each, nulls)
        notes = [f"column {letters} has numbers past 15 digits, which spreadsheets cut" for letters in each.cut]
        if hidden and not made:
            notes.append(f"hidden: {', '.join(hidden)}")
        made.append(Sheet(each.name, Path(each.path), each.rows, each.columns, tuple(notes)))
    return made


def run_reader(words: Sequence[str], title: str) -> bytes:
    """Run the reader; its stdout.

    Args:
        words: Its command.
        title: The file's name in messages.

    Raises:
        DatabaseError: D0517, it failed or died.
    """
    try:
        done = subprocess.run(words, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise DatabaseError("D0517", f"{title} takes more than {_SECONDS} seconds to read") from error
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    if done.returncode < 0 or "MemoryError" in said or "memory allocation" in said:
        message = f"{title} can't be read: the reader of spreadsheets needed more than {MEMORY >> 30} GB, or ended"
        raise DatabaseError("D0517", message, "save the sheet as CSV in a spreadsheet program")
    if "password" in said.lower() or "encrypt" in said.lower():
        raise _with_password(title)
    reason = said.partition(": ")[2] or said or "it is damaged"
    raise DatabaseError("D0517", f"{title} can't be read as a spreadsheet: {reason}")


def _with_password(title: str) -> DatabaseError:
    return DatabaseError("D0517", f"{title} has a password", "save it without one in a spreadsheet program")


def _check(path: Path, title: str, bound: Bound) -> None:
    """Refuse what would not be read well, before anything reads it."""
    with path.open("rb") as stream:
        start = stream.read(8)
    if path.suffix.lower() == ".xls":
        return
    if start == _OLE:
        raise _with_password(title)
    try:
        with zipfile.ZipFile(path) as archive:
            size, most = sum(each.file_size for each in archive.infolist()), bound.of(path.stat().st_size)
            if size > most:
                raise DatabaseError("D0517", f"{title} holds more than {most:,} bytes", "save the sheet as CSV")
            if "META-INF/manifest.xml" in archive.namelist() and b"encryption-data" in archive.read(
                "META-INF/manifest.xml"
            ):
                raise _with_password(title)
            for name in archive.namelist():
                if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
                    continue
                with archive.open(name) as stream_:
                    extent = _DIMENSION.search(stream_.read(4096))
                if extent is not None and (cells := (index_of(extent[1]) + 1) * int(extent[2])) > CELLS:
                    message = f"{title} has a sheet that says it has {cells:,} cells, and at most {CELLS:,} are read"
                    raise DatabaseError("D0517", message, "save the sheet as CSV in a spreadsheet program")
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise DatabaseError("D0517", f"{title} can't be read as a spreadsheet: {error}") from error


def _chosen(found: Sequence[_Found], title: str, sheet: str | None, all_sheets: bool, ask: Ask | None) -> list[_Found]:
    full = [each for each in found if each.rows]
    if sheet is not None:
        chosen = [each for each in full if each.name.lower() == sheet.lower()]
        if not chosen:
            names = ", ".join(each.name for each in found)
            raise DatabaseError("D0519", f"{title} has no sheet {sheet} with data", names or None)
        return chosen
    seen = [each for each in full if each.visible] or full
    if not seen:
        raise DatabaseError("D0519", f"{title} has no sheet with data")
    if len(seen) > 1 and not all_sheets:
        sized = [f"{each.name} ({each.rows:,} × {each.columns})" for each in seen]
        options = [(text, f"--sheet {quote(each.name)}") for text, each in zip(sized, seen, strict=True)]
        said = answer(ask, f"{title} has several sheets with data (rows × columns). Which one?", options)
        if said is not None:
            return [seen[said]]
        sizes = ", ".join(sized)
        hint = f"--sheet {quote(seen[0].name)}, or --all-sheets"
        raise DatabaseError("D0519", f"{title} has several sheets with data (rows × columns): {sizes}", hint)
    return seen


def _refuse_bad(title: str, sheet: _Found, nulls: Collection[str]) -> None:
    """D0518 for the cells of a sheet that look empty and are not."""
    bad = sheet.bad
    errors = [(place, text) for place, text in bad if text and text not in nulls]
    empty = [place for place, text in bad if not text]
    where = f"{title}, sheet {sheet.name}"
    if empty:
        listed = ", ".join(empty[:_SHOWN]) + (f" and {len(empty) - _SHOWN:,} more" if len(empty) > _SHOWN else "")
        message = f"{where} has formulas without a result: {listed}"
        raise DatabaseError("D0518", message, "open the file in a spreadsheet program, and save it")
    if errors:
        listed = ", ".join(f"{place} {text}" for place, text in errors[:_SHOWN])
        more = f" and {len(errors) - _SHOWN:,} more" if len(errors) > _SHOWN else ""
        options = " ".join(f"--null {quote(text)}" for text in dict.fromkeys(text for _, text in errors))
        message = f"{where} has cells with errors: {listed}{more}"
        raise DatabaseError("D0518", message, f"{options} takes them for missing")
