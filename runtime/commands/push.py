"""`sopvm push`: a script → the database where runs of it are kept, for machines without the library."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runtime.console import complete_script, database_options, load_config, output_options, print_rows, push_script


@click.command("push")
@click.argument("name", shell_complete=complete_script)
@click.argument("database", required=False)
@database_options
@output_options("table")
@click.pass_obj
def push_command(
    console: object, name: str, database: str | None, home: str | None, databases: Sequence[str], format_: str
) -> None:
    """Put a script, and all that it calls, into the database that it writes, or into DATABASE. `sopvm run` on another
    machine with that database in its settings takes it from there, when its library has no script of that name.

    \b
      sopvm push reorder_low_stock
      sopvm push audit_salary shared --db shared=postgresql://db.example/shop
    """
    pushed = push_script(load_config(home, databases), name, database)
    print_rows(("script", "version"), [[script, version] for script, version in pushed.items()], format_)
