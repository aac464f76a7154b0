"""Rows that a command lists → stdout, in the requested format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

NUMBERS = (int, float)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], format_: str) -> None:
    """Print rows that a command lists on stdout.

    Args:
        columns: Their names.
        rows: Values, as many as names.
        format_: jsonl and records: one object a line; json: an array; csv: with a header; table: for people.
    """
    if format_ == "table":
        _print_table(columns, rows)
    elif format_ == "csv":
        _print_csv(columns, rows)
    else:
        _print_json([dict(zip(columns, row, strict=True)) for row in rows], array=format_ == "json")


def _print_json(records: Sequence[Mapping[str, Any]], *, array: bool) -> None:
    import msgspec

    if array:
        click.echo(msgspec.json.format(msgspec.json.encode(records), indent=2))
    else:
        for record in records:
            click.echo(msgspec.json.encode(record))


def _print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import csv
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_shown(value) for value in row] for row in rows)
    click.echo(text.getvalue(), nl=False)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Numbers are aligned right; an empty table prints nothing."""
    if not rows:
        return
    cells = [list(columns), *[[_shown(value) for value in row] for row in rows]]
    widths = [max(len(row[at]) for row in cells) for at in range(len(columns))]
    right = [all(isinstance(row[at], NUMBERS) for row in rows) for at in range(len(columns))]
    for row in cells:
        padded = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def _shown(value: Any) -> str:
    """The value on one line, with terminal control characters escaped."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in value)
    return "".join(character if character.isprintable() else " " for character in str(value))
