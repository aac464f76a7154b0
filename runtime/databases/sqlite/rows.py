"""sqlite3's rows → rows of VM values or of values for the JSON writer, by the codecs of a statement's columns.

Columns whose stored values already are what is wanted are only checked, a batch at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isfinite
from typing import Any, Final, NamedTuple

from msgspec import Raw

from runtime.databases.codec_base import Codec, with_field
from runtime.databases.db_errors import null_stored
from runtime.databases.protocol import Statement
from runtime.databases.sqlite.codecs import MAX_DIGITS, decoder, units_of, whole
from runtime.errors import DatabaseError, SopError
from runtime.values.batches import Row
from runtime.values.types import DECIMAL_SCALE
from runtime.values.value_types import decimal_text

_AS_IT_IS: Final[dict[str, type]] = {"i": int, "f": float, "t": str}


class _Reader(NamedTuple):
    """How one column is read. same: the type of the values that need no change, None when all do. convert: a batch of
    the column's values → what they are read as."""

    name: str
    nullable: bool
    same: type | None
    convert: Callable[[Sequence[Any]], list[Any]]


def row_reader(statement: Statement, *, json: bool) -> Callable[[list[Row]], list[Row]]:
    """A function from a batch of raw rows to a batch of read ones; it raises D0202 with_field the field."""
    converter = json_converter if json else _converter
    readers = [
        _Reader(name, type_.nullable, _AS_IT_IS.get(form), converter(form))
        for (name, type_), form in zip(statement.columns, statement.reads, strict=True)
    ]
    read = partial(_read, readers)
    if not all(reader.same in (int, str) for reader in readers):
        return read
    kinds = [reader.same for reader in readers]

    def read_few(rows: list[Row]) -> list[Row]:
        """A single row, as a look-up gives it, is mostly right as it is."""
        return rows if len(rows) == 1 and list(map(type, rows[0])) == kinds else read(rows)

    return read_few


def read_batch(read: Callable[[list[Row]], list[Row]], raw: list[Row]) -> Iterator[list[Row]]:
    """Yield the batch decoded; if a row can't be decoded, yield the rows before it and raise the error."""
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
        try:
            columns[index] = reader.convert(column)
        except SopError as error:
            raise with_field(error, reader.name) from error
        changed = True
    return list(zip(*columns, strict=True)) if changed else rows


def _goes_past(column: Sequence[Any]) -> bool:
    """Whether some float may be infinite: the sum of finite ones rarely is."""
    return not isfinite(sum(filter(None, column)))


def _converter(form: str) -> Callable[[Sequence[Any]], list[Any]]:
    codec = decoder(form)
    return lambda column: list(map(codec, column))


def json_converter(form: str) -> Callable[[Sequence[Any]], list[Any]]:
    """A function from stored values to ones that msgspec writes as the output form of their type: only decimals differ
    from the VM's values, being JSON numbers with all the digits of their scale, or those of `decimal_text`."""
    if form[1:] == str(DECIMAL_SCALE):
        return partial(_plain_decimals, decoder(form))
    if form[0] == "d":
        return partial(_whole_decimals, int(form[1:]))
    if form[0] == "s":
        return partial(_decimals, int(form[1:]))
    return _converter("J" if form in ("j", "v") else form)


def _plain_decimals(codec: Codec, column: Sequence[Any]) -> list[Any]:
    return [None if value is None else Raw(decimal_text(codec(value))) for value in column]


def _whole_decimals(scale: int, column: Sequence[Any]) -> list[Any]:
    return [None if units is None else Raw(_digits(whole(units), scale)) for units in column]


def _decimals(scale: int, column: Sequence[Any]) -> list[Any]:
    """Values as they should be are the floats nearest to their texts; others are rounded one by one."""
    values = [value for value in column if value is not None] if None in column else column
    try:
        texts = list(map(f"%.{scale}f".__mod__, values))
        usual = list(map(float, texts)) == list(values) and f"{-0.0:.{scale}f}" not in texts
    except TypeError:
        usual = False
    most = 10 ** (MAX_DIGITS - scale)
    if not (usual and values and -most < min(values) and max(values) < most):
        return [None if value is None else Raw(_digits(units_of(value, scale), scale)) for value in column]
    if values is column:
        return list(map(Raw, texts))
    following = map(Raw, texts)
    return [None if value is None else next(following) for value in column]


def _digits(units: int, scale: int) -> str:
    """A number of units of 10^-scale, written with all its digits."""
    if not scale:
        return str(units)
    text = f"{units:0{scale + 1 if units >= 0 else scale + 2}d}"
    return f"{text[:-scale]}.{text[-scale:]}"
