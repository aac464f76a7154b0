"""A database → the values of its text fields by their normal form, in a sorted table that is kept until data change.

The table is a file of SQLite's beside the library, readable by its owner only, and never part of an export.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from runtime.databases.protocol import Database
from runtime.query import algebra as q
from runtime.query.schema import Schema
from runtime.values.constants import Const
from runtime.values.types import BOOL, INT, TEXT

FOLDER: Final = "values"

_FORM: Final = 1  # of the file
_MAX_LETTERS: Final = 40  # on average: longer ones are prose, which nobody writes without quotes
_MAX_VALUES: Final = 500_000  # of a field
_MAX_ROWS: Final = 2_000_000
_MAX_FILES: Final = 20
_SAMPLE: Final = 50
_COMPARED: Final = 5_000  # values that are compared letter by letter
_QUIET_SECONDS: Final = 1.0
_GAPS: Final = re.compile(r"[\s_\-]+")

_TABLES: Final = """
create table about (form integer, place text, state text);
create table fields (id integer primary key, store text, field text, kept integer);
create table samples (field integer, value text);
create table held (normal text, field integer, value text, primary key (normal, field, value)) without rowid;
"""


class Held(NamedTuple):
    """A value as a field of a store holds it."""

    store: str
    field: str
    value: str


def normal(text: str) -> str:
    """Return what is compared of a text: neither case nor spacing counts, and `-` and `_` are spaces."""
    return _GAPS.sub(" ", text).strip().casefold()


class ValueTable:
    """The text values of one database, as they were when the table was made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._fields = {
            (store, field): (number, bool(kept))
            for number, store, field, kept in connection.execute("select id, store, field, kept from fields")
        }
        self._names = {number: name for name, (number, _) in self._fields.items()}

    def close(self) -> None:
        self._connection.close()

    def find(self, text: str) -> list[Held]:
        """The values with the normal form of the text."""
        form = normal(text)
        if not form:
            return []
        rows = self._connection.execute("select field, value from held where normal = ?", (form,))
        return [Held(*self._names[number], value) for number, value in rows]

    def is_kept(self, store: str, field: str) -> bool:
        """Whether the values of a field are in the table: it has not too many of them, and they are not too long."""
        return self._fields.get((store, field), (0, False))[1]

    def sample(self, store: str, field: str, count: int) -> tuple[str, ...]:
        """Up to `count` distinct values of a field, spread over the order of their text."""
        number, _ = self._fields.get((store, field), (0, False))
        found = [row[0] for row in self._connection.execute("select value from samples where field = ?", (number,))]
        return tuple(_spread(found, count))

    def nearest(self, store: str, field: str, text: str, count: int = 3) -> tuple[str, ...]:
        """The values of a field that are most like a text, best first."""
        number, _ = self._fields.get((store, field), (0, False))
        rows = self._connection.execute("select normal, value from held where field = ?", (number,))
        form = normal(text)
        letters = set(form)
        by_form: dict[str, str] = {}
        for other, value in rows:
            if abs(len(other) - len(form)) <= max(3, len(form)) and 2 * len(letters & set(other)) >= len(letters):
                by_form.setdefault(other, value)
        forms = sorted(by_form, key=lambda one: SequenceMatcher(None, form, one).quick_ratio(), reverse=True)
        return tuple(by_form[one] for one in get_close_matches(form, forms[:_COMPARED], count, 0.6))


def open_table(database: Database, folder: Path | None, note: Callable[[str], None]) -> ValueTable:
    """Return the values of a database: the table that is kept in the folder if it still holds, else a new one.

    Args:
        folder: Where tables are kept; None keeps none.
        note: Is told what is going on when reading the data takes long.

    Raises:
        DatabaseError: The data can't be read.
    """
    mark = database.change_mark()
    state = f"{mark.state} {_text_fields(database.schema())}"
    path = None if folder is None else folder / f"{hashlib.sha256(mark.place.encode()).hexdigest()[:24]}.sqlite"
    kept = None if path is None else _kept(path, mark.place, state)
    if kept is not None:
        return ValueTable(kept)
    if path is None or not mark.settled or not _makes(path.parent):
        return ValueTable(_filled(_connect(None), database, mark.place, state, note))
    made = path.with_name(f"{path.stem}.{os.getpid()}.new")
    made.unlink(missing_ok=True)
    try:
        made.touch(mode=0o600)
        _filled(_connect(made), database, mark.place, state, note).close()
        made.replace(path)
        _forget_old(path)
        return ValueTable(_connect(path))
    except (OSError, sqlite3.Error):  # a full disk, or a folder that can't be written
        return ValueTable(_filled(_connect(None), database, mark.place, state, note))
    finally:
        made.unlink(missing_ok=True)


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = off")
    connection.execute("pragma synchronous = off")
    return connection


def _kept(path: Path, place: str, state: str) -> sqlite3.Connection | None:
    """The connection to a table that still holds; a damaged file is as good as none."""
    if not path.exists():
        return None
    try:
        connection = _connect(path)
        try:
            if connection.execute("select form, place, state from about").fetchone() == (_FORM, place, state):
                return connection
        except sqlite3.Error:
            pass
        connection.close()
    except sqlite3.Error:
        pass
    return None


def _makes(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:  # no home yet, or one that can't be written
        return False
    return True


def _forget_old(path: Path) -> None:
    """Remove the tables that were made longest ago, so that there are not too many."""
    with contextlib.suppress(OSError):
        found = sorted(path.parent.glob("*.sqlite"), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in found[_MAX_FILES:]:
            old.unlink(missing_ok=True)


def _text_fields(schema: Schema) -> str:
    names = [(store.name, field.name) for store in schema.stores.values() for field in store.fields
             if field.type.name == "text"]  # fmt: skip
    return hashlib.sha256(repr(sorted(names)).encode()).hexdigest()[:16]


def _filled(
    connection: sqlite3.Connection, database: Database, place: str, state: str, note: Callable[[str], None]
) -> sqlite3.Connection:
    connection.executescript(_TABLES)
    connection.execute("begin")
    started, told, rows, number = time.monotonic(), False, 0, 0
    for store in database.schema().stores.values():
        for field in store.fields:
            if field.type.name != "text":
                continue
            if not told and time.monotonic() - started > _QUIET_SECONDS:
                told = True
                note(f"reading the text values of {place.rpartition('/')[2]}, which is done once until they change")
            number += 1
            values = _values(database, store.name, field.name)
            is_kept = len(values) <= _MAX_VALUES and rows + len(values) <= _MAX_ROWS and not _is_prose(values)
            connection.execute("insert into fields values (?, ?, ?, ?)", (number, store.name, field.name, is_kept))
            sample = ((number, value) for value in _spread(values, _SAMPLE))
            connection.executemany("insert into samples values (?, ?)", sample)
            if is_kept:
                rows += len(values)
                forms = sorted((form, number, value) for value in values if (form := normal(value)))
                connection.executemany("insert into held values (?, ?, ?)", forms)
    connection.execute("insert into about values (?, ?, ?)", (_FORM, place, state))
    connection.execute("commit")
    return connection


def _values(database: Database, store: str, field: str) -> list[str]:
    """The distinct values of a field, sorted; no more of them than are kept, and one."""
    name = database.name
    column = q.Column(0, field, TEXT.or_null())
    rows: q.Relation = q.Where(q.Scan(0, name, store), q.Op("is_not_null", (column,), BOOL))
    rows = q.Distinct(q.Select(1, rows, ((field, column),)))
    rows = q.Limit(rows, Const(_MAX_VALUES + 1, INT), None)
    statement = database.prepare(q.Query(name, rows, ((field, q.Column(1, field, column.type)),), ()))
    database.begin(write=False)
    try:
        return sorted({str(row[0]) for batch in database.query(statement, ()) for row in batch})
    finally:
        database.rollback()


def _is_prose(values: list[str]) -> bool:
    return sum(map(len, values)) > _MAX_LETTERS * len(values)


def _spread(values: Iterable[str], count: int) -> Iterator[str]:
    known = list(values)
    step = max(1, len(known) // max(1, count))
    yield from known[::step][:count]
