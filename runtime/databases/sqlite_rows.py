"""Rows as sqlite3 gives them → rows of VM values, or of values ready for the JSON writer, by a statement's forms.

Columns whose stored values already are what is wanted are only checked, a batch at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isfinite
from typing import Any, Final, NamedTuple

import msgspec

from runtime.databases.protocol import Row, Statement
from runtime.databases.refusals import null_stored
from runtime.databases.sqlite_forms import Codec, decoder, units_of, whole
from runtime.errors import DatabaseError, SopError

_AS_IT_IS: Final[dict[str, type]] = {"i": int, "f": float, "t": str}


class _Reader(NamedTuple):
    """How one column is read. same: the type of the values that need no change, None when all do."""

    name: str
    nullable: bool
    same: type | None
    convert: Codec


def row_reader(statement: Statement, *, json: bool) -> Callable[[list[Row]], list[Row]]:
    """A function from a batch of raw rows to a batch of read ones; it raises D0202 naming the field."""
    codec = json_codec if json else decoder
    readers = [
        _Reader(name, type_.nullable, _AS_IT_IS.get(form), codec(form))
        for (name, type_), form in zip(statement.columns, statement.reads, strict=True)
    ]
    return partial(_read, readers)


def read_batch(read: Callable[[list[Row]], list[Row]], raw: list[Row]) -> Iterator[list[Row]]:
    """The batch read, as one; when a row of it can't be read, those before it, and then the error."""
    try:
        rows = read(raw)
    except DatabaseError:
        rows = []
        for row in raw:
            try:
                rows += read([row])
            except DatabaseError as error:
                if rows:
                    yield rows
                raise error
    yield rows


def _read(readers: list[_Reader], rows: list[Row]) -> list[Row]:
    if not rows:
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    changed = False
    for index, (reader, column) in enumerate(zip(readers, columns, strict=True)):
        kinds = set(map(type, column))
        if type(None) in kinds:
            if not reader.nullable:
                raise null_stored(reader.name)
            kinds.discard(type(None))
        if kinds <= {reader.same} and not (reader.same is float and _goes_past(column)):
            continue
        columns[index] = _converted(reader, column)
        changed = True
    return list(zip(*columns, strict=True)) if changed else rows


def _goes_past(column: Sequence[Any]) -> bool:
    """Whether some float may be infinite: the sum of finite ones rarely is."""
    return not isfinite(sum(filter(None, column)))


def _converted(reader: _Reader, column: Sequence[Any]) -> list[Any]:
    try:
        return list(map(reader.convert, column))
    except SopError as error:
        raise DatabaseError(error.code, f"`{reader.name}`: {error.message}", error.hint) from error


def json_codec(form: str) -> Codec:
    """A function from a stored value to one that msgspec writes as the output form of its type: only decimals differ
    from the VM's values, being JSON numbers with all the digits of their scale."""
    if form[0] not in "ds":
        return decoder(form)
    scale = int(form[1:])
    if form[0] == "d":
        return lambda value: None if value is None else msgspec.Raw(_digits(whole(value), scale))
    return lambda value: None if value is None else msgspec.Raw(_digits(units_of(value, scale), scale))


def _digits(units: int, scale: int) -> str:
    """A number of units of 10^-scale, written with all its digits."""
    if not scale:
        return str(units)
    text = f"{units:0{scale + 1 if units >= 0 else scale + 2}d}"
    return f"{text[:-scale]}.{text[-scale:]}"
