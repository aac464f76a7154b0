"""`sopvm db import`: a CSV, JSON or Parquet file → a store of a database: all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from runtime import MAIN, UsageError, connect_to_load
from runtime.console import (
    PATH,
    Console,
    ask_links,
    asked_about,
    database_options,
    link_options,
    load_config,
    output_options,
    progress_bar,
    reading,
    reading_options,
    show_report,
)

if TYPE_CHECKING:
    from runtime.files import Mode

STDIN = "-"


@click.command("import")
@click.argument("file", type=PATH)
@click.option("--store", metavar="NAME", help="Name of the store (default: the file's name).")
@click.option("--into", "database", metavar="DATABASE", default=MAIN, show_default=True, help="Name of the database.")
@click.option("--replace", is_flag=True, help="Replace an existing store.")
@click.option("--append", is_flag=True, help="Add rows to an existing store.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that can't be loaded, and list them.")
@reading_options
@link_options
@database_options
@output_options(default=None)
@click.pass_obj
def import_command(
    console: Console,
    /,
    file: str,
    store: str | None,
    database: str,
    replace: bool,
    append: bool,
    skip_bad: bool,
    key: str,
    references: Sequence[str],
    report: str,
    home: str | None,
    databases: Sequence[str],
    **options: Any,
) -> None:
    """Load a CSV, TSV, JSON, Parquet file or spreadsheet into a store, packed (.gz, .bz2, .xz, .zst, .zip) or not. If
    a line can't be loaded, nothing is, unless --skip-bad is given.

    \b
      sopvm db import flights.csv
      sopvm db import new.csv --store flights --append
      sopvm db import people.ndjson --into hr --types "born=date,pay=decimal(10,2)"
      sopvm db import big.csv.gz --null NA
      sopvm db import orders.csv --key order_no --references "cust_no=customers.cust_no"
      sopvm db import sales.xlsx --sheet "Sales 2026"
      sopvm db import "all.zip:2026/sales.csv" --encoding cp1252
      curl -fsSL https://example.org/data.json | sopvm db import - --store data --path data.items
      sopvm db import flights.parquet --into shared --db shared=duckdb:///flights.duckdb
    """
    from runtime.files import import_parts, parse_key, parse_references, prepared, unmet_settings

    if replace and append:
        raise UsageError("C0102", "--replace and --append exclude each other", "give one of them")
    if file == STDIN and not store:
        raise UsageError("C0102", "rows from stdin need a store to go into", "--store NAME")
    mode: Mode = "replace" if replace else "append" if append else "create"
    config = load_config(home, databases)
    ask = asked_about(console, file)
    source, read = reading(config, options, skip_bad=skip_bad, ask=ask)
    read |= {"key": parse_key(key), "references": parse_references(references)}
    with (
        prepared(file, store, source) as parts,
        connect_to_load(config, database, parts[0].path, parts[0].title) as target,
    ):
        with progress_bar("loading") as bar:
            every = import_parts(target, parts, mode=mode, skip_bad=skip_bad, progress=bar, **read)
        done = zip(parts, every, strict=True)
        show_report(console, report, ((loaded, part.title, f"{database}.{loaded.store}") for part, loaded in done))
        ask_links(target, ask, every)
        schemas = {database: target.schema()}
        console.unreadable(unmet_settings(schemas, config.stores, are_all=config.database_names() == [database]))
