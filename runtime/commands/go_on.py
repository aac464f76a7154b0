"""`sopvm resume`, `answer`, `retry` and `cancel`: a kept run → the run, from the end of its last segment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec import UNSET, structs

from runtime.commands.console import Console
from runtime.commands.execute import connector, run_options, shown, terminal
from runtime.commands.options import database_options, key_values, load_config, output_options, utf8
from runtime.errors import RunError, UsageError
from runtime.runs.run import RunOptions

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.databases.protocol import Database
    from runtime.runs.go_on import KeptRun

_ANSWERS = click.option(
    "--answer", "answers", metavar="STEP=VALUE", multiple=True, help="Answer the question of a step."
)


@click.command("resume")
@click.argument("run", metavar="RUN")
@_ANSWERS
@database_options
@output_options()
@click.pass_obj
def resume_command(
    console: Console, run: str, answers: Sequence[str], home: str | None, databases: Sequence[str], format_: str
) -> int:
    """Go on with a run whose process ended, from the end of its last segment. `sopvm runs` lists it as interrupted or
    waiting.

    \b
      sopvm resume 01JD2Z9GQ0V3X5K7M8N1P4R6T8
      sopvm resume 01JD2Z9GQ0V3X5K7M8N1P4R6T8 --answer 3.1=true
    """
    given = RunOptions(answers=key_values(answers, "an answer to a step"))
    return _go_on(console, run, load_config(home, databases), format_, ("running", "waiting", "pending"), given)


@click.command("answer")
@click.argument("run", metavar="RUN")
@click.argument("value")
@_ANSWERS
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
) -> int:
    """Answer the question that a run waits with, and go on with the run. A value that does not fit changes nothing.

    \b
      sopvm answer 01JD2Z9GQ0V3X5K7M8N1P4R6T8 yes
    """
    from runtime.runs.answers import accepted
    from runtime.runs.go_on import question

    given = RunOptions(answers=key_values(answers, "an answer to a step"))

    def answered(kept: KeptRun) -> Any:
        asked = question(kept)
        try:
            return accepted(asked, utf8(value))
        except RunError as error:
            raise UsageError("V0404", f"the answer to step {asked.step}: {error.message}") from error

    return _go_on(console, run, load_config(home, databases), format_, ("waiting",), given, answered)


@click.command("retry")
@click.argument("run", metavar="RUN")
@_ANSWERS
@run_options
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
    **limits: Any,
) -> int:
    """Go on with a run that failed or was cancelled, from the end of its last segment, once the cause is gone. Limits
    count from there.

    \b
      sopvm retry 01JD2Z9GQ0V3X5K7M8N1P4R6T8
      sopvm retry 01JD2Z9GQ0V3X5K7M8N1P4R6T8 --max-rows 1000
    """
    given = {name: value for name, value in limits.items() if value is not None}
    options = RunOptions(
        answers=key_values(answers, "an answer to a step"), trace=sys.stderr if trace else None, **given
    )
    return _go_on(console, run, load_config(home, databases), format_, ("failed", "cancelled"), options)


@click.command("cancel")
@click.argument("run", metavar="RUN")
@database_options
@output_options(None)
@click.pass_obj
def cancel_command(console: Console, run: str, home: str | None, databases: Sequence[str]) -> None:
    """End a run that waits, or stop one that is going on: what it committed stays, its open segment is undone.

    \b
      sopvm cancel 01JD2Z9GQ0V3X5K7M8N1P4R6T8
    """
    from runtime.runs.go_on import cancel
    from runtime.runs.places import find_place

    place = find_place(load_config(home, databases), run)
    with place.store(read_only=False) as store:
        assert store is not None
        cancel(store, run)


def _go_on(
    console: Console,
    run: str,
    config: Config,
    format_: str,
    statuses: Sequence[str],
    options: RunOptions,
    answered: Callable[[KeptRun], Any] | None = None,
) -> int:
    """answered: gives the answer to the open question."""
    from runtime.library.store import Library
    from runtime.output.formats import open_writer
    from runtime.runs.go_on import check_status, go_on, read_run
    from runtime.runs.places import find_place, runs_place

    place = find_place(config, run)
    with Library.open(config.home) as library:
        with place.store() as store:
            assert store is not None
            check_status(store, run, statuses)
            kept = read_run(store, run, library)
            answer = UNSET if answered is None else answered(kept)
        writes = bool(kept.linked.root.effects.writes)
        writer = open_writer(format_, sys.stdout.buffer, buffer_until_commit=writes)
        chosen = structs.replace(options, prompt=terminal())
        others = connector(config)

        def databases(name: str) -> Database:
            return place.open() if name == kept.pinned.home else others(name)

        def runs() -> Database:
            return runs_place(config).open()

        return shown(console, lambda: go_on(kept, statuses, databases, runs, writer, chosen, library, answer))
