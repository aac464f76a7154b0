"""`sopvm db export`: a store or a query → a CSV, NDJSON or Parquet file: all of it or nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from runtime import Config, UsageError
from runtime.console import PATH, Console, database_options, execute, load_config, output_options, text_or_stdin
from runtime.files import replacing

if TYPE_CHECKING:
    from runtime.library import Library
    from runtime.values import Type

STDOUT: Final = "-"

FORMATS: Final = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}
_QUERY: Final = re.compile(r"\s*from\b", re.IGNORECASE)


class Failed(Exception):
    """The run failed and printed its error. No file is left."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


@click.command("export")
@click.argument("what", metavar="STORE|QUERY")
@click.argument("file", type=PATH)
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["csv", "ndjson", "parquet"]),
    help="Format (default: by FILE's ending).",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@database_options
@output_options(default=None)
@click.pass_obj
def export_command(
    console: Console,
    what: str,
    file: str,
    format_: str | None,
    force: bool,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Write a store, or the rows of a query, to a CSV, NDJSON or Parquet file; `-` is stdout and needs -f.

    Outside `main`, write a store as DATABASE.STORE.

    \b
      sopvm db export flights flights.csv
      sopvm db export hr.employees people.parquet --force
      sopvm db export "from flights where distance > 2000 select carrier, distance" far.ndjson
      sopvm db export flights - -f csv | gzip > flights.csv.gz
    """
    from runtime.library import Overlay
    from sopc.workflow import compile_query, open_context, provenance_of

    chosen = format_ or _format_of(file)
    if chosen == "parquet":
        from runtime.databases import require_duckdb

        require_duckdb()
    config = load_config(home, databases)
    try:
        with (
            destination(file, force) as stream,
            open_context(config, read_only=True) as context,
            context.library,
        ):
            query = text_or_stdin(what)
            compiled = compile_query(query if _QUERY.match(query) else _whole(query, config), context)
            console.unreadable(context.failures)
            module = compiled.modules[0]
            library = Overlay(context.library, compiled.items(provenance_of(compiled.source)))
            assert module.signature.emits is not None  # it is a query
            columns = module.signature.emits.fields or ()
            write = _parquet if chosen == "parquet" else _lines
            rows = write(console, library, module.signature.name, config, chosen, columns, stream)
    except Failed as failed:
        return failed.exit_code
    console.note(f"{'stdout' if file == STDOUT else file}: {rows} row{'' if rows == 1 else 's'}")
    return 0


@contextmanager
def destination(file: str, force: bool) -> Iterator[BinaryIO]:
    """Open a stream that becomes the file when the block ends without an error; until then the file is not touched.

    Raises:
        UsageError: D0508 when it can't be written, D0509 when it exists and may not be replaced.
    """
    if file == STDOUT:
        yield sys.stdout.buffer
        return
    try:
        if Path(file).is_file() and not force:
            raise UsageError("D0509", f"{file} is there already", "--force replaces it")
        with replacing(Path(file)) as stream:
            yield stream
    except OSError as error:
        if error.filename is None:
            raise
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            "D0508", f"{file} can't be written: {reason}", "check the folder and its permissions"
        ) from error


def _format_of(file: str) -> str:
    if file == STDOUT:
        raise UsageError("C0102", "stdout has no file ending to tell the format by", "-f csv, -f ndjson or -f parquet")
    found = FORMATS.get(Path(file).suffix.lower())
    if found is None:
        raise UsageError(
            "D0508", f"{file}  has no ending of a known format", "file.csv, file.ndjson, file.parquet, or -f"
        )
    return found


def _whole(name: str, config: Config) -> str:
    """The query for a whole store."""
    from sopc.syntax import name as quoted

    database, dot, store = name.partition(".")
    if dot and database in config.database_names():
        return f"from {quoted(database)}.{quoted(store)}"
    return f"from {quoted(name)}"


# ── how it is written: each gives the number of rows ───────────────────────────────────────────────────────────


def _lines(
    console: Console,
    library: Library,
    name: str,
    config: Config,
    format_: str,
    columns: Sequence[tuple[str, Type]],
    stream: BinaryIO,
) -> int:
    """CSV (null is an empty field, an empty text is "") or a JSON object a line."""
    from runtime.output import Csv, open_writer

    writer = open_writer("csv" if format_ == "csv" else "records", stream, buffer_until_commit=False)
    code = execute(console, library, name, {}, config, "", writer=writer, read_only=True)
    if code:
        raise Failed(code)
    if format_ == "csv" and not writer.records:
        stream.write((",".join(Csv.field(column) for column, _ in columns) + "\n").encode())
    return writer.records


def _parquet(
    console: Console,
    library: Library,
    name: str,
    config: Config,
    format_: str,
    columns: Sequence[tuple[str, Type]],
    stream: BinaryIO,
) -> int:
    """DuckDB makes the Parquet file, with the columns' types, from a temporary CSV file."""
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    from runtime.files import csv_to_parquet

    with TemporaryDirectory() as folder:
        rows, made = Path(folder, "rows.csv"), Path(folder, "rows.parquet")
        with rows.open("wb") as lines:
            number = _lines(console, library, name, config, "csv", columns, lines)
        csv_to_parquet(rows, made, columns)
        with made.open("rb") as content:
            copyfileobj(content, stream)
    return number
