"""`sopvm run`: a stored script and its arguments → a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from runtime import UsageError
from runtime.console import (
    Console,
    ScriptCommand,
    complete_parameter,
    complete_script,
    database_options,
    durability_option,
    execute,
    file_options,
    key_values,
    load_config,
    output_options,
    pull_script,
    run_kept,
    run_options,
)


@click.command("run", cls=ScriptCommand)
@click.argument("name", shell_complete=complete_script)
@click.argument("args", nargs=-1, metavar="[PARAMETER=VALUE]...", shell_complete=complete_parameter)
@click.option("--dry-run", is_flag=True, help="Run, then roll back; report what would have changed.")
@click.option("--answer", "answers", metavar="STEP=VALUE", multiple=True, help="Answer the question of a step.")
@click.option("--detach", is_flag=True, help="Run in a process of its own; print the id of the run.")
@click.option("--id", "run_id", metavar="ID", help="The run's id: the same request, made again, is done once.")
@durability_option
@run_options
@database_options
@output_options()
@file_options
@click.pass_obj
def run_command(
    console: Console,
    /,
    name: str,
    args: Sequence[str],
    answers: Sequence[str],
    detach: bool,
    run_id: str | None,
    home: str | None,
    databases: Sequence[str],
    format_: str,
    **options: Any,
) -> int:
    """Run a script: NAME, NAME@VERSION or NAME@TAG. It prints what it emits on stdout: as a table on a terminal, else
    one JSON object a line. With --help after NAME, its parameters, effects and questions are shown.

    \b
      sopvm run audit_salary
      sopvm run audit_salary --help
      sopvm run audit_salary dept=Sales floor=90000 -f csv
      sopvm run audit_salary -o audit.xlsx
      sopvm run audit_salary@1 --db hr=sqlite:///copy.db
      sopvm run reorder_low_stock --dry-run
      sopvm run reorder_low_stock --answer 3.1=true
      sopvm run reorder_low_stock --detach
      sopvm run bill order=17 --id bill-17
    """
    from runtime.library import Library

    config = load_config(home, databases)
    given = key_values(args, "an argument")
    with Library.open(config.home) as library:
        pull_script(library, config, name)
        if run_id is not None or detach:
            if options["file"] is not None:
                raise UsageError("C0101", "the lines of a run with an id go to stdout", "leave out -o")
            return run_kept(
                console, library, name, given, config, format_, run_id, detach=detach, answers=answers, **options
            )
        return execute(console, library, name, given, config, format_, answers=answers, **options)
