"""`sopvm db look`: a file or a store → the report of an import, and nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from runtime import MAIN, connector
from runtime.console import (
    Console,
    asked_about,
    database_options,
    load_config,
    output_options,
    reading,
    reading_options,
    show_report,
)


@click.command("look")
@click.argument("target", metavar="FILE|STORE")
@reading_options
@database_options
@output_options(default=None)
@click.pass_obj
def look_command(
    console: Console, /, target: str, report: str, home: str | None, databases: Sequence[str], **options: Any
) -> None:
    """Show how an import would read a file, or what the text fields of a store hold. Nothing is loaded.

    \b
      sopvm db look sales.csv
      sopvm db look sales.csv --date-order dmy --report json
      sopvm db look flights
      sopvm db look hr.employees
    """
    from runtime.files import look_at_file, look_at_store, prepared

    config = load_config(home, databases)
    if Path(target.partition(".zip:")[0]).suffix and (target.partition(".zip:")[1] or Path(target).exists()):
        source, read = reading(config, options, ask=asked_about(console, target))
        with prepared(target, None, source) as parts:
            every = [(look_at_file(part, **read), part.title, part.store) for part in parts]
        show_report(console, report, every, look=True)
        return
    database, dot, store = target.partition(".")
    if not dot or database not in config.database_names():
        database, store = MAIN, target
    opened = connector(config, read_only=True)(database)
    try:
        looked = look_at_store(opened, store)
    finally:
        opened.close()
    show_report(console, report, [(looked, f"{database}.{looked.store}", "")], look=True)
