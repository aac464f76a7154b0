"""`sopvm worker`: databases that hold kept runs → processes that go on with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import click

from runtime import Config
from runtime.console import Console, database_options, drain_option, load_config, output_options, work


@click.command("worker")
@click.argument("names", metavar="[DATABASE]...", nargs=-1)
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="How many runs at a time.")
@click.option("--until-idle", is_flag=True, help="End when there is no run to take.")
@drain_option
@database_options
@output_options(None)
@click.pass_obj
def worker_command(
    console: Console,
    names: Sequence[str],
    processes: int,
    until_idle: bool,
    drain: str | None,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Take runs that are pending, were interrupted or have their answer, and go on with them, on as many machines as
    there are: of every database of the settings, or of those named. It prints a JSON line for each run that it ends or
    gives back. `sopvm run --detach` leaves runs to workers where one serves the database.

    SIGTERM lets the segment under way end, for as long as --drain says, and gives the run back; a second one ends at
    once.

    \b
      sopvm worker --db main=postgresql://db.example/shop --processes 4
      sopvm worker --until-idle
    """
    config = load_config(home, databases)
    why_ended = _why_ended(config)
    return work(config, names, processes=processes, until_idle=until_idle, drain=drain, why_ended=why_ended)


def _why_ended(config: Config) -> Callable[[str], str | None]:
    """Why the runs of a token of this folder have to end."""
    if find_spec("starlette") is None:  # without it there is no server, so no token
        return lambda token: None
    from runtime.api import Tokens

    return Tokens(config.home).why_ended
