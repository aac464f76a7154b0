"""`sopvm run`: a stored script and its arguments → a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from runtime.console import (
    Console,
    complete_script,
    database_options,
    execute,
    key_values,
    load_config,
    output_options,
    run_options,
)


@click.command("run")
@click.argument("name", shell_complete=complete_script)
@click.argument("args", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--dry-run", is_flag=True, help="Run, then roll back; report what would have changed.")
@click.option("--answer", "answers", metavar="STEP=VALUE", multiple=True, help="Answer the question of a step.")
@run_options
@database_options
@output_options()
@click.pass_obj
def run_command(
    console: Console,
    /,
    name: str,
    args: Sequence[str],
    answers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
    format_: str,
    **options: Any,
) -> int:
    """Run a script: NAME, NAME@VERSION or NAME@TAG. It prints what it emits on stdout, one JSON object a line.

    \b
      sopvm run audit_salary
      sopvm run audit_salary dept=Sales floor=90000 -f table
      sopvm run audit_salary@1 --db hr=sqlite:///copy.db
      sopvm run reorder_low_stock --dry-run
      sopvm run reorder_low_stock --answer 3.1=true
    """
    from runtime.library import Library

    config = load_config(home, databases)
    with Library.open(config.home) as library:
        given = key_values(args, "an argument")
        return execute(console, library, name, given, config, format_, answers=answers, **options)
