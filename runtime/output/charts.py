"""Rows with a text or a date and a number → lines of block characters: bars, or a line over time.

A chart has no numbers of its own: its writer puts the table of them below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from runtime.errors import SopError
from runtime.output.table import cell, number_text, width

_NUMBERS: Final = (int, float, Decimal)
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_HEIGHT: Final = 8  # lines of a line chart
_WIDE: Final = 80  # columns where there is no terminal
_LABEL: Final = 24  # columns of a bar's label


def chart(names: Sequence[str], rows: Sequence[Sequence[Any]], columns: int | None) -> Iterator[str]:
    """Draw rows.

    Args:
        names: Of their fields. The first field of dates, else the first that is not a number, else the first, labels
            the points; the first field of numbers besides it is drawn.
        rows: Values.
        columns: Of the terminal; None for 80.

    Returns:
        The lines.

    Raises:
        SopError: V0504, the rows have no field of numbers besides a label.
    """
    kinds = [_kind([row[index] for row in rows]) for index in range(len(names))]
    label = next((kinds.index(kind) for kind in ("date", "other", "number") if kind in kinds), 0)
    number = next((index for index, kind in enumerate(kinds) if kind == "number" and index != label), None)
    if rows and number is None:
        message = "a chart needs a field of texts or dates and one of numbers; the records have no such pair"
        raise SopError("V0504", message, "-f table shows them")
    if number is None:
        return
    points = [(row[label], row[number]) for row in rows if row[number] is not None]
    draw = _line if kinds[label] == "date" else _bars
    yield f"{cell(names[number])} by {cell(names[label])}"
    yield from draw(points, columns or _WIDE)


def _kind(values: Sequence[Any]) -> str:
    there = [value for value in values if value is not None]
    if there and all(type(value) in _NUMBERS for value in there):
        return "number"
    return "date" if there and all(isinstance(value, date) for value in there) else "other"


def _bars(points: Sequence[tuple[Any, Any]], columns: int) -> Iterator[str]:
    """A line a point: its label, a bar that begins at zero, and its number."""
    labels = [_short(cell(label)) for label, _ in points]
    numbers = [number_text(number)[0] for _, number in points]
    wide = max(map(width, labels))
    room = max(columns - wide - max(map(len, numbers)) - 2, 8)
    values = [float(number) for _, number in points]
    low, high = min(0.0, *values), max(0.0, *values)
    scale = room / ((high - low) or 1.0)
    zero = round(-low * scale)
    for label, text, value in zip(labels, numbers, values, strict=True):
        whole, rest = divmod(round(abs(value) * scale * 8), 8)
        bar = "█" * whole
        drawn = (" " * (zero - whole) + bar) if value < 0 else (" " * zero + bar + _EIGHTHS[rest].strip())
        yield f"{label}{' ' * (wide - width(label))} {drawn} {text}"


def _short(label: str) -> str:
    return label if width(label) <= _LABEL else label[: _LABEL - 1] + "…"


def _line(points: Sequence[tuple[Any, Any]], columns: int) -> Iterator[str]:
    """Columns of blocks in the order of their dates, with the least and the greatest number beside them. Where there
    are more points than columns, a column is the mean of several."""
    points = sorted(points, key=lambda point: point[0])
    values = [float(number) for _, number in points]
    low, high = min(values), max(values)
    numbers = [number for _, number in points]
    ends = [number_text(max(numbers))[0], number_text(min(numbers))[0]]
    side = max(map(len, ends))
    room = max(columns - side - 2, 8)
    each = -(-len(values) // room)
    groups = [values[start : start + each] for start in range(0, len(values), each)]
    wide = max(1, min(4, room // len(groups)))  # columns of a point
    steps = _HEIGHT * 8 - 1
    heights = [1 + round((sum(group) / len(group) - low) / ((high - low) or 1.0) * steps) for group in groups]
    for row in range(_HEIGHT - 1, -1, -1):
        end = ends[0] if row == _HEIGHT - 1 else ends[1] if row == 0 else ""
        yield f"{end:>{side}} │" + "".join(_LEVELS[min(max(height - row * 8, 0), 8)] * wide for height in heights)
    first, last = cell(points[0][0]), cell(points[-1][0])
    yield " " * (side + 2) + first + " " * max(len(groups) * wide - len(first) - len(last), 1) + last
    if each > 1:
        yield f"each column is the mean of {each} records"
