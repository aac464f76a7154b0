"""The commands, with their help → manual pages, one a command, for `man`.

python -m tools.man build/man/man1, and then man --manpath build/man sopc-compile
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from inspect import cleandoc
from pathlib import Path
from typing import Final

import click

from runtime.cli import main as sopvm
from sopc.cli import main as sopc

_AS_IT_IS: Final = "\b\n"  # how click marks a paragraph that is not filled


def pages() -> Iterator[tuple[str, str]]:
    """The name of each page, such as `sopc-compile`, and its text."""
    for app in (sopc, sopvm):
        yield from _pages(app, str(app.name), None)


def _pages(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    title = context.command_path.replace(" ", "-")
    yield title, "\n".join(_lines(title, context)) + "\n"
    for each, below in _commands(context):
        yield from _pages(below, each, context)


def _commands(context: click.Context) -> list[tuple[str, click.Command]]:
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [(name, command) for name, command in found if command is not None]


def _lines(title: str, context: click.Context) -> Iterator[str]:
    command = context.command
    yield f'.TH "{_escaped(title.upper())}" 1 "" "sopc {metadata.version("sopc")}"'
    yield ".SH NAME"
    yield _escaped(f"{title} - {command.get_short_help_str(limit=200)}")
    yield ".SH SYNOPSIS"
    yield f".B {_escaped(context.command_path)}"
    yield _escaped(" ".join(command.collect_usage_pieces(context)))
    yield ".SH DESCRIPTION"
    yield from _paragraphs(cleandoc(command.help or ""))
    yield ".SH OPTIONS"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield from _term(*record)
    below = _commands(context)
    if below:
        yield ".SH COMMANDS"
    for name, each in below:
        yield from _term(f"{title}-{name}(1)", each.get_short_help_str(limit=200))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        lines = map(_escaped, paragraph.removeprefix(_AS_IT_IS).split("\n"))
        yield ".PP"
        yield from [".nf", *lines, ".fi"] if paragraph.startswith(_AS_IT_IS) else lines


def _term(term: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f".B {_escaped(term)}"
    yield _escaped(text)


def _escaped(text: str) -> str:
    r"""Text of one line, no part of which troff takes for a request or an escape; `\&` is nothing."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for title, text in pages():
        (folder / f"{title}.1").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
