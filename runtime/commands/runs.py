"""`sopvm runs`, `inspect`, `resume`, `answer`, `retry` and `cancel`: runs that are kept in a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import click

from runtime.console import (
    LIST_FORMATS,
    Console,
    cancel_run,
    database_options,
    durability_option,
    go_on_with,
    inspect_run,
    list_runs,
    load_config,
    output_options,
    run_options,
    show_logs,
    utc_time,
)

STATUSES: Final = ("pending", "running", "interrupted", "waiting", "ok", "failed", "cancelled")
_ANSWERS: Final = click.option(
    "--answer", "answers", metavar="STEP=VALUE", multiple=True, help="Answer the question of a step."
)
_RUN: Final = click.argument("run", metavar="RUN")


@click.command("runs")
@click.option("--script", metavar="NAME", help="Only runs of this script.")
@click.option("--status", type=click.Choice(STATUSES), help="Only runs with this status.")
@click.option(
    "--since",
    metavar="TIME",
    callback=utc_time,
    help="Only runs that began then or later, such as 2026-01-31 or …T08:00.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="The newest so many of each database."
)
@database_options
@output_options("table")
@click.pass_obj
def runs_command(console: Console, /, home: str | None, databases: Sequence[str], format_: str, **which: Any) -> None:
    """List the runs that are kept, newest first: those that commit or ask, in whatever database they are.

    \b
      sopvm runs
      sopvm runs --script reorder_low_stock --status waiting -f jsonl
      sopvm runs --db main=sqlite:///shop.db
    """
    list_runs(console, load_config(home, databases), format_, **which)


@click.command("inspect")
@_RUN
@database_options
@output_options(formats=LIST_FORMATS)
@click.pass_obj
def inspect_command(console: Console, run: str, home: str | None, databases: Sequence[str], format_: str) -> None:
    """Show the calls under way in a kept run at the end of its last segment, the innermost first, each with its
    script, step, line, English sentence and variables. A run that is going on may be past that by now.

    \b
      sopvm inspect 01JD2Z9GQ0V3X5K7M8N1P4R6T8
    """
    inspect_run(console, load_config(home, databases), run, format_)


@click.command("logs")
@_RUN
@click.option("--follow", is_flag=True, help="Go on printing until the run has ended.")
@click.option("--after", type=click.IntRange(0), default=0, metavar="SEQ", help="Only lines after that number.")
@database_options
@output_options(None)
@click.pass_obj
def logs_command(
    console: Console, run: str, home: str | None, databases: Sequence[str], follow: bool, after: int
) -> None:
    """Print the output of a kept run as JSON lines, for runs that ask, are detached or have an --id. Only committed
    lines are printed, each once.

    \b
      sopvm logs 01JD2Z9GQ0V3X5K7M8N1P4R6T8
      sopvm logs bill-17 --follow --after 200
    """
    show_logs(load_config(home, databases), run, after=after, follow=follow)


@click.command("resume")
@_RUN
@_ANSWERS
@durability_option
@database_options
@output_options()
@click.pass_obj
def resume_command(
    console: Console,
    run: str,
    answers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
    format_: str,
    relaxed: bool | None,
) -> int:
    """Go on with a run whose process ended, from the end of its last segment. `sopvm runs` lists it as interrupted or
    waiting.

    \b
      sopvm resume 01JD2Z9GQ0V3X5K7M8N1P4R6T8
      sopvm resume 01JD2Z9GQ0V3X5K7M8N1P4R6T8 --answer 3.1=true
    """
    return go_on_with(console, load_config(home, databases), run, "resume", format_, answers=answers, relaxed=relaxed)


@click.command("answer")
@_RUN
@click.argument("value")
@_ANSWERS
@durability_option
@database_options
@output_options()
@click.pass_obj
def answer_command(
    console: Console,
    run: str,
    value: str,
    answers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
    format_: str,
    relaxed: bool | None,
) -> int:
    """Answer the question that a run waits with, and go on with the run. A value that does not fit changes nothing.

    \b
      sopvm answer 01JD2Z9GQ0V3X5K7M8N1P4R6T8 yes
    """
    config = load_config(home, databases)
    return go_on_with(console, config, run, "answer", format_, answers=answers, value=value, relaxed=relaxed)


@click.command("retry")
@_RUN
@_ANSWERS
@run_options
@durability_option
@database_options
@output_options()
@click.pass_obj
def retry_command(
    console: Console,
    /,
    run: str,
    answers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
    format_: str,
    trace: bool,
    relaxed: bool | None,
    **limits: Any,
) -> int:
    """Go on with a run that failed or was cancelled, from the end of its last segment, once the cause is gone. Limits
    count from there.

    \b
      sopvm retry 01JD2Z9GQ0V3X5K7M8N1P4R6T8
      sopvm retry 01JD2Z9GQ0V3X5K7M8N1P4R6T8 --max-rows 1000
    """
    config = load_config(home, databases)
    return go_on_with(
        console, config, run, "retry", format_, answers=answers, limits=limits, trace=trace, relaxed=relaxed
    )


@click.command("cancel")
@_RUN
@database_options
@output_options(None)
@click.pass_obj
def cancel_command(console: Console, run: str, home: str | None, databases: Sequence[str]) -> None:
    """End a run that waits, was interrupted or is going on in another process: what it committed stays, and the segment
    under way is undone.

    \b
      sopvm cancel 01JD2Z9GQ0V3X5K7M8N1P4R6T8
    """
    cancel_run(console, load_config(home, databases), run)
