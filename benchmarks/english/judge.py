"""What a run did and what a right run does → whether they are equal, and how they differ."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, permutations, product
from pathlib import Path
from typing import Any

from benchmarks.english.cases import Expected

Row = tuple[Any, ...]
_MAX_TRIES = 5_000
_MAX_COLUMNS = 7  # with more columns than this, their order counts


@dataclass(frozen=True)
class Did:
    """What a run did. `rows`: the values of its records. `database`: the file it left."""

    rows: tuple[Row, ...]
    says: tuple[str, ...]
    result: Any
    database: Path


def difference(expected: Expected, did: Did, fresh: Path, scratch: Path) -> str | None:
    """How a run differs from a right one, in a few words; None if it is right.

    Args:
        fresh: the database before the run.
        scratch: a file that may be overwritten.
    """
    wanted = [rows_of(fresh, query) for query in expected.queries] or [[]]
    if not any(same_rows(did.rows, rows, ordered=expected.ordered) for rows in wanted):
        return f"{len(did.rows)} records {_shown(did.rows)}, not {len(wanted[0])} {_shown(wanted[0])}"
    said = list(did.says) == list(expected.says) if expected.ordered else Counter(did.says) == Counter(expected.says)
    if not said:
        return f"says {_shown(did.says)}, not {_shown(expected.says)}"
    if expected.result is not None and plain(did.result) != plain(expected.result):
        return f"returns {did.result!r}, not {expected.result!r}"
    scratch.write_bytes(fresh.read_bytes())
    with sqlite3.connect(scratch) as connection:
        connection.executescript(expected.effect)
    connection.close()
    return data_difference(did.database, scratch, fresh)


def same_rows(got: Sequence[Row], wanted: Sequence[Row], *, ordered: bool) -> bool:
    """Whether two tables hold the same rows, in order if that counts. The order of columns does not count: records have
    names, and SQL does not know them."""
    if len(got) != len(wanted):
        return False
    if not got:
        return True
    width = len(wanted[0])
    if any(len(row) != width for row in got):
        return False
    plain_got = [tuple(map(plain, row)) for row in got]
    plain_wanted = [tuple(map(plain, row)) for row in wanted]
    for order in _orders(plain_got, plain_wanted, width):
        moved = [tuple(row[at] for at in order) for row in plain_got]
        if moved == plain_wanted if ordered else Counter(moved) == Counter(plain_wanted):
            return True
    return False


def shows_rows(got: Sequence[Row], wanted: Sequence[Row]) -> bool:
    """Whether some columns of a table are the wanted rows: the lenient measure, by which more columns and another order
    of rows are right."""
    if len(got) != len(wanted):
        return False
    if not got:
        return True
    plain_got = [tuple(map(plain, row)) for row in got]
    plain_wanted = [tuple(map(plain, row)) for row in wanted]
    theirs = Counter(plain_wanted)
    columns = [Counter(row[at] for row in plain_got) for at in range(len(plain_got[0]))]
    places = [
        [at for at, column in enumerate(columns) if column == Counter(row[to] for row in plain_wanted)]
        for to in range(len(plain_wanted[0]))
    ]
    tries = islice(product(*places), _MAX_TRIES)
    return any(Counter(tuple(row[at] for at in order) for row in plain_got) == theirs for order in tries)


def _orders(got: Sequence[Row], wanted: Sequence[Row], width: int) -> list[tuple[int, ...]]:
    """The orders of the columns in which each holds the wanted values."""
    if width > _MAX_COLUMNS:
        return [tuple(range(width))]
    ours = [Counter(row[at] for row in got) for at in range(width)]
    theirs = [Counter(row[at] for row in wanted) for at in range(width)]
    return [order for order in permutations(range(width)) if all(ours[at] == theirs[to] for to, at in enumerate(order))]


def plain(value: Any) -> Any:
    """A value as both JSON and SQLite can write it: numbers to 4 places, true as 1, moments without their zone."""
    if isinstance(value, bool | int | float):
        return round(float(value), 4)
    if isinstance(value, str) and len(value) > 18 and value[10] in "T ":
        return value.replace(" ", "T").removesuffix("Z")
    return value


def rows_of(database: Path, query: str) -> list[Row]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def data_difference(got: Path, wanted: Path, fresh: Path) -> str | None:
    """The first table whose rows differ. Keys that the database gave to new rows do not count."""
    for table, key in _tables(fresh):
        before = {row[key] for row in _rows(fresh, table)} if key is not None else set()
        left, right = (
            Counter(_without_new_key(row, key, before) for row in _rows(path, table)) for path in (got, wanted)
        )
        if left != right:
            extra, missing = left - right, right - left
            return f"{table} has {_shown(tuple(extra))} and lacks {_shown(tuple(missing))}"
    return None


def _tables(path: Path) -> list[tuple[str, int | None]]:
    """Each table, and the place of its integer key if it has one."""
    found: list[tuple[str, int | None]] = []
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    for (table,) in rows_of(path, names):
        columns = rows_of(path, f"PRAGMA table_info({_quoted(table)})")
        keys = [at for at, column in enumerate(columns) if column[5] and column[2].upper() == "INTEGER"]
        found.append((table, keys[0] if len(keys) == 1 else None))
    return found


def _rows(path: Path, table: str) -> list[Row]:
    return [tuple(map(plain, row)) for row in rows_of(path, f"SELECT * FROM {_quoted(table)}")]


def _without_new_key(row: Row, key: int | None, before: set[Any]) -> Row:
    if key is None or row[key] in before:
        return row
    return (*row[:key], "new", *row[key + 1 :])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(rows: Sequence[Any]) -> str:
    listed = ", ".join(str(row) for row in rows[:3])
    return f"[{listed}{', …' if len(rows) > 3 else ''}]"
