"""The last row of a table → whether it holds the sums of the rows above, which must not be counted twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isclose
from typing import Any, Final

from runtime.files.decide import Option, Question, Reading, Rules, answer
from runtime.files.infer import BAD, TextColumn
from runtime.files.table import Batch, Table
from runtime.files.words import TOTALS
from runtime.values.type_rules import NUMBERS

DROP: Final = "drop"
KEEP: Final = "keep"


def is_labelled(row: Sequence[str]) -> bool:
    """Whether a cell of the row is called Total, Summe or the like."""
    return any(cell.strip().rstrip(":").strip().lower() in TOTALS for cell in row)


def holds_sums(table: Table, row: Sequence[str], readings: Sequence[Reading], nulls: frozenset[str]) -> bool:
    """Whether a number of the row is the sum of the column above it. The file is read once more.

    Args:
        table: Without the row.
        row: Its texts, by the names of the table.
        readings: Of the table without the row.
        nulls: Texts that are null in every column.
    """
    columns = {
        table.names.index(reading.field.name): TextColumn(reading.field.type, (*nulls, *reading.nulls), reading.form)
        for reading in readings
        if reading.field.type.name in NUMBERS
    }
    claimed = {index: column[row[index]] for index, column in columns.items()}
    claimed = {index: value for index, value in claimed.items() if value is not BAD and value}
    if not claimed:
        return False
    sums: dict[int, Any] = dict.fromkeys(claimed, Decimal(0))
    count = 0
    for batch in table.batches():
        count += len(batch.rows)
        for index in sums:
            values = map(columns[index].__getitem__, [each[index] for each in batch.rows])
            sums[index] += sum(Decimal(str(value)) for value in values if value is not None and value is not BAD)
    return count > 1 and any(
        isclose(sums[index], value, rel_tol=1e-6, abs_tol=0.005) for index, value in claimed.items()
    )


def is_dropped(row: Sequence[str], line: int, unit: str, rules: Rules) -> bool:
    """Whether the row of sums is left out, as a person says. DatabaseError D0514 where nobody can be asked."""
    if rules.totals:
        return rules.totals == DROP
    shown = ", ".join(cell.strip() for cell in row if cell.strip())
    options = (Option("no row of the data", f"--totals {DROP}"), Option("a row like the others", f"--totals {KEEP}"))
    text = f"the last row ({unit} {line}: {shown[:60]}) holds the sums of those above: is it a row of the data?"
    return answer(Question(text, options), rules.ask) == 0


def without(table: Table, line: int) -> Table:
    """The table without the row of a line."""

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            if line in batch.lines:
                index = batch.lines.index(line)
                lines, rows = [*batch.lines], [*batch.rows]
                del lines[index], rows[index]
                yield batch._replace(lines=lines, rows=rows)
            else:
                yield batch

    return table._replace(batches=batches)
