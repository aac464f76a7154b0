"""A question that a text leaves open → asked at the terminal, or printed as an `ask` line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shlex import quote
from typing import TYPE_CHECKING

import click

from runtime.console.console import Console

if TYPE_CHECKING:
    from sopc.workflow import Answer, AskPerson, Prepared, Question


def at_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def asked_at(console: Console) -> AskPerson:
    """Return a function that asks the person at the terminal until the answer is valid.

    Args:
        console: Where the question is printed.
    """

    def ask(question: Question) -> Answer:
        for line in question.lines():
            console.note(line)
        while True:
            answer = question.answered(click.prompt("Answer", err=True))
            if answer is not None:
                return answer

    return ask


@contextmanager
def written_out(console: Console, again: Callable[[str, str], str]) -> Iterator[None]:
    """Print a question that nobody could be asked as an `ask` line, and how to answer it.

    Args:
        console: Where findings go.
        again: the answering option and the source's file → the command to run.

    Returns:
        A context manager for the block that may ask.
    """
    import msgspec

    from sopc.workflow import NeedsAnswer

    try:
        yield
    except NeedsAnswer as error:
        if error.question is not None:
            if error.findings is not None:
                console.findings(error.findings)
            click.echo(msgspec.json.encode(error.question.to_json(error.source.name)))
            answered = again(f"--answer {error.question.sentence}=…", quote(error.source.name))
            error.hint = f"{answered}, or say it in the text"
        raise


def show_warnings(prepared: Prepared, console: Console) -> Prepared:
    """Show the warnings of a program.

    Args:
        prepared: The program.
        console: Where they are printed.

    Returns:
        The program.
    """
    for warned in prepared.warnings:
        console.note(f"warning {warned}")
    return prepared
