"""Options and argument types that several commands share, and what they stand for: the settings, the library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from runtime.errors import SopError, UsageError

if TYPE_CHECKING:
    from runtime.config import Config

FORMATS = ("jsonl", "records", "json", "csv", "table")
PATH = click.Path(readable=False)  # checks nothing: only the shell is told to complete names of files
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def output_options(default: str | None = "jsonl") -> Decorator:
    """`-f` (not when default is None) and `--errors`, the same on every command."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "--errors",
            type=click.Choice(["text", "json"]),
            envvar="SOP_ERRORS",
            expose_value=False,  # read in app.py, before the command line is understood
            help="How errors are written on stderr (default: text).",
        )(function)
        if default is None:
            return function
        return click.option(
            "-f",
            "--format",
            "format_",
            type=click.Choice(FORMATS),
            default=default,
            envvar="SOP_FORMAT",
            show_default=True,
            help="How data is written on stdout.",
        )(function)

    return decorate


def home_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--home",
        metavar="DIR",
        envvar="SOP_HOME",
        help="Folder of the library (default: the nearest .sop/ upwards, else ./.sop).",
    )(function)


def database_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--home` and `--db`."""
    return home_option(
        click.option(
            "--db",
            "databases",
            metavar="NAME=URL",
            multiple=True,
            envvar="SOP_DB",
            help="What a database name means, e.g. hr=sqlite:///hr.db; goes before sop.toml. May be repeated.",
        )(function)
    )


def load_config(home: str | None, databases: Sequence[str] = ()) -> Config:
    from runtime.config import Config

    return Config.load(home, databases)


def complete_script(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names of stored scripts, for the shell; none where there is an error, which has no place in a command line."""
    from runtime.library.store import Library

    try:
        with Library.open(load_config(context.params.get("home")).home, read_only=True) as library:
            return [name for name in library.names() if name.startswith(incomplete)]
    except SopError:
        return []


def key_values(texts: Sequence[str], what: str) -> dict[str, str]:
    """`k=v` texts → a dict, in order; UsageError C0102 for one without `=` or given twice."""
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
    """The text, or for `-` what stdin holds."""
    if text != "-":
        return utf8(text)
    from sopc import pipeline
    from sopc.source import STDIN

    return pipeline.read(STDIN).text


def utf8(text: str) -> str:
    """The text, unless it holds bytes of the command line that are not UTF-8: UsageError C0105."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode(errors="surrogateescape").decode(errors="replace")
        raise UsageError(
            "C0105", f"{shown!r:.60} is not UTF-8 text", "use a UTF-8 locale, or put it in a file"
        ) from error
    return text


def translation_options(function: click.decorators.FC) -> click.decorators.FC:
    """How English is translated."""
    function = click.option("--locked", is_flag=True, help="Translate nothing: exit 4 where that would be needed.")(
        function
    )
    function = click.option(
        "--take", type=click.Choice(["text", "sop"]), help="Which to believe when text and program both changed."
    )(function)
    function = click.option(
        "--model", metavar="NAME", envvar="SOP_MODEL", help="Model that translates English (default: sop.toml)."
    )(function)
    return click.option(
        "--translator",
        type=click.Choice(["model", "local", "patterns"]),
        envvar="SOP_TRANSLATOR",
        help="What translates English (default: sop.toml, else a model where one is configured or set up here, else "
        "patterns).",
    )(function)
