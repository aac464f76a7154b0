"""A script's name, arguments and settings → its run: lines on stdout, errors on stderr, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.config import FULL, RELAXED
from runtime.connect import connector
from runtime.console.console import Console
from runtime.console.options import key_values
from runtime.errors import SopError
from runtime.runs.run import Outcome, RunOptions, run
from runtime.runs.schemas import SchemaChanged

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.library.store import Library
    from runtime.output.writer import Writer
    from runtime.runs.answers import Prompt
    from runtime.runs.keep import Keep
    from runtime.vm.backtrace import Location, Trace
    from runtime.vm.output import Question

SLOW_SECONDS: Final = 1.0  # a run that has shown nothing for so long is told of


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the limits of a run, and --trace: what `execute` takes.

    Args:
        function: The command.

    Returns:
        The command with the options.
    """
    for name, kind, text in (
        ("--max-depth", click.IntRange(1), "Calls inside calls (default 10000)."),
        ("--max-seconds", click.FloatRange(0, min_open=True), "Stop the run after this time."),
        ("--max-rows", click.IntRange(0), "Stop the run after reading this many rows."),
        ("--max-instructions", click.IntRange(1), "Stop the run after this many instructions."),
    ):
        function = click.option(name, type=kind, metavar="N", help=text)(function)
    return click.option("--trace", is_flag=True, help="Print each instruction with its operands on stderr.")(function)


def durability_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --durability: whether a run that is kept waits for the disk.

    Args:
        function: The command; it gets `relaxed`, None where nothing was said.

    Returns:
        The command with the option.
    """
    return click.option(
        "--durability",
        "relaxed",
        type=click.Choice((FULL, RELAXED)),
        envvar="SOP_DURABILITY",
        callback=lambda context, parameter, value: None if value is None else value == RELAXED,
        help="Whether a run that is kept waits for the disk (full), or may lose its last moments in a power cut.",
    )(function)


def execute(
    console: Console,
    library: Library,
    name: str,
    args: Mapping[str, str],
    config: Config,
    format_: str,
    *,
    answers: Sequence[str] = (),
    trace: bool = False,
    keep: Keep | None = None,
    file: str | None = None,
    force: bool = False,
    bom: bool = False,
    **options: Any,
) -> int:
    """Run a script, with its lines on stdout or in a file and its errors on stderr.

    Args:
        console: Where errors go.
        library: With the script.
        name: NAME, NAME@VERSION or NAME@TAG.
        args: As given in the shell, by parameter.
        config: The settings.
        format_: Of the lines.
        answers: As given in the shell, STEP=VALUE.
        trace: Print each instruction on stderr.
        keep: How the run is kept; None for the usual way.
        file: Where lines go; None for stdout. It is written only if the run ends well.
        force: Replace a file that is there.
        bom: Begin with a byte order mark.
        options: Of RunOptions; None where not given.

    Returns:
        The exit code.

    Raises:
        UsageError: The script does not exist, the format can't be written here (C0102, D0105, V0502), or the file
            can't (D0508, D0509).
    """
    from runtime.console.destination import STDOUT, Failed, check_binary, destination
    from runtime.output.formats import open_writer

    given = {"relaxed": config.relaxed, **{key: value for key, value in options.items() if value is not None}}
    effects = library.resolve(name).effects
    chosen = RunOptions(
        answers=key_values(answers, "an answer to a step"),
        prompt=terminal(),
        trace=sys.stderr if trace else None,
        keep=keep or (keeping(library, config) if effects.asks or effects.commits else None),
        warn=lambda text: console.note(f"warning: {text}"),
        **given,
    )
    check_binary(format_, file or STDOUT)
    try:
        with destination(file or STDOUT, force) as stream:
            writer = open_writer(format_, stream, buffer_until_commit=bool(effects.writes), bom=bom)
            with _told_when_slow(console, name, writer):
                code = shown(console, lambda: run(library, name, args, connector(config), writer, chosen))
            if code and file is not None:
                raise Failed(code)
    except Failed as failed:
        return failed.exit_code
    if file is not None:
        console.note(f"{file}: {writer.records:,} row{'' if writer.records == 1 else 's'}")
    return code


@contextmanager
def _told_when_slow(console: Console, name: str, writer: Writer) -> Iterator[None]:
    """Say on a terminal what is being done, if the block shows nothing for a second."""
    if not sys.stderr.isatty():
        yield
        return
    from threading import Timer  # for people only

    def tell() -> None:
        if not (writer.records or writer.ended):
            console.note(f"running {name} … (Ctrl-C stops it and undoes what is not committed)")

    timer = Timer(SLOW_SECONDS, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def keeping(library: Library, config: Config, run: str | None = None, *, detached: bool = False) -> Keep:
    """Return how runs are kept. run: the run's id, where it is given."""
    from runtime.runs.keep import Keep  # of use to scripts that commit or ask only
    from runtime.runs.places import runs_place

    return Keep(library, lambda: runs_place(config).open(create=True), run, detached=detached)


def shown(console: Console, go: Callable[[], Outcome]) -> int:
    """Run, print what went wrong on stderr, and return the exit code."""
    try:
        outcome = go()
    except SchemaChanged as changed:
        for error, where in changed.each():
            _show(console, error, where)
        return changed.exit_code
    if outcome.error is not None:
        _show(console, outcome.error, outcome.trace)
    return outcome.exit_code


def terminal() -> Prompt | None:
    """What asks a person; None where there is no terminal."""
    return prompt if sys.stdin.isatty() and sys.stderr.isatty() else None


def _show(console: Console, error: SopError, where: Trace | None) -> None:
    places = [_shown(place) for place in (where.place, *where.calls)] if where else []
    console.error(error, places, where.to_json() if where else {})


def _shown(place: Location) -> str:
    """A place as `payroll.sop:7:9, step 2.1 of process_payroll (sentence 2)`."""
    file = f"{place.file}:{place.line}:{place.column}, " if place.file and place.line else ""
    sentence = f" (sentence {place.sentence})" if place.sentence is not None else ""
    step = f"step {place.step} of " if place.step else ""
    return f"{file}{step}{place.script}{sentence}"


def prompt(question: Question) -> str | None:
    """Ask on the terminal. An empty line, or the end of the input, takes the default if there is one."""
    if question.problem:
        click.echo(question.problem, err=True)
    choices = f" ({', '.join(map(str, question.choices))})" if question.choices else ""
    try:
        text = f"{question.text}{choices}"
        suffix = " " if text.endswith(("?", ":", ".")) else ": "
        return str(click.prompt(text, default="", show_default=False, prompt_suffix=suffix, err=True))
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):
            click.echo(err=True)
            return None
        raise
