"""`sopvm schedule`: scripts that run at certain times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from runtime.console import (
    App,
    Console,
    Lazy,
    add_schedule,
    coming_times,
    complete_script,
    database_options,
    key_values,
    load_config,
    output_options,
    pause_schedule,
    print_schedules,
    remove_schedules,
    resume_schedule,
    seconds_of,
)


@click.command("add")
@click.argument("script", shell_complete=complete_script)
@click.argument("args", nargs=-1, metavar="[PARAMETER=VALUE]...")
@click.option("--cron", required=True, metavar="TIMES", help="Minute, hour, day of month, month, weekday: '0 6 * * 1'.")
@click.option("--tz", "zone", default="UTC", show_default=True, metavar="ZONE", help="Whose clocks: Europe/Berlin.")
@click.option("--name", metavar="NAME", help="Of the schedule (default: the script's).")
@click.option("--missed", type=click.Choice(("skip", "once", "all")), default="once", show_default=True,
              help="Times at which no worker ran: none is made up for, one run for all of them, or each.")  # fmt: skip
@click.option("--overlap", type=click.Choice(("skip", "queue", "cancel")),
              help="While the run before goes on: leave this one out, let it wait, or end the one before "
              "(default: skip; queue with --missed all).")  # fmt: skip
@click.option("--retries", type=click.IntRange(0, 100), default=0, show_default=True, metavar="N",
              help="Of a run that failed, from the end of its last segment.")  # fmt: skip
@click.option("--backoff", default="10s", show_default=True, metavar="SPAN",
              help="Before the first retry; each next one waits twice as long.")  # fmt: skip
@database_options
@output_options(default=None)
@click.pass_obj
def add_command(
    console: Console,
    script: str,
    args: Sequence[str],
    cron: str,
    zone: str,
    name: str | None,
    missed: str,
    overlap: str | None,
    retries: int,
    backoff: str,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Run a script at certain times: NAME, NAME@VERSION or NAME@TAG. A `sopvm worker` or `sopvm serve` has to be there.

    \b
      sopvm schedule add audit_salary --cron '0 6 * * 1' --tz Europe/Berlin
      sopvm schedule add bill --name bill_monthly --cron '30 1 1 * *' month=last --retries 3 --backoff 1m
    """
    add_schedule(
        console,
        load_config(home, databases),
        name or script.partition("@")[0],
        script,
        key_values(args, "an argument"),
        cron,
        zone,
        missed=missed,
        overlap=overlap,
        retries=retries,
        backoff=seconds_of(backoff, "--backoff"),
    )


@click.command("ls")
@database_options
@output_options("table")
@click.pass_obj
def ls_command(console: Console, home: str | None, databases: Sequence[str], format_: str) -> None:
    """List the schedules, with their next times and last runs.

    \b
      sopvm schedule ls
    """
    print_schedules(console, load_config(home, databases), format_)


@click.command("next")
@click.argument("name")
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@database_options
@output_options("table")
@click.pass_obj
def next_command(
    console: Console, name: str, count: int, home: str | None, databases: Sequence[str], format_: str
) -> None:
    """Show the coming times of a schedule, in UTC and as its own clocks show them.

    \b
      sopvm schedule next audit_salary
    """
    coming_times(load_config(home, databases), name, count, format_)


def _of_a_schedule(function: Callable[..., None]) -> Callable[..., None]:
    """What the commands that change one schedule take."""
    return click.argument("name")(database_options(output_options(default=None)(click.pass_obj(function))))


@click.command("pause")
@_of_a_schedule
def pause_command(console: Console, name: str, home: str | None, databases: Sequence[str]) -> None:
    """Begin no run of a schedule until it is resumed. One that goes on ends.

    \b
      sopvm schedule pause audit_salary
    """
    pause_schedule(console, load_config(home, databases), name)


@click.command("resume")
@_of_a_schedule
def resume_command(console: Console, name: str, home: str | None, databases: Sequence[str]) -> None:
    """Go on with a schedule that was paused, from its next time.

    \b
      sopvm schedule resume audit_salary
    """
    resume_schedule(console, load_config(home, databases), name)


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@database_options
@output_options(default=None)
@click.pass_obj
def rm_command(console: Console, names: Sequence[str], home: str | None, databases: Sequence[str]) -> None:
    """Remove schedules. Their runs stay; one that goes on ends.

    \b
      sopvm schedule rm audit_salary
    """
    remove_schedules(console, load_config(home, databases), names)


schedule_group = App(
    "schedule",
    {
        "add": Lazy("runtime.commands.schedule:add_command", "Run a script at certain times."),
        "ls": Lazy("runtime.commands.schedule:ls_command", "List the schedules."),
        "next": Lazy("runtime.commands.schedule:next_command", "Show the coming times of a schedule."),
        "pause": Lazy("runtime.commands.schedule:pause_command", "Begin no run of a schedule for a while."),
        "resume": Lazy("runtime.commands.schedule:resume_command", "Go on with a schedule that was paused."),
        "rm": Lazy("runtime.commands.schedule:rm_command", "Remove schedules."),
    },
    help="""Run scripts at certain times.

\b
  sopvm schedule add audit_salary --cron '0 6 * * 1' --tz Europe/Berlin
  sopvm schedule ls
  sopvm worker
""",
)
