"""Notes, findings and errors → lines on stderr, as text for people or as JSON for programs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from runtime.errors import SopError

if TYPE_CHECKING:
    from sopc.diagnostics import CompileError


class Console:
    """How messages are shown: errors as text or as JSON, colour only on a terminal and not with NO_COLOR."""

    def __init__(self, *, json_errors: bool) -> None:
        self.json_errors = json_errors

    def note(self, text: str) -> None:
        """A line on stderr."""
        click.echo(visible(text), err=True, color=self._color)

    def findings(self, error: CompileError) -> None:
        """Everything that was found wrong with a source."""
        for finding in error.diagnostics:
            if self.json_errors:
                self.json(finding.to_json(error.source))
            else:
                self._failure(finding.render(error.source))

    def error(self, error: SopError, places: Sequence[str] = (), data: Mapping[str, Any] = {}) -> None:
        """An error as text, or as one line of JSON. places, data: where it happened, for the one and the other."""
        if self.json_errors:
            fields = {"code": error.code, "message": error.message, "file": error.file, "hint": error.hint, **data}
            self.json({key: value for key, value in fields.items() if value is not None})
            return
        self._failure(f"error {error.code}: {error.message}")
        for place in [*places, *([error.file] if error.file else [])]:
            self.note(f" --> {place}")
        if error.hint:
            self.note(f"  try: {error.hint}")

    def unreadable(self, failures: Sequence[SopError]) -> None:
        """Databases that were left out of a look at all of them, and why."""
        for failure in failures:
            self.note(f"warning {failure.code}: {failure.message}, so it is left out")

    def json(self, data: Mapping[str, Any]) -> None:
        import msgspec

        click.echo(msgspec.json.encode(data), err=True)

    def _failure(self, text: str) -> None:
        """Text that begins with `error CODE:`, that much of it in red."""
        head, colon, rest = visible(text).partition(":")
        click.echo(click.style(head + colon, fg="red", bold=True) + rest, err=True, color=self._color)

    @property
    def _color(self) -> bool | None:
        return False if os.environ.get("NO_COLOR") else None


def visible(text: str) -> str:
    """The text with what would move a terminal's cursor, hide or turn round what follows written out: authors, data and
    models have a say in what is printed."""
    return "".join(map(_shown, text)) if not text.isprintable() else text


def _shown(character: str) -> str:
    plain = character.isprintable() or character in "\n\t\u200c\u200d"  # those two join letters and emoji
    return character if plain else f"\\u{{{ord(character):x}}}"
