"""A Parquet file → its rows as VM values; rows in a CSV file of ours → a Parquet file. DuckDB reads and writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from runtime.databases.duckdb.types import sql_type
from runtime.databases.duckdb.views import Views
from runtime.databases.tables import quote_identifier, quote_literal
from runtime.files.table import Batch, Table
from runtime.query.algebra import Column, Query, Scan
from runtime.query.schema import Field
from runtime.values.types import ANY, Type


def parquet_table(path: Path, title: str) -> Table:
    """The file as the import reads any. A list or record becomes an any, since not every engine has columns of such.
    Raises UsageError D0105 without the duckdb package, DatabaseError D0107 or D0110 when it can't be read,
    D0111 when a field has a name that no program can hold."""
    database = _opened(path, title)
    try:
        schema = database.schema()
        if path.stem in schema.broken:
            raise schema.broken[path.stem].error()
        fields = tuple(schema.stores[path.stem].fields)
        total = database.count_rows(path.stem)
    finally:
        database.close()
    kept = tuple(
        Field(field.name, (ANY if field.type.name in ("list", "record") else field.type).or_null()) for field in fields
    )
    size = path.stat().st_size
    names = [field.name for field in fields]
    return Table(path, title, "parquet", size, names, True, lambda: _batches(path, title, size, total), kept, "row")


def _opened(path: Path, title: str) -> Views:
    database = Views(path.absolute().parent, name=title)
    try:
        database.add_parquet(path.stem, path.absolute())
    except BaseException:
        database.close()
        raise
    return database


def _batches(path: Path, title: str, size: int, total: int) -> Iterator[Batch]:
    database = _opened(path, title)
    try:
        fields = database.schema().stores[path.stem].fields
        columns = tuple((field.name, Column(1, field.name, field.type)) for field in fields)
        statement = database.prepare(Query("file", Scan(1, "file", path.stem), columns, ()))
        done = 0
        for rows in database.query(statement, ()):
            lines = list(range(done + 1, done + len(rows) + 1))
            done += len(rows)
            yield Batch(lines, rows, [], size * done // max(total, 1))
    finally:
        database.close()


def csv_to_parquet(source: Path, target: Path, columns: Sequence[tuple[str, Type]]) -> None:
    """Make a Parquet file. Durations are kept as ISO 8601 texts, records as JSON.

    Args:
        source: A CSV file with a line of names, null as an empty field and an empty text in quotes, as
            runtime/output/tabular.py writes them.
        target: The file to make.
        columns: Names and types.
    """
    import duckdb

    with duckdb.connect(":memory:") as connection:
        listed = ", ".join(f"{quote_literal(name)}: 'VARCHAR'" for name, _ in columns)
        values = ", ".join(
            f"{_typed(quote_identifier(name), type_)} AS {quote_identifier(name)}" for name, type_ in columns
        )
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"COPY (SELECT {values} FROM read_csv({quote_literal(str(source))}, columns = {{{listed}}}, header = true,"
            " auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false,"
            f" max_line_size = 1000000000)) TO {quote_literal(str(target))} (FORMAT parquet)"
        )


def _typed(column: str, type_: Type) -> str:
    if type_.name in ("text", "duration", "null"):
        return column
    if type_.name == "timestamp":
        return f"CAST(CAST({column} AS TIMESTAMPTZ) AS TIMESTAMP)"
    if type_.name in ("list", "record", "any"):
        return f"CAST(CAST({column} AS JSON) AS {sql_type(type_)})"
    return f"CAST({column} AS {sql_type(type_)})"
