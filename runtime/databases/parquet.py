"""A CSV file of ours and the types of its columns → a Parquet file, written by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from runtime.databases.duckdb_types import spelled
from runtime.databases.tables import quoted
from runtime.errors import UsageError
from runtime.types import Type


def require_duckdb(what: str) -> None:
    """UsageError D0105 when the duckdb package is not there. what: needs it."""
    if find_spec("duckdb") is None:
        raise UsageError("D0105", f"{what} needs DuckDB, which is not installed", "pip install 'sopc[duckdb]'")


def csv_to_parquet(source: Path, target: Path, columns: Sequence[tuple[str, Type]]) -> None:
    """source: with a line of names, null as an empty field and an empty text in quotes, as runtime/jsonl/tabular.py
    writes them. Durations are kept as ISO 8601 texts, records as JSON."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        listed = ", ".join(f"{_text(name)}: 'VARCHAR'" for name, _ in columns)
        values = ", ".join(f"{_typed(quoted(name), type_)} AS {quoted(name)}" for name, type_ in columns)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"COPY (SELECT {values} FROM read_csv({_text(str(source))}, columns = {{{listed}}}, header = true,"
            " auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false,"
            f" max_line_size = 1000000000)) TO {_text(str(target))} (FORMAT parquet)"
        )


def _typed(column: str, type_: Type) -> str:
    if type_.name in ("text", "duration", "null"):
        return column
    if type_.name == "timestamp":
        return f"CAST(CAST({column} AS TIMESTAMPTZ) AS TIMESTAMP)"
    if type_.name in ("list", "record", "any"):
        return f"CAST(CAST({column} AS JSON) AS {spelled(type_)})"
    return f"CAST({column} AS {spelled(type_)})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
