"""The expectations of an example and the results of its run → differences, as findings with a small diff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from typing import Any, Final

from sopc.english.examples.form import Cell, Table
from sopc.english.examples.words import find_name, fits, shown

_DIFF_LINES: Final = 24
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Difference:
    """A difference. message: continues "expected …". lines: a diff, with `-` before what was expected and `+` before
    what came instead."""

    message: str
    lines: tuple[str, ...] = ()


def compare_texts(what: str, expected: Sequence[Cell], got: Sequence[str]) -> Difference | None:
    """Compare messages or questions, in order."""
    if [cell.text for cell in expected] == list(got):
        return None
    wanted = [f'"{cell.text}"' for cell in expected]
    lines = _diff(wanted, [f'"{text}"' for text in got])
    return Difference(_counts(len(expected), len(got), what), lines)


def compare_table(
    table: Table, names: Sequence[str], rows: Rows, today: date, *, any_order: bool, some: bool, what: str = "row"
) -> Difference | None:
    """Compare rows with a table.

    Args:
        table: The expected rows.
        names: The field of each column of the table.
        rows: The actual rows, with these fields only.
        today: The date of the example.
        any_order: Whether the order of rows is ignored.
        some: Whether there may be other rows.
        what: The word for a row, for the message.
    """
    got = [[shown(value) for value in row] for row in rows]
    wanted: list[list[str]] = []
    places: list[int | None] = []
    free = list(range(len(rows)))
    for position, cells in enumerate(table.rows):
        place = _partner(cells, rows, today, free, position)
        places.append(place)
        if place is not None:
            free.remove(place)
        wanted.append(got[place] if place is not None else [cell.text for cell in cells])
    matched = None not in places
    in_order = places == list(range(len(places)))
    if matched and (some or not free) and (any_order or in_order):
        return None
    if matched and not free:
        return Difference("these rows in this order, got them in another", _table_diff(names, wanted, got))
    if some:
        missing = [row for row, place in zip(wanted, places, strict=True) if place is None]
        message = f"{_many(len(table.rows), what)}, of which {_many(len(missing), what)} did not come"
        return Difference(message, _table_diff(names, missing, []))
    if any_order:  # equal rows of both sides are aligned
        rest = [got[place] for place in free]
        same = [got[place] for place in places if place is not None]
        lost = [row for row, place in zip(wanted, places, strict=True) if place is None]
        wanted, got = same + lost, same + rest
    return Difference(_counts(len(table.rows), len(rows), what), _table_diff(names, wanted, got))


def compare_value(cell: Cell, value: Any, today: date) -> Difference | None:
    """Compare a return value; `nothing` stands for null."""
    if fits(cell, value, today) or (value is None and cell.text.lower() == "nothing"):
        return None
    return Difference(f"{cell.text}, got {'nothing' if value is None else shown(value)}")


def pick(columns: Sequence[Cell], names: Sequence[str]) -> list[str] | Cell:
    """The field of each column of a table, or the first column without a field."""
    found = []
    for column in columns:
        name = find_name(column.text, names)
        if name is None:
            return column
        found.append(name)
    return found


def _partner(cells: Sequence[Cell], rows: Rows, today: date, free: list[int], position: int) -> int | None:
    """The actual row that matches an expected one: the row at its position, else the first unused one."""

    def is_row(place: int) -> bool:
        return all(fits(cell, value, today) for cell, value in zip(cells, rows[place], strict=True))

    if position in free and is_row(position):
        return position
    return next((place for place in free if is_row(place)), None)


def _counts(expected: int, got: int, what: str) -> str:
    if expected == got:
        return f"other {what}s" if expected != 1 else f"another {what}"
    return f"{_many(expected, what)}, got {_many(got, what)}"


def _many(count: int, what: str) -> str:
    return f"no {what}" if count == 0 else f"{count} {what}{'' if count == 1 else 's'}"


def _table_diff(names: Sequence[str], wanted: Rows, got: Rows) -> tuple[str, ...]:
    columns = list(zip(names, *wanted, *got, strict=True))
    widths = [max(len(text) for text in column) for column in columns]

    def line(row: Sequence[Any]) -> str:
        return " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()

    return ("  " + line(names), *_diff([line(row) for row in wanted], [line(row) for row in got]))


def _diff(wanted: Sequence[str], got: Sequence[str]) -> tuple[str, ...]:
    lines: list[str] = []
    for kind, a, b, c, d in SequenceMatcher(None, wanted, got, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [f"  {text}" for text in wanted[a:b]]
        else:
            lines += [f"- {text}" for text in wanted[a:b]]
            lines += [f"+ {text}" for text in got[c:d]]
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"  … {len(lines) - _DIFF_LINES} more lines"]
    return tuple(lines)
