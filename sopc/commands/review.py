"""New programs → shown to a person beside the author's sentences, and accepted or not, before anything is stored."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from runtime.commands.app import Console
from runtime.errors import SopError
from sopc.commands.explain import explained
from sopc.commands.prepare import Prepared


class NeedsYes(SopError):
    """Nothing was stored: a person has to look first."""

    exit_code = 3


def at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def review(prepared: Sequence[Prepared], console: Console, *, every: bool, yes: bool) -> None:
    """Ask before what is new is stored, on a terminal; elsewhere refuse what is new and writes.

    every: show what is not new too. yes: what is new was accepted beforehand, but for what nobody can have expected. A
    refused translation is kept, so that `--yes` finds it; one that a person did not accept is forgotten. Raises
    NeedsYes C0108.
    """
    terminal = at_terminal()
    refused = [each for each in prepared if each.translated and each.writes and not _accepted(each, yes=yes)]
    if refused and not terminal:
        _refuse(refused, prepared, console)
    for each in prepared:
        asked = terminal and not _accepted(each, yes=yes) and (each.translated or every)
        if asked or every:
            _show(each, console)
        if asked and not _confirmed(each):
            each.forget()
            raise NeedsYes(
                "C0108", f"{each.name} was not accepted, so nothing was stored", "edit the text, or the .sop file"
            )


def _accepted(each: Prepared, *, yes: bool) -> bool:
    return yes and not each.surprises


def _confirmed(each: Prepared) -> bool:
    return click.confirm(f"Store {each.name}?", default=not each.writes, err=True)


def _show(each: Prepared, console: Console) -> None:
    """The program in English, and what is other than in the last translation."""
    for module in each.compiled.modules:
        console.note(explained(module))
    if each.changes:
        console.note("\n".join(["Changed since the last translation:", *(f"  {line}" for line in each.changes), ""]))


def _refuse(refused: Sequence[Prepared], prepared: Sequence[Prepared], console: Console) -> NoReturn:
    for each in prepared:
        each.keep()
    for each in refused:
        _show(each, console)
        console.note(each.compiled.source.text)
    hint = "read the program above, then compile again with --yes alone: it is not translated again"
    if any(each.write_to is None for each in refused):
        hint = "save the text to a file and compile that: from stdin it would be translated again, with --yes unread"
    raise NeedsYes("C0108", f"{'; '.join(map(_new, refused))}; nothing was stored", hint)


def _new(each: Prepared) -> str:
    unasked = "" if each.asks_for_change else ", though nothing in its text speaks of a change"
    return f"{each.name} is new and writes {', '.join(each.writes)}{unasked}"
