"""Lines of a table, separated by `|`, commas, semicolons or tabs → its fields and rows as cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sopc.diagnostics import Diagnostic
from sopc.english.examples.form import Cell, Table
from sopc.english.examples.words import cell, masked, pieces
from sopc.source import Span

_SEPARATORS: Final = ("|", "\t", ";", ",")
_RULE: Final = re.compile(r"[\s|:+=-]*[-=]{3}[\s|:+=-]*")

Line = tuple[str, int]


def read_table(lines: Sequence[Line]) -> Table | Diagnostic:
    """Read a table.

    Args:
        lines: (text, offset of its first character); the first holds the names of the fields.

    Returns:
        The table, or a finding on the first invalid line.
    """
    head, start = lines[0]
    mark = next((mark for mark in _SEPARATORS if mark in masked(head)), None)
    columns = _cells(head, start, mark)
    for column in columns:
        if not column.text:
            return Diagnostic("T0401", "a field of the table has no name", column.span, "name, salary")
    names = [column.text.lower() for column in columns]
    for column, name in zip(columns, names, strict=True):
        if names.count(name) > 1:
            return Diagnostic("T0401", f"the table has the field {column.text} twice", column.span, "each field once")
    rows = []
    for text, offset in lines[1:]:
        if _RULE.fullmatch(text):
            continue
        row = _cells(text, offset, mark)
        span = Span(offset + len(text) - len(text.lstrip()), offset + len(text.rstrip()))
        if mark is not None and len(row) == 1 != len(columns):
            between = mark.strip() or "a tab"
            hint = f"a row has {between} between its values; other lines begin with Given, When, Then, And"
            return Diagnostic("T0401", "this line is no row of the table above it", span, hint)
        if len(row) != len(columns):
            message = f"the row has {_values(len(row))}, and the table has {_fields(len(columns))}"
            return Diagnostic("T0401", message, span, 'a value that holds the separator stands in quotes: "a, b"')
        rows.append(row)
    return Table(columns, tuple(rows))


def _cells(text: str, start: int, mark: str | None) -> tuple[Cell, ...]:
    if mark is None:
        return (cell(text, start),)
    if mark == "|":
        bare = text.rstrip()
        left = len(bare) - len(bare.lstrip())
        first = left + 1 if bare.lstrip().startswith("|") else 0
        last = len(bare) - 1 if len(bare) > first and bare.endswith("|") else len(bare)
        text, start = bare[first:last], start + first
    return tuple(pieces(text, start, re.compile(re.escape(mark))))


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _fields(count: int) -> str:
    return f"{count} field{'' if count == 1 else 's'}"
