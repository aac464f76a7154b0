"""New programs → shown to a person beside the author's sentences and accepted or not, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runtime import Error
from runtime.console import Console, at_terminal
from sopc.commands.explain import explained
from sopc.workflow import Consents, NeedsYes, Prepared


class NotAccepted(Error):
    """A person saw the program and said no."""

    exit_code = 3


def reviewed(prepared: Sequence[Prepared], console: Console, *, every: bool, yes: bool) -> Consents:
    """Ask the person at the terminal about each new program. Off a terminal, only consents given beforehand count.

    Args:
        every: also show programs that are not new.
        yes: consent given beforehand (`--yes`).

    Raises:
        NotAccepted: C0108; the refused translation is deleted.
    """
    terminal = at_terminal()
    seen = set()
    for each in prepared:
        accepted = yes and not each.is_unexpected
        asked = terminal and not accepted and (each.translated or every)
        if asked or every:
            _show(each, console)
        if asked and not click.confirm(f"Store {each.name}?", default=not each.writes, err=True):
            each.forget()
            raise NotAccepted(
                "C0108", f"{each.name} was not accepted, so nothing was stored", "edit the text, or the .sop file"
            )
        if asked:
            seen.add(each.name)
    return Consents(yes, frozenset(seen))


def show_refused(error: NeedsYes, console: Console) -> None:
    """Show the programs that wait for a yes, and how to give it."""
    for each in error.refused:
        _show(each, console)
        console.note(each.compiled.source.text)
    error.hint = "read the program above, then compile again with --yes alone: it is not translated again"
    if any(each.write_to is None for each in error.refused):
        error.hint = (
            "save the text to a file and compile that: from stdin it would be translated again, with --yes unread"
        )


def say_back(each: Prepared, console: Console) -> None:
    """Show what a statement in SQL became: the program, and the same in English."""
    console.note(each.program)
    _show(each, console)


def _show(each: Prepared, console: Console) -> None:
    """Show the program in English, and its differences to the last translation."""
    for module in each.compiled.modules:
        console.note(explained(module))
    if each.changes:
        console.note("\n".join(["Changed since the last translation:", *(f"  {line}" for line in each.changes), ""]))
