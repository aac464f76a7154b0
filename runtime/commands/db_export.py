"""`sopvm db export`: a store or a query → a file in one of the formats: all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import click

from runtime import Config, UsageError
from runtime.console import (
    PATH,
    STDOUT,
    Console,
    database_options,
    execute,
    load_config,
    output_options,
    text_or_stdin,
)
from runtime.output import format_of

_FORMATS: Final = {"ndjson": "records", "json": "array"}  # what is called otherwise here
_QUERY: Final = re.compile(r"\s*from\b", re.IGNORECASE)


@click.command("export")
@click.argument("what", metavar="STORE|QUERY")
@click.argument("file", type=PATH)
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["csv", "ndjson", "json", "parquet", "xlsx", "tsv", "md", "csv-safe"]),
    help="Format (default: by FILE's ending).",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for old spreadsheets.")
@database_options
@output_options(default=None)
@click.pass_obj
def export_command(
    console: Console,
    what: str,
    file: str,
    format_: str | None,
    force: bool,
    bom: bool,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Write a store, or the rows of a query, to a file; `-` is stdout and needs -f.

    Outside `main`, write a store as DATABASE.STORE.

    \b
      sopvm db export flights flights.csv
      sopvm db export hr.employees people.parquet --force
      sopvm db export "from flights where distance > 2000 select carrier, distance" far.ndjson
      sopvm db export flights flights.xlsx
      sopvm db export flights - -f csv | gzip > flights.csv.gz
    """
    from runtime.library import Overlay
    from sopc.workflow import compile_query, open_context, provenance_of

    if format_ is None and file == STDOUT:
        raise UsageError("C0102", "stdout has no file ending to tell the format by", "-f csv, -f ndjson or -f parquet")
    chosen = format_of(file) if format_ is None else _FORMATS.get(format_, format_)
    config = load_config(home, databases)
    with open_context(config, read_only=True) as context, context.library:
        query = text_or_stdin(what)
        compiled = compile_query(query if _QUERY.match(query) else _whole(query, config), context)
        console.unreadable([*context.failures, *context.unmet()])
        library = Overlay(context.library, compiled.items(provenance_of(compiled.source)))
        name = compiled.modules[0].signature.name
        return execute(console, library, name, {}, config, chosen, read_only=True, file=file, force=force, bom=bom)


def _whole(name: str, config: Config) -> str:
    """The query for a whole store."""
    from sopc.syntax import name as quoted

    database, dot, store = name.partition(".")
    if dot and database in config.database_names():
        return f"from {quoted(database)}.{quoted(store)}"
    return f"from {quoted(name)}"
