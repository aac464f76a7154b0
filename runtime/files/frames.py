"""A data frame, an Arrow table or records → a table to load, whose values are those of the language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, Final

from runtime.errors import DatabaseError, UsageError, missing_package
from runtime.files.infer import BAD, json_reader
from runtime.files.table import Batch, Table
from runtime.query.schema import Field
from runtime.values.types import (
    ANY,
    BOOL,
    DATE,
    DECIMAL,
    DECIMAL_PRECISION,
    DURATION,
    FLOAT,
    INT,
    MAX_SCALE,
    TEXT,
    TIMESTAMP,
    Type,
    decimal_of,
)
from runtime.values.value_types import TYPE_NAMES, scale_of

_Column = tuple[str, list[Any], Type]
_ROWS: Final = 4_096
_TYPES: Final = {
    bool: BOOL,
    int: INT,
    float: FLOAT,
    Decimal: DECIMAL,
    str: TEXT,
    date: DATE,
    datetime: TIMESTAMP,
    timedelta: DURATION,
    list: ANY,
    dict: ANY,
}
_EMPTY: Final = {"b": BOOL, "i": INT, "u": INT, "f": FLOAT, "M": TIMESTAMP, "m": DURATION}  # by the kind of a dtype


def frame_table(data: Any, title: str) -> Table:
    """Make a table of what is in memory.

    Args:
        data: A pandas data frame (a named index is a column), what has Arrow's stream interface (a table of pyarrow or
            polars), or an iterable of mappings.
        title: What messages call it.

    Returns:
        The table. Missing values are null. A column of dates without a time of day is a date, as pandas has no type
        for it; times without an offset are UTC.

    Raises:
        UsageError: D0501, it is none of these; D0105, pyarrow is needed and not installed.
        DatabaseError: D0504, a column has values of several types, or one that no database holds.
    """
    names: list[str] = []
    fields, values = [], []
    for name, found, empty in _columns(data, title):
        if name in names:
            raise DatabaseError("D0504", f"{title} has two columns `{name}`", "rename one of them")
        type_, made = _typed(name, found, empty, title)
        names.append(name)
        fields.append(Field(name, type_.or_null()))
        values.append(made)
    if not names:
        raise DatabaseError("D0504", f"{title} holds no record, so there is nothing to tell its fields by")

    def batches() -> Iterator[Batch]:
        rows = zip(*values, strict=True)
        done = 0
        while part := list(islice(rows, _ROWS)):
            yield Batch(list(range(done + 1, done + len(part) + 1)), part, [], done + len(part))
            done += len(part)

    return Table(Path(title), title, "frame", len(values[0]), names, True, batches, tuple(fields), "row")


def _columns(data: Any, title: str) -> Iterator[_Column]:
    """Name, values, and the type of the column where it has none."""
    package = type(data).__module__.partition(".")[0]
    if package == "pandas":
        yield from _of_pandas(data)
    elif hasattr(data, "__arrow_c_stream__"):
        yield from _of_arrow(data)
    elif isinstance(data, Iterable) and not isinstance(data, (str, bytes, Mapping)):
        yield from _of_records(data, title)
    else:
        raise UsageError(
            "D0501", f"`{type(data).__name__}` has no rows to load", "a data frame, an Arrow table, a list of dicts"
        )


def _of_pandas(frame: Any) -> Iterator[_Column]:
    if not hasattr(frame, "columns"):
        raise _without_columns(frame)
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    for position, name in enumerate(frame.columns):
        series = frame.iloc[:, position]
        values = list(series.astype(object).where(series.notna(), None))
        kind = getattr(series.dtype, "kind", "O")
        if kind == "M" and getattr(series.dtype, "tz", None) is None and _is_midnight(series.dropna()):
            values = [value if value is None else value.date() for value in values]
        yield str(name), values, _EMPTY.get(kind, TEXT)


def _is_midnight(series: Any) -> bool:
    return bool((series == series.dt.normalize()).all())


def _without_columns(data: Any) -> UsageError:
    message = f"`{type(data).__name__}` has no columns with names"
    return UsageError("D0501", message, "a data frame, as of series.to_frame(), or an Arrow table")


def _of_arrow(data: Any) -> Iterator[_Column]:
    try:
        import pyarrow
    except ImportError as error:
        raise missing_package("pyarrow") from error
    try:
        table = pyarrow.table(data)
    except pyarrow.ArrowInvalid as error:
        raise _without_columns(data) from error
    for name, column in zip(table.column_names, table.columns, strict=True):
        yield name, column.to_pylist(), TEXT


def _of_records(data: Iterable[Any], title: str) -> Iterator[_Column]:
    records = list(data)
    odd = next((each for each in records if not isinstance(each, Mapping)), None)
    if odd is not None:
        raise UsageError("D0501", f"{title} holds `{type(odd).__name__}`, which is no record", "a list of dicts")
    names = dict.fromkeys(name for record in records for name in record)
    for name in names:
        yield str(name), [record.get(name) for record in records], TEXT


def _typed(name: str, found: list[Any], empty: Type, title: str) -> tuple[Type, list[Any]]:
    """The type of a column, and its values in that type."""
    values = [_plain(value) for value in found]
    kinds = {type(value) for value in values if value is not None}
    odd = sorted(kind.__name__ for kind in kinds - _TYPES.keys())
    type_ = empty if not kinds else None if odd else _type_of(kinds, values)
    if type_ is None:
        what = (
            f"`{odd[0]}`, for which there is no type"
            if odd
            else "values of several types: " + " and ".join(sorted({TYPE_NAMES[kind] for kind in kinds}))
        )
        hint = f'frame["{name}"].astype(str), or another type'
        raise DatabaseError("D0504", f"the column `{name}` of {title} holds {what}", hint)
    if type_ == TIMESTAMP:
        values = [value if value is None else _moment(value) for value in values]
    read = json_reader(type_)
    made = [BAD if _is_infinite(value) else read(value) for value in values]
    if type_.name == "decimal":  # more digits than it keeps
        made = [BAD if value is not None and new != value else new for value, new in zip(values, made, strict=True)]
    if BAD in made:
        row = made.index(BAD)
        message = f"row {row + 1} of {title}: `{name}` is {str(values[row])[:40]!r}, which no database holds"
        raise DatabaseError("D0504", message)
    return type_, made


def _type_of(kinds: set[type], values: list[Any]) -> Type | None:
    """None for values of several types."""
    if Decimal in kinds and kinds <= {int, Decimal}:
        scale = max(scale_of(value) for value in values if type(value) is Decimal)
        return decimal_of(DECIMAL_PRECISION, min(scale, MAX_SCALE))
    if kinds == {int, float}:
        return FLOAT
    if kinds == {date, datetime}:
        return TIMESTAMP
    types = {_TYPES[kind] for kind in kinds}
    return types.pop() if len(types) == 1 else None


def _moment(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _is_infinite(value: Any) -> bool:
    return type(value) in (float, Decimal) and not isfinite(value)


def _plain(value: Any) -> Any:
    """A value of Python for one of numpy or pandas; None for what is missing."""
    if isinstance(value, (float, Decimal)) and value != value:
        return None
    if type(value) in _TYPES:
        return value
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if hasattr(value, "to_pytimedelta"):
        return value.to_pytimedelta()
    if hasattr(value, "tolist"):  # of numpy
        return _plain(value.tolist())
    return value
