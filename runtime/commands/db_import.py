"""`sopvm db import`: a CSV, NDJSON or Parquet file → a store of a database: all of it or nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime import MAIN, UsageError, connect_to_load
from runtime.console import PATH, Console, database_options, load_config, output_options, progress_bar

if TYPE_CHECKING:
    from runtime.files import Loaded, Mode

STDIN = "-"
JSON_START = re.compile(rb"(\xef\xbb\xbf)?\s*(\[\s*)?\{")


@click.command("import")
@click.argument("file", type=PATH)
@click.option("--store", metavar="NAME", help="Name of the store (default: the file's name).")
@click.option("--into", "database", metavar="DATABASE", default=MAIN, show_default=True, help="Name of the database.")
@click.option("--types", metavar="FIELD=TYPE,…", help="Types of some fields; others are inferred from the values.")
@click.option("--null", "nulls", metavar="TEXT", multiple=True, help="Text that means null, besides an empty field.")
@click.option("--replace", is_flag=True, help="Replace an existing store.")
@click.option("--append", is_flag=True, help="Add rows to an existing store.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that can't be loaded, and list them.")
@database_options
@output_options(default=None)
@click.pass_obj
def import_command(
    console: Console,
    file: str,
    store: str | None,
    database: str,
    types: str | None,
    nulls: Sequence[str],
    replace: bool,
    append: bool,
    skip_bad: bool,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Load a CSV, TSV, NDJSON or Parquet file into a store. If a line can't be loaded, nothing is, unless
    --skip-bad is given.

    \b
      sopvm db import flights.csv
      sopvm db import new.csv --store flights --append
      sopvm db import people.ndjson --into hr --types "born=date,pay=decimal(10,2)"
      zcat big.csv.gz | sopvm db import - --store big --null NA
      sopvm db import flights.parquet --into shared --db shared=duckdb:///flights.duckdb
    """
    from runtime.files import import_file, parse_types

    if replace and append:
        raise UsageError("C0102", "--replace and --append exclude each other", "give one of them")
    if file == STDIN and not store:
        raise UsageError("C0102", "rows from stdin need a store to go into", "--store NAME")
    declared = parse_types(types) if types else None
    mode: Mode = "replace" if replace else "append" if append else "create"
    title = "stdin" if file == STDIN else file
    config = load_config(home, databases)
    with (
        _on_disk(file) as path,
        connect_to_load(config, database, path, title) as target,
        progress_bar("loading") as bar,
    ):
        loaded = import_file(
            target,
            path,
            title=title,
            store=store,
            types=declared,
            nulls=nulls,
            mode=mode,
            skip_bad=skip_bad,
            progress=bar,
        )
    _report(console, title, loaded)


@contextmanager
def _on_disk(file: str) -> Iterator[Path]:
    """The file's path. Stdin is saved to a temporary file, because files are read twice."""
    if file != STDIN:
        yield Path(file)
        return
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        start = sys.stdin.buffer.read(1 << 16)
        ending = "parquet" if start.startswith(b"PAR1") else "ndjson" if JSON_START.match(start) else "csv"
        path = Path(folder) / f"stdin.{ending}"
        with path.open("wb") as stream:
            stream.write(start)
            copyfileobj(sys.stdin.buffer, stream)
        yield path


def _report(console: Console, file: str, loaded: Loaded) -> None:
    for bad in loaded.bad:
        console.note(f"{file}:{bad.line}: left out: {bad.reason}")
    if loaded.bad_count > len(loaded.bad):
        console.note(f"{file}: {loaded.bad_count - len(loaded.bad)} more lines left out")
    fields = ", ".join(f"{field.name} {field.type}" for field in loaded.fields)
    console.note(f"{loaded.store}: {loaded.rows} row{'' if loaded.rows == 1 else 's'} ({fields})")
