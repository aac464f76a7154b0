"""Options and argument types that several commands share, and the settings and library they select."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.errors import SopError, UsageError

if TYPE_CHECKING:
    from runtime.config import Config

LIST_FORMATS: Final = ("jsonl", "records", "json", "csv", "table")  # of what commands list
RUN_FORMATS: Final = (*LIST_FORMATS, "array", "csv-safe", "tsv", "md", "xlsx", "parquet", "chart")  # of a run
AUTO: Final = "auto"
PATH = click.Path(readable=False)  # accepts any text; it only makes the shell complete file names
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def output_options(default: str | None = AUTO, formats: Sequence[str] = RUN_FORMATS) -> Decorator:
    """Add `-f` and `--errors`: the same for every command.

    Args:
        default: The format of `-f`; None to leave `-f` out. AUTO: by the name of the file of `-o`, else a table on a
            terminal and JSON lines elsewhere.
        formats: What `-f` takes.

    Returns:
        A decorator of commands.
    """
    auto = default == AUTO

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "--errors",
            type=click.Choice(["text", "json"]),
            envvar="SOP_ERRORS",
            expose_value=False,  # app.py reads it before the command line is parsed
            help="How errors are written on stderr (default: text).",
        )(function)
        if default is None:
            return function
        return click.option(
            "-f",
            "--format",
            "format_",
            type=click.Choice(formats if auto else LIST_FORMATS),
            default=None if auto else default,
            callback=_chosen_format if auto else None,
            envvar="SOP_FORMAT",
            show_default="table on a terminal, else jsonl" if auto else True,
            help="How data is written on stdout.",
        )(function)

    return decorate


def _chosen_format(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """The format that is given on the command line, else that of the file of `-o`, else of SOP_FORMAT, else the
    default."""
    file = context.params.get("file")
    given = context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
    if file is not None and not given:
        from runtime.output.formats import format_of

        return format_of(file)
    return value or ("table" if sys.stdout.isatty() else "jsonl")


def home_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--home`.

    Args:
        function: The command.

    Returns:
        The command with the option.
    """
    return click.option(
        "--home",
        metavar="DIR",
        envvar="SOP_HOME",
        help="Folder of the library (default: the nearest .sop/ upwards, else ./.sop).",
    )(function)


def database_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--home` and `--db`.

    Args:
        function: The command.

    Returns:
        The command with the options.
    """
    return home_option(
        click.option(
            "--db",
            "databases",
            metavar="NAME=URL",
            multiple=True,
            envvar="SOP_DB",
            help="The database that a name means, e.g. hr=sqlite:///hr.db; overrides sop.toml. May be repeated.",
        )(function)
    )


def load_config(home: str | None, databases: Sequence[str] = (), folder: Path | None = None) -> Config:
    """Return the settings that the options of a command select.

    Args:
        home: Of --home.
        databases: Of --db, NAME=URL.
        folder: From which they are looked up; None for the working folder.
    """
    from runtime.config import Config

    return Config.load(home, databases, folder)


def complete_script(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of stored scripts, for the shell.

    Args:
        context: Of the command, for its --home.
        _: The parameter.
        incomplete: What was typed.

    Returns:
        Names; none if there is an error, because completion can't show it.
    """
    from runtime.library.store import Library

    try:
        with Library.open(load_config(context.params.get("home")).home, read_only=True) as library:
            return [name for name in library.names() if name.startswith(incomplete)]
    except SopError:
        return []


def seconds_of(text: str, option: str, least: int = 1) -> int:
    """Parse a span of time.

    Args:
        text: A number and s, m, h, d or w, such as 30d.
        option: That takes it, for the hint.
        least: Seconds that it takes.

    Returns:
        Seconds.

    Raises:
        UsageError: C0102 for anything else.
    """
    from runtime.config import span_seconds

    seconds = span_seconds(text)
    if seconds is None or seconds < least:
        raise UsageError("C0102", f"{text!r} is not a span of time", f"{option} 30d; s, m, h, d or w")
    return seconds


def key_values(texts: Sequence[str], what: str) -> dict[str, str]:
    """Parse `k=v` texts.

    Args:
        texts: As given in the shell.
        what: They are, for messages.

    Returns:
        Values by key, in order.

    Raises:
        UsageError: C0102 for a text without `=`, or a key given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = utf8(text).partition("=")
        if not (key and equals):
            raise UsageError("C0102", f"{text!r} is not {what}", f"{key or 'name'}=VALUE")
        if key in found:
            raise UsageError("C0102", f"{key} is given twice", "give it once")
        found[key] = value
    return found


def text_or_stdin(text: str) -> str:
    """Return the text; for `-`, the text on stdin.

    Args:
        text: As given in the shell.
    """
    if text != "-":
        return utf8(text)
    from sopc import pipeline
    from sopc.source import STDIN

    return pipeline.read(STDIN).text


def utf8(text: str) -> str:
    """Return the text if it is valid UTF-8.

    Args:
        text: As given in the shell.

    Raises:
        UsageError: C0105 when the command line holds other bytes.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode(errors="surrogateescape").decode(errors="replace")
        raise UsageError(
            "C0105", f"{shown!r:.60} is not UTF-8 text", "use a UTF-8 locale, or put it in a file"
        ) from error
    return text


def dialect_option(function: click.decorators.FC) -> click.decorators.FC:
    """Add the option that says what SQL is written in.

    Args:
        function: The command.

    Returns:
        The command with the option.
    """
    return click.option(
        "--dialect",
        type=click.Choice(["sqlite", "duckdb", "postgres"]),
        help="The engine that SQL was written for (default: that of the database).",
    )(function)


def translation_options(function: click.decorators.FC) -> click.decorators.FC:
    """Add the options that choose how English is translated.

    Args:
        function: The command.

    Returns:
        The command with the options.
    """
    function = click.option("--locked", is_flag=True, help="Do not translate: exit 4 if a translation is needed.")(
        function
    )
    function = click.option(
        "--take", type=click.Choice(["text", "sop"]), help="Which to keep when both the text and its program changed."
    )(function)
    function = click.option(
        "--model", metavar="NAME", envvar="SOP_MODEL", help="Model that translates English (default: sop.toml)."
    )(function)
    return click.option(
        "--translator",
        type=click.Choice(["model", "command", "local", "patterns"]),
        envvar="SOP_TRANSLATOR",
        help="What translates English (default: sop.toml, else a model if one is configured or set up here, else "
        "patterns).",
    )(function)


_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?Z?)?)?")


def drain_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--drain`: of what goes on with runs until it is told to stop.

    Args:
        function: The command.

    Returns:
        The command with the option.
    """
    return click.option(
        "--drain",
        metavar="SPAN",
        help="Time for runs under way after SIGTERM: 30s, 5m (default: drain of [runs] in sop.toml, else 30s).",
    )(function)


def drain_seconds(given: str | None, config: Config) -> int:
    """Read the time for runs under way.

    Args:
        given: Of `--drain`; None for that of the settings.
        config: The settings.

    Returns:
        Seconds.

    Raises:
        UsageError: C0102.
    """
    return seconds_of(given or config.drain, "--drain", least=0)


def utc_time(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The callback of an option that takes a time in UTC, or the beginning of one, as a run's row has it.

    Args:
        context: Of click.
        parameter: Of click.
        value: As given.

    Returns:
        The value.

    Raises:
        click.BadParameter: It is no time.
    """
    try:
        if value is not None and not (_TIME.fullmatch(value) and datetime.fromisoformat(value)):
            raise ValueError
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time in UTC such as 2026-01-31 or 2026-01-31T08:00") from None
    return value
