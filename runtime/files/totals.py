"""Rows of a table → those that hold the sums of the rows above them, which must not be counted twice.

Only rows that are called so are looked at (Total, Summe, Subtotal North), and the last one also without a name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from math import isclose
from typing import Any, Final

from runtime.files.decide import Option, Question, Reading, Rules, answer
from runtime.files.infer import BAD, TextColumn
from runtime.files.table import Batch, Table
from runtime.files.words import SUBTOTALS, TOTALS
from runtime.values.type_rules import NUMBERS

DROP: Final = "drop"
KEEP: Final = "keep"
_LABELS: Final = 3  # columns that may call a row so
_STEMS: Final = ("sum", "total", "gesamt", "somm", "soma", "overall", "totaal", "razem", "ogółem", "totale")
_WORDS: Final = "|".join(re.escape(word) for word in sorted(TOTALS | SUBTOTALS, key=len, reverse=True))
_LABEL: Final = re.compile(rf"(?:{_WORDS})(?: .*)?|.* (?:{_WORDS})")
_SHOWN: Final = 5


def is_labelled(row: Sequence[str]) -> bool:
    """Whether a cell of the row is called Total, Summe or the like."""
    return any(_plain(cell) in TOTALS for cell in row)


def is_unnamed(batch: Batch) -> bool:
    """Whether the last row may hold sums without saying so: its first cell is empty, and those above are not."""
    return not batch.rows[-1][0].strip() and any(row[0].strip() for row in batch.rows)


def _plain(cell: str) -> str:
    return cell.strip().rstrip(":").strip().lower()


def labelled(batch: Batch) -> dict[int, Sequence[str]]:
    """The rows of a batch that are called like totals of all rows or some, by their lines."""
    found: dict[int, Sequence[str]] = {}
    for texts in list(zip(*batch.rows, strict=True))[:_LABELS]:
        together = "\n".join(texts).lower()
        if any(stem in together for stem in _STEMS):
            named = (index for index, text in enumerate(texts) if _LABEL.fullmatch(_plain(text)))
            found |= {batch.lines[index]: batch.rows[index] for index in named}
    return found


class _Sums:
    """The sums of columns over the rows so far, and over those since the last row of sums."""

    def __init__(self, table: Table, readings: Sequence[Reading], nulls: frozenset[str]) -> None:
        self.columns = {
            table.names.index(reading.field.name): TextColumn(
                reading.field.type, (*nulls, *reading.nulls), reading.form
            )
            for reading in readings
            if reading.field.type.name in NUMBERS
        }
        self.whole: dict[int, Decimal] = dict.fromkeys(self.columns, Decimal(0))
        self.since = dict(self.whole)
        self.rows = self.rows_since = 0

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        for index, column in self.columns.items():
            values = map(column.__getitem__, [row[index] for row in rows])
            total = sum((Decimal(str(value)) for value in values if value is not None and value is not BAD), Decimal(0))
            self.whole[index] += total
            self.since[index] += total
        self.rows += len(rows)
        self.rows_since += len(rows)

    def are_in(self, row: Sequence[str], *, parts: bool) -> bool:
        """Whether a number of the row is the sum of those above it: all of them in a row that is not called so.
        parts: of those since the last sums, too."""
        claimed = {index: column[row[index]] for index, column in self.columns.items()}
        claimed = {index: value for index, value in claimed.items() if value is not BAD and value}
        enough = any if any(_LABEL.fullmatch(_plain(cell)) for cell in row) else all
        if not claimed:
            return False
        whole = self.rows > 1 and enough(_same(self.whole[index], value) for index, value in claimed.items())
        since = self.rows_since > 0 and any(_same(self.since[index], value) for index, value in claimed.items())
        return whole or (parts and since)

    def begin(self) -> None:
        self.since = dict.fromkeys(self.columns, Decimal(0))
        self.rows_since = 0


def _same(total: Decimal, value: Any) -> bool:
    return isclose(total, value, rel_tol=1e-6, abs_tol=0.005)


def rows_of_sums(
    table: Table, marked: Mapping[int, Sequence[str]], readings: Sequence[Reading], nulls: frozenset[str]
) -> set[int]:
    """The lines of those rows of which a number is the sum of the column above it, over all other rows or over those
    since the last such row. The file is read once more.

    Args:
        table: The file.
        marked: The rows that may be some, by their lines.
        readings: Of its columns.
        nulls: Texts that are null in every column.
    """
    sums = _Sums(table, readings, nulls)
    found: set[int] = set()
    for batch in table.batches():
        start = 0
        for index in (index for index, line in enumerate(batch.lines) if line in marked):
            sums.add(batch.rows[start:index])
            start = index
            if sums.are_in(batch.rows[index], parts=len(marked) > 1):
                found.add(batch.lines[index])
                sums.begin()
                start = index + 1
        sums.add(batch.rows[start:])
    return found


def is_dropped(rows: Mapping[int, Sequence[str]], unit: str, rules: Rules) -> bool:
    """Whether rows of sums are left out, as a person says. DatabaseError D0514 where nobody can be asked."""
    if rules.totals:
        return rules.totals == DROP
    ((line, row), *others) = rows.items()
    shown = f"{unit} {line}: {', '.join(cell.strip() for cell in row if cell.strip())[:60]}"
    if others:
        listed = ", ".join(map(str, list(rows)[:_SHOWN])) + (", …" if len(rows) > _SHOWN else "")
        text = f"{len(rows)} rows ({unit}s {listed}) hold the sums of those above: are they rows of the data?"
        which = ("no rows of the data", "rows like the others")
    else:
        text = f"a row ({shown}) holds the sums of those above: is it a row of the data?"
        which = ("no row of the data", "a row like the others")
    options = (Option(which[0], f"--totals {DROP}"), Option(which[1], f"--totals {KEEP}"))
    return answer(Question(text, options), rules.ask) == 0


def left_out(lines: Collection[int], unit: str) -> str:
    """What is told of rows of sums that are left out."""
    if len(lines) == 1:
        return f"left out: 1 row of totals, {unit} {min(lines)} (--totals keep)"
    return f"left out: {len(lines)} rows of totals, {unit}s {min(lines)} to {max(lines)} (--totals keep)"


def without(table: Table, lines: Collection[int]) -> Table:
    """The table without the rows of these lines."""

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            kept = [index for index, line in enumerate(batch.lines) if line not in lines]
            if len(kept) < len(batch.lines):
                batch = batch._replace(
                    lines=[batch.lines[index] for index in kept], rows=[batch.rows[index] for index in kept]
                )
            yield batch

    return table._replace(batches=batches)
