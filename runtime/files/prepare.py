"""A file as a person names it → the plain files to load, each a store: unpacked, in UTF-8, one object or row a line.

`_KINDS` is the table of the kinds of files. What is plain already is not copied.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from runtime.errors import UsageError
from runtime.files.decide import Ask
from runtime.files.documents import is_document, records_of
from runtime.files.encodings import in_utf8
from runtime.files.read import FORMATS
from runtime.files.sheets import ENDINGS, sheets_of
from runtime.files.unpack import Bound, inner_name, unpacked

_KINDS: Final = {**FORMATS, ".json": "json", **dict.fromkeys(ENDINGS, "sheets")}
_DATABASES: Final = ((0, b"SQLite format 3\0", "sqlite"), (8, b"DUCK", "duckdb"))
_STARTS: Final = (  # of what comes from stdin, which has no name
    (re.compile(rb"PAR1"), ".parquet"),
    (re.compile(rb"PK\x03\x04.{26}mimetype", re.DOTALL), ".ods"),
    (re.compile(rb"PK\x03\x04"), ".xlsx"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), ".xls"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{"), ".json"),
)
STDIN: Final = "-"
_URL: Final = re.compile(r"(?:https?|ftp|s3)://", re.IGNORECASE)
_MEMBER: Final = re.compile(r"(.+\.zip):(.+)", re.IGNORECASE)


class Options(msgspec.Struct, frozen=True):
    """What a person says of a file.

    Attributes:
        encoding: Of a text file; None for UTF-8 or UTF-16.
        place: Where a JSON document has its records; None for its only array.
        keep_nested: Keep objects and lists inside the records of a document.
        sheet: Of a spreadsheet: the sheet to load; None for the only one with data.
        all_sheets: Load all its sheets with data.
        nulls: Texts that stand for null, such as that of an error in a cell.
        skip_bad: Lines that are not UTF-8 are left out later, and no error.
        bound: How large what is packed may be.
        ask: Asks a person what the file leaves open; None where nobody can be asked.
    """

    encoding: str | None = None
    place: str | None = None
    keep_nested: bool = False
    sheet: str | None = None
    all_sheets: bool = False
    nulls: Sequence[str] = ()
    skip_bad: bool = False
    bound: Bound = Bound()
    ask: Ask | None = None


class Part(msgspec.Struct, frozen=True):
    """A plain file: CSV, NDJSON or Parquet by its name.

    Attributes:
        path: The file.
        title: What messages call it.
        store: What its store is called.
        notes: What was decided about it.
        unit: What a record of it is called, where that is not a line.
    """

    path: Path
    title: str
    store: str
    notes: tuple[str, ...] = ()
    unit: str = "line"


@contextmanager
def prepared(
    file: str, store: str | None = None, options: Options | None = None, title: str | None = None
) -> Iterator[list[Part]]:
    """Make the plain files of a file; they are there while the block runs.

    Args:
        file: Its path; `a.zip:b.csv` is a file in an archive, `-` stdin.
        store: What its store is called; None for the name of the file.
        options: What a person says of it.
        title: What messages call a file whose path says nothing; what it is, its content says.

    Returns:
        A context manager that gives the files: the first is the file's own, others are of lists in it.

    Raises:
        UsageError: D0501, it can't be read or is of no known kind; D0105, a package for it is missing; D0506, an
            option does not fit.
        DatabaseError: D0502, D0504, D0515, D0516 for what is in it.
    """
    options = options or Options()
    has_name = file != STDIN and title is None
    title = title or ("stdin" if file == STDIN else file)
    if _URL.match(file):
        name = quote(store or Path(inner_name(file.rstrip("/"))).stem or "NAME")
        hint = f"curl -fsSL {quote(file)} | sopvm db import - --store {name}"
        raise UsageError("D0501", f"{file} is an address, and files are read from this machine only", hint)
    with TemporaryDirectory(prefix="sopvm-") as folder:
        path, member = (_saved(Path(folder)), None) if file == STDIN else _place(file)
        _check_readable(path, title)
        if path.suffix.lower() in ENDINGS:  # most spreadsheets are ZIP archives
            plain = path
        else:
            plain = unpacked(path, title, Path(folder), member, options.bound, options.ask)
        if not has_name:
            plain = _named_by_content(plain)
        yield _parts(plain, title, store or plain.stem, Path(folder), options)


def _saved(folder: Path) -> Path:
    """Stdin as a file, because files are read twice."""
    path = folder / "stdin"
    with path.open("wb") as stream:
        copyfileobj(sys.stdin.buffer, stream)
    return path


def _place(file: str) -> tuple[Path, str | None]:
    match = None if Path(file).exists() else _MEMBER.fullmatch(file)
    return (Path(match[1]), match[2]) if match else (Path(file), None)


def _check_readable(path: Path, title: str) -> None:
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise UsageError("D0501", f"{title} can't be read: {(error.strerror or str(error)).lower()}") from error
    engine = engine_of(start)
    if engine is not None:
        hint = f"sopvm db add {quote(path.stem)} {quote(str(path))}"
        raise UsageError("D0501", f"{title} is a database of {engine}; it is not imported but used as it is", hint)


def engine_of(start: bytes) -> str | None:
    """The engine whose database a file is, by its first 16 bytes; None for another file."""
    return next((engine for offset, magic, engine in _DATABASES if start[offset:].startswith(magic)), None)


def _named_by_content(path: Path) -> Path:
    """What came from stdin, with the ending of what it is."""
    with path.open("rb") as stream:
        start = stream.read(1 << 16)
    ending = next((ending for pattern, ending in _STARTS if pattern.match(start)), ".csv")
    return path.rename(path.with_suffix(ending))


def _parts(path: Path, title: str, store: str, folder: Path, options: Options) -> list[Part]:
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(f"file{ending}" for ending in _KINDS)
        raise UsageError("D0501", f"{title} is none of the known kinds of file by its name", known)
    if options.place is not None and kind not in ("json", "ndjson"):
        raise UsageError("D0506", f"--path names a place in a JSON document, and {title} is none")
    if kind != "sheets" and (options.sheet is not None or options.all_sheets):
        raise UsageError("D0506", f"{title} is no spreadsheet, so it has no sheets")
    if kind in ("parquet", "sheets"):
        if options.encoding is not None:
            raise UsageError("D0506", f"{title} is no text, so it has no encoding")
        return [Part(path, title, store)] if kind == "parquet" else _sheets(path, title, store, folder, options)
    plain, encoding = in_utf8(path, title, folder, options.encoding, strict=not options.skip_bad, ask=options.ask)
    notes = () if encoding is None else (f"read as {encoding}",)
    asked = options.place is not None
    if kind in ("json", "ndjson") and is_document(plain, asked=asked, lines=kind == "ndjson"):
        found = records_of(
            *(plain, title, store, folder, options.place), keep_nested=options.keep_nested, ask=options.ask
        )
        return [
            Part(each.path, title if each.store == store else f"{title}, {each.store}", each.store, notes + each.notes)
            for each in found
        ]
    return [Part(plain, title, store, notes)]


def _sheets(path: Path, title: str, store: str, folder: Path, options: Options) -> list[Part]:
    found = sheets_of(
        path,
        title,
        folder,
        sheet=options.sheet,
        all_sheets=options.all_sheets,
        nulls=options.nulls,
        bound=options.bound,
        ask=options.ask,
    )
    return [
        Part(
            sheet.path,
            f"{title}, sheet {sheet.name}",
            f"{store}_{sheet.name}" if options.all_sheets else store,
            sheet.notes,
            "row",
        )
        for sheet in found
    ]
