"""`sopvm record`: steps done one by one on real data → a script."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from runtime.console.console import Console
from runtime.console.options import database_options, load_config, output_options


@click.command("record")
@click.argument("name", required=False)
@click.option("--uses", metavar="DB[,DB]", help="Databases that steps may use (default: all that can be opened).")
@click.option("--ls", "list_", is_flag=True, help="List the recordings under way.")
@click.option(
    "--translator", type=click.Choice(["model", "patterns"]), envvar="SOP_TRANSLATOR", help="What translates English."
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
    from runtime.connect import connector
    from runtime.library.store import Library
    from runtime.record import commands, terminal
    from runtime.record.recorder import Recorder
    from runtime.record.repl import Repl
    from runtime.record.sessions import Sessions
    from sopc.commands.questions import asked_at
    from sopc.listener import ProgressListener
    from sopc.syntax.grammar import reserved_words
    from sopc.workflow.prepare import Options

    config = load_config(home, databases)
    sessions = Sessions(config.home)
    if list_:
        for each in sessions.names():
            click.echo(each)
        return 0
    if name is None:
        raise click.UsageError("a recording needs the name of its script")
    with sessions.alone(name), Library.open(config.home) as library:
        if name in sessions.names() and uses is None:
            session = sessions.load(name)
            console.note(f"going on with {name}: {len(session.steps)} steps so far")
        else:
            session = sessions.begin(name, tuple(filter(None, (uses or "").split(","))))
        read, at_terminal = terminal.reader(
            sessions.folder / "history",
            lambda text: commands.completions(repl, text),
            reserved_words(),
            console.note,
        )
        ask = asked_at(console) if at_terminal else None
        translation = Options(translator, model, ask=ask, listener=ProgressListener(console.note))
        recorder = Recorder(session, config, library, connector(config), sessions.save, translation=translation)
        chosen = format_ or ("table" if sys.stdout.isatty() else "jsonl")
        repl = Repl(console, config, library, sessions, recorder, chosen, read, commands.run, terminal=at_terminal)
        if at_terminal:
            console.note("steps in English or DSL; ? looks, /help lists the commands, /stop ends")
        return repl.run()
