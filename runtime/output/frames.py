"""Batches of records → a pandas data frame or an Arrow table, with the types that the script says its fields have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from runtime.errors import SopError, missing_package
from runtime.values.conversion import to_text
from runtime.values.types import ANY, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas
    import pyarrow

    from runtime.values.batches import NamedRows

    Columns = tuple[tuple[str, Type], ...] | None

_PANDAS: Final = {  # type → without nulls, with nulls; others as pandas infers them from Python's values
    "int": ("int64", "Int64"),
    "bool": ("bool", "boolean"),
    "float": ("float64", "float64"),
    "date": ("datetime64[us]", "datetime64[us]"),
    "timestamp": ("datetime64[us, UTC]", "datetime64[us, UTC]"),
    "duration": ("timedelta64[us]", "timedelta64[us]"),
}
_ARROW: Final = {
    "bool": "bool_",
    "int": "int64",
    "float": "float64",
    "text": "string",
    "date": "date32",
    "null": "null",
}


def to_pandas(batches: Sequence[NamedRows], columns: Columns) -> pandas.DataFrame:
    """Make a data frame.

    Args:
        batches: Names and rows; all with the same names.
        columns: Names and types; None where the script does not say them.

    Returns:
        The frame, with a plain index.

    Raises:
        Error: D0105, pandas is not installed; V0501, records have different fields.
    """
    try:
        import pandas
    except ImportError as error:
        raise missing_package("pandas") from error
    series = {}
    for name, type_, values in _columns(batches, columns):
        plain = _PANDAS.get(type_.name)
        dtype: Any = "object" if plain is None and type_.name not in ("text", "any") else None
        if plain is not None:
            dtype = plain[any(value is None for value in values)]
        series[name] = pandas.Series(values, dtype=dtype)
    return pandas.DataFrame(series, columns=list(series))


def to_arrow(batches: Sequence[NamedRows], columns: Columns) -> pyarrow.Table:
    """Make an Arrow table.

    Args:
        batches: Names and rows; all with the same names.
        columns: Names and types; None where the script does not say them.

    Returns:
        The table. A field whose values have no one type in Arrow is text.

    Raises:
        Error: D0105, pyarrow is not installed; V0501, records have different fields.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise missing_package("pyarrow") from error
    arrays = {}
    for name, type_, values in _columns(batches, columns):
        try:
            arrays[name] = pyarrow.array(values, type=_arrow_type(type_))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
            arrays[name] = pyarrow.array([None if each is None else to_text(each) for each in values], pyarrow.string())
    return pyarrow.table(arrays)


def _columns(batches: Sequence[NamedRows], columns: Columns) -> list[tuple[str, Type, list[Any]]]:
    """The name, the type and the values of each field."""
    names = batches[0][0] if batches else tuple(name for name, _ in columns or ())
    for other, _ in batches:
        if other != names:
            message = f"a table holds records of one kind, and one with the fields {', '.join(other)} follows others"
            raise SopError("V0501", message, ".records() takes any")
    types = dict(columns or ())
    rows = [row for _, part in batches for row in part]
    values = map(list, zip(*rows, strict=True)) if rows else [[] for _ in names]
    return [(name, types.get(name, ANY), each) for name, each in zip(names, values, strict=True)]


def _arrow_type(type_: Type) -> Any:
    """None where Arrow is to find it in the values."""
    import pyarrow

    if type_.name in _ARROW:
        return getattr(pyarrow, _ARROW[type_.name])()
    if type_.name == "decimal":
        return pyarrow.decimal128(type_.precision, type_.scale)
    if type_.name == "timestamp":
        return pyarrow.timestamp("us", tz="UTC")
    if type_.name == "duration":
        return pyarrow.duration("us")
    if type_.name == "list" and type_.item is not None:
        item = _arrow_type(type_.item)
        return None if item is None else pyarrow.list_(item)
    if type_.name == "record" and type_.fields is not None:
        fields = [(name, _arrow_type(each)) for name, each in type_.fields]
        return None if any(each is None for _, each in fields) else pyarrow.struct(fields)
    return None
