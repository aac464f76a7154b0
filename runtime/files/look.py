"""A file → how each of its columns is read, from all of its rows; and the file without the rows that are none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from runtime.errors import DatabaseError, UsageError
from runtime.files.columns import Column, Values
from runtime.files.decide import Declared, Reading, Rules, decided, decided_values
from runtime.files.table import BadLine, Batch, Table
from runtime.files.totals import DROP, is_dropped, is_labelled, is_unnamed, labelled, left_out, rows_of_sums, without
from runtime.values.names import name_fault

BAD_SHOWN: Final = 20
_BAD_IN_MESSAGE: Final = 3
Progress = Callable[[int, int], None]


class Looked(NamedTuple):
    """readings: how the columns are read, in the file's order. table: the file, without a row of totals that is left
    out. notes: what is told of the file as a whole."""

    readings: tuple[Reading, ...]
    table: Table
    notes: tuple[str, ...] = ()


def _check_declared(declared: Mapping[str, Declared], names: Collection[str]) -> None:
    for name in declared:
        if name not in names:
            raise UsageError("D0506", f"the file has no field `{name}` to give a type", ", ".join(names))


def _check_names(table: Table, names: Iterable[str]) -> None:
    """Check that field names differ by more than case, which databases ignore, and that programs can use them."""
    seen: dict[str, str] = {}
    for name in names:
        fault = name_fault(name.strip())
        if fault is not None:
            message = f"{table.title} has a field whose name {fault}"
            raise DatabaseError("D0504", message, "give it another name")
        other = seen.setdefault(name.lower(), name)
        if other != name:
            message = f"{table.title} has the fields `{other}` and `{name}`, which differ in case only"
            raise DatabaseError("D0504", message, "rename one of them")


def look_at(table: Table, rules: Rules, report: Progress) -> Looked:
    """Find how each column of a file is read, from all of its rows.

    Args:
        table: The file.
        rules: What a person said about it.
        report: Called with the pass (0) and the bytes done.

    Returns:
        How each column is read, in the file's order: by the narrowest type and one form that hold all its values.

    Raises:
        UsageError: D0506, a declared type for a field that the file does not have.
        DatabaseError: D0504, the file's names are unusable, or it has no record; D0514, it leaves open how a column is
            to be read, and nobody can be asked.
    """
    if table.fields:
        if rules.types:
            raise UsageError("D0506", f"{table.title} says the types of its fields itself", "leave out --types")
        _check_names(table, table.names)
        return Looked(tuple(map(Reading, table.fields)), table)
    if table.format == "csv":
        _check_names(table, table.names)
        _check_declared(rules.types, table.names)
        return _look_at_csv(table, rules, report)
    fields: dict[str, Values] = {}
    bad: list[BadLine] = []
    for batch in table.batches():
        for name, (values, lines) in _by_field(batch).items():
            fields.setdefault(name, Values()).add(values, lines)
        bad = [*bad, *batch.bad][:BAD_SHOWN]
        report(0, batch.bytes_done)
    if not fields:
        lines_ = f" ({listed(bad)})" if bad else ""
        message = f"{table.title} holds no record, so there is nothing to tell its fields by{lines_}"
        raise DatabaseError("D0504", message)
    _check_names(table, fields)
    _check_declared(rules.types, fields)
    return Looked(tuple(decided_values(fields, rules, table.unit)), table)


def _look_at_csv(table: Table, rules: Rules, report: Progress) -> Looked:
    """A last row that is called like sums is looked at alone, as its label is no value of the column above it."""
    columns = _columns(table, rules)
    held = Batch([], [], [], 0)
    marked: dict[int, Sequence[str]] = {}
    for batch in table.batches():
        if batch.rows:
            _take(columns, held)
            held = batch
            marked |= labelled(batch)
        report(0, batch.bytes_done)
    if not held.rows:
        return Looked(_read(columns, table, rules), table, table.notes)
    row, line = held.rows[-1], held.lines[-1]
    last = is_labelled(row)
    if last or is_unnamed(held):
        marked[line] = row
    _take(columns, held._replace(lines=held.lines[:-1], rows=held.rows[:-1]) if last else held)
    readings = _read(columns, table, rules)
    found = rows_of_sums(table, marked, readings, rules.nulls) if marked else set()
    if last and rules.totals == DROP:
        found.add(line)
    if found and is_dropped({each: marked[each] for each in sorted(found)}, table.unit, rules):
        rest = without(table, found)
        columns = _columns(table, rules)
        for batch in rest.batches():
            _take(columns, batch)
        return Looked(_read(columns, table, rules), rest, (*table.notes, left_out(found, table.unit)))
    if not last:
        return Looked(readings, table, table.notes)
    _take(columns, Batch([line], [row], [], 0))
    told = f"{table.unit} {line} is called like a row of totals, but holds no sums of those above"
    return Looked(_read(columns, table, rules), table, (*table.notes, *([] if line in found else [told])))


def _columns(table: Table, rules: Rules) -> dict[str, Column]:
    return {name: Column(rules.nulls, null_words=rules.null_words) for name in table.names}


def _take(columns: Mapping[str, Column], batch: Batch) -> None:
    for column, texts in zip(columns.values(), zip(*batch.rows, strict=True), strict=False):
        column.add(texts, batch.lines)


def _read(columns: Mapping[str, Column], table: Table, rules: Rules) -> tuple[Reading, ...]:
    """Without the columns that have neither name nor values."""
    kept = {name: each for name, each in columns.items() if name not in table.unnamed or each.seen or each.words}
    return tuple(decided(kept, rules, delimiter=table.delimiter, unit=table.unit))


def _by_field(batch: Batch) -> dict[str, tuple[list[Any], list[int]]]:
    """Field → its values in the batch and their lines."""
    found: dict[str, tuple[list[Any], list[int]]] = {}
    for line, row in zip(batch.lines, batch.rows, strict=True):
        for name, value in row.items():
            values, lines = found.setdefault(name, ([], []))
            values.append(value)
            lines.append(line)
    return found


def listed(bad: Sequence[BadLine], unit: str = "line") -> str:
    """The first lines that can't be loaded, and why."""
    shown = "; ".join(f"{unit} {line}: {reason}" for line, reason in bad[:_BAD_IN_MESSAGE])
    return shown + (", and more" if len(bad) > _BAD_IN_MESSAGE else "")
