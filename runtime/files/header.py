"""The first rows of a CSV file → the names of its columns, and how many rows stand above the data.

Lines above the header have fewer filled cells than the table below. A header of two rows is joined. Where the first row
reads as the values below it do, there is no header. All three are told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from runtime.errors import DatabaseError, UsageError
from runtime.files.columns import Column
from runtime.files.words import NULL_WORDS

SAMPLE_ROWS: Final = 200
_ABOVE: Final = 50  # rows among which the header is looked for
_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_RANGE: Final = re.compile(r"([1-9][0-9]{0,3})(?:-([1-9][0-9]{0,3}))?")
NONE: Final = "none"


class Head(NamedTuple):
    """rows: how many stand above the data. unnamed: columns that the file gives no name. notes: what is told."""

    rows: int
    names: list[str]
    unnamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def declared_delimiter(text: str) -> str:
    """What `sep=;` in the first line of a file says; empty where there is no such line."""
    match = _SEPARATOR.match(text)
    return match[1] if match is not None else ""


def check_header(header: str) -> None:
    """UsageError D0506 for what is none of `3`, `2-3`, `none` and the empty text."""
    match = _RANGE.fullmatch(header)
    if header not in ("", NONE) and (match is None or (match[2] is not None and int(match[2]) < int(match[1]))):
        raise UsageError("D0506", f"`{header}` does not say where the header is", "--header 3, --header 2-3 or none")


def find_head(rows: Sequence[list[str]], title: str, header: str = "") -> Head:
    """Find the header among the first rows.

    Args:
        rows: The first rows, empty ones too.
        title: What messages call the file.
        header: What a person said: the number of the row, from 1, two of them (`2-3`), or `none`; empty to look for it.

    Raises:
        DatabaseError: D0504, there is no row that names columns.
    """
    match = _RANGE.fullmatch(header)
    if match is not None:
        first, last = int(match[1]) - 1, int(match[2] or match[1]) - 1
        if last >= len(rows):
            raise DatabaseError("D0504", f"{title} has no row {last + 1} among its first {SAMPLE_ROWS}")
        return _named(_joined(rows[first : last + 1]), last + 1, title)
    start = _after_separator(rows)
    top = _top(rows, start)
    body = [row for row in rows[top + 1 :] if _filled(row)]
    notes = _told_above(rows, start, top)
    if top >= len(rows):
        raise DatabaseError("D0504", f"{title} has no first line that names its columns")
    if header == NONE or (not header and _is_data(rows[top], body)):
        told = f"the first row holds values, no names of columns (--header {top + 1} takes it for them)"
        note = () if header else (told,)
        width = len(rows[top])
        return Head(top, [f"column_{number}" for number in range(1, width + 1)], notes=(*notes, *note))
    if body and _is_second(rows[top], body):
        second = next(index for index in range(top + 1, len(rows)) if _filled(rows[index]))
        found = _named(_joined([rows[top], rows[second]]), second + 1, title)
        return found._replace(
            notes=(*notes, f"two rows of names are joined (--header {top + 1} takes the first alone)")
        )
    return _named(rows[top], top + 1, title)._replace(notes=notes)


def head_width(rows: Sequence[list[str]], header: str = "") -> int:
    """How many cells the row of the header has, which `find_head` finds; 0 for none."""
    match = _RANGE.fullmatch(header)
    top = int(match[2] or match[1]) - 1 if match is not None else _top(rows, _after_separator(rows))
    return len(rows[top]) if top < len(rows) else 0


def _after_separator(rows: Sequence[list[str]]) -> int:
    """1 where the first row is `sep=;`, split at what it names."""
    return int(bool(rows) and len(rows[0]) == 2 and rows[0][0].lower() == "sep=" and not rows[0][1])


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _told_above(rows: Sequence[list[str]], start: int, top: int) -> tuple[str, ...]:
    above = [index for index in range(start, top) if _filled(rows[index])]
    if not above:
        return ()
    count = f"{len(above)} line{'' if len(above) == 1 else 's'}"
    return (f"left out: {count} above the header (--header {above[0] + 1} takes the first for it)",)


def _top(rows: Sequence[list[str]], start: int) -> int:
    """The row of the header: the first one that is as wide as the table and names it."""
    start = _after_comments(rows, start)
    width = _table_width(rows[start:])
    for index in range(start, min(len(rows), start + _ABOVE)):
        row = rows[index]
        if not _filled(row):
            continue
        if not _is_above(row, width, rows[index + 1 :]):
            return index
    return next((index for index in range(start, len(rows)) if _filled(rows[index])), len(rows))


def _after_comments(rows: Sequence[list[str]], start: int) -> int:
    """The first row after those above the table that begin with `#`. One as wide as the table names its columns, unless
    there is a blank behind its sign and the row below names them."""
    width = _table_width([row for row in rows[start:] if not _is_comment(row)])
    filled = [index for index in range(start, min(len(rows), start + _ABOVE)) if _filled(rows[index])]
    for index, below in pairwise(filled):
        remark = rows[index][0].lstrip().startswith("# ") and (_is_comment(rows[below]) or _names(rows, below))
        named = len(rows[index]) == width and not remark
        if not width or not _is_comment(rows[index]) or named:
            return index
        start = below
    return start


def _is_comment(row: Sequence[str]) -> bool:
    return bool(row) and row[0].lstrip().startswith("#")


def _names(rows: Sequence[list[str]], index: int) -> bool:
    """Whether a row surely names the columns of those below it, as some hold no texts and none of them reads it."""
    row, body = rows[index], [each for each in rows[index + 1 :] if len(each) == len(rows[index])]
    typed = _typed(body, len(row))
    return bool(typed) and not any(_reads(row[column], body, column) for column in typed)


def named_later(rows: Sequence[list[str]], width: int) -> int:
    """The row, from 1, that names the columns where another one of this many cells was taken for it; 0 for none."""
    common = _table_width(rows)
    index = next((index for index, row in enumerate(rows) if len(row) == common), 0)
    return index + 1 if index and common not in (1, width) and _names(rows, index) else 0


def _table_width(rows: Sequence[Sequence[str]]) -> int:
    """How many cells most of the rows have; the wider where it is a tie."""
    counted = Counter(len(row) for row in rows if _filled(row))
    return max(counted, key=lambda width: (counted[width], width), default=0)


def _is_above(row: Sequence[str], width: int, below: Sequence[list[str]]) -> bool:
    """Whether the row stands above a table: it has fewer cells than that, or one title and blanks behind."""
    filled = _filled(row)
    if width < 2 or filled >= width or (len(row) >= width and filled > 1) or (len(row) == width < 3):
        return False
    following = [each for each in below if _filled(each)]
    header = next((each for each in following if len(each) == width and _filled(each) > filled), None)
    if header is None or len(following) < 2:
        return False
    blank_between = bool(below) and not _filled(below[0])
    named = not any(map(_is_number, header)) and not any(cell.startswith(" ") for cell in header)
    return named and (width > 2 or blank_between)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _typed(body: Sequence[list[str]], width: int) -> list[int]:
    """The columns whose values are no texts, by position."""
    rows = [row for row in body if len(row) == width]
    return [index for index in range(width) if _are_no_texts([row[index] for row in rows])]


def _are_no_texts(values: Sequence[str]) -> bool:
    column = Column()
    column.add(values, range(len(values)))
    return column.seen and (column.plain is not None or bool(column.forms))


def _is_data(row: Sequence[str], body: Sequence[list[str]]) -> bool:
    """Whether the first row reads as the values of its columns do, and years of a table's head are not what it has."""
    if not body:
        return all(_is_number(cell) for cell in row)
    cells = [cell.strip() for cell in row]
    if len(set(cells)) == len(cells) and _counts(cells):
        return False
    typed = _typed(body, len(row))
    given = [index for index in typed if cells[index] and cells[index] not in NULL_WORDS]
    return bool(given) and all(_reads(row[index], body, index) for index in given)


def _reads(cell: str, body: Sequence[list[str]], index: int) -> bool:
    """Whether a column that holds no texts is still none with this cell on top."""
    return _are_no_texts([cell, *(row[index] for row in body if len(row) > index)])


def _counts(cells: Sequence[str]) -> bool:
    """Whether the numbers among them are years in a row, or count from 0 or 1 beside cells that are none, as the head
    of a table that is wider than long has them."""
    numbers = [cell for cell in cells if _is_number(cell)]
    if len(numbers) < 2 or not all(re.fullmatch("0|[1-9][0-9]{0,3}", cell) for cell in numbers):
        return False
    values = list(map(int, numbers))
    steps = {later - earlier for earlier, later in pairwise(values)}
    if len(steps) > 1:
        return False
    if all(1900 <= value < 2100 for value in values):
        return True
    return values[0] in (0, 1) and steps == {1} and (len(values) > 2 or not cells[0]) and len(values) < len(cells)


def _is_second(first: Sequence[str], body: Sequence[list[str]]) -> bool:
    """Whether the row below the first one belongs to the header: values begin under it, and it names them. A cell of
    it may be blank below a name, as of a cell that is merged with the one above."""
    second, values = body[0], body[1:]
    if len(second) != len(first) or not values or any(map(_is_number, second)):
        return False
    if any(not below.strip() and not above.strip() for above, below in zip(first, second, strict=True)):
        return False
    typed = _typed(values, len(first))
    named = [index for index in typed if not _reads(second[index], values, index)]
    if not typed or len(named) < len(typed):
        return False
    merged = _filled(first) < len(first)
    names = [cell for cell in second if cell.strip()]
    return merged and (len(set(names)) < len(names) or len(typed) > 1)


def _joined(rows: Sequence[list[str]]) -> list[str]:
    """The names of several rows as one; a blank cell above repeats what stands left of it, as merged cells do."""
    width = max(map(len, rows))
    *above, last = [[*row, *[""] * (width - len(row))] for row in rows]
    names = last
    for row in reversed(above):
        filled, current = [], ""
        for cell in row:
            current = cell.strip() or current
            filled.append(current)
        names = [f"{group} {name}".strip() for group, name in zip(filled, names, strict=True)]
    return names


def _named(header: Sequence[str], rows: int, title: str) -> Head:
    """The names of a row. Empty and repeated names get a number, so that all differ."""
    if not any(name.strip() for name in header):
        raise DatabaseError("D0504", f"{title} has no first line that names its columns")
    names: list[str] = []
    unnamed: set[str] = set()
    taken: set[str] = set()
    for index, name in enumerate(header, 1):
        base = candidate = name.strip() or f"column_{index}"
        number = 2
        while candidate.lower() in taken:
            candidate, number = f"{base}_{number}", number + 1
        names.append(candidate)
        taken.add(candidate.lower())
        if not name.strip():
            unnamed.add(candidate)
    return Head(rows, names, frozenset(unnamed))
