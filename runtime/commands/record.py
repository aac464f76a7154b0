"""`sopvm record`: steps done one by one on real data → a script."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from runtime.console import Console, asked_at, database_options, load_config, output_options


@click.command("record")
@click.argument("name", required=False)
@click.option("--uses", metavar="DB[,DB]", help="Databases that steps may use (default: all that can be opened).")
@click.option("--ls", "list_", is_flag=True, help="List the recordings under way.")
@click.option(
    "--translator",
    type=click.Choice(["model", "command", "local", "patterns"]),
    envvar="SOP_TRANSLATOR",
    help="What translates English.",
)
@click.option("--model", metavar="NAME", envvar="SOP_MODEL", help="Model that translates (default: sop.toml).")
@database_options
@output_options(default=None)
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["jsonl", "records", "table"]),
    envvar="SOP_FORMAT",
    help="How records are written on stdout (default: table on a terminal, else jsonl).",
)
@click.pass_obj
def record_command(
    console: Console,
    name: str | None,
    uses: str | None,
    list_: bool,
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
    format_: str | None,
) -> int:
    """Work step by step, in English or DSL; the steps that took effect become the script NAME.

    Each step runs on the real data in a transaction that is rolled back: nobody else sees it, and nothing is locked
    between steps. Failed steps, `?` looks at the data and undone steps leave no trace in the script. /help lists the
    commands. To continue a recording, give its name again.

    \b
      sopvm record big_orders
      1> Show the orders whose total is above 100.
      2> ? from orders limit 3
      2> /param 1.100 as floor
      2> /stop
      sopvm record big_orders < steps.txt
    """
    from runtime.record import Sessions, record_steps
    from sopc.workflow import Options, ProgressListener

    config = load_config(home, databases)
    if list_:
        for each in Sessions(config.home).names():
            click.echo(each)
        return 0
    if name is None:
        raise click.UsageError("a recording needs the name of its script")

    def translation(at_terminal: bool) -> Options:
        ask = asked_at(console) if at_terminal else None
        return Options(translator, model, ask=ask, listener=ProgressListener(console.note))

    chosen = format_ or ("table" if sys.stdout.isatty() else "jsonl")
    return record_steps(name, uses, console, config, chosen, translation)
