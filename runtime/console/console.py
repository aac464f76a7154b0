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
    """How messages are shown: errors as text or as JSON; colour only on a terminal and without NO_COLOR.

    Args:
        json_errors: Whether errors are JSON.
    """

    def __init__(self, *, json_errors: bool) -> None:
        self.json_errors = json_errors

    def note(self, text: str) -> None:
        """Print a line on stderr."""
        click.echo(visible(text), err=True, color=self._color)

    def findings(self, error: CompileError) -> None:
        """Print every finding about a source."""
        for finding in error.diagnostics:
            if self.json_errors:
                self.json(finding.to_json(error.source))
            else:
                self._failure(finding.render(error.source))

    def error(self, error: SopError, places: Sequence[str] = (), data: Mapping[str, Any] = {}) -> None:
        """Print an error as text, or as one line of JSON.

        Args:
            error: The error.
            places: where it happened, for text.
            data: the same, for JSON.
        """
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
        """Tell which databases could not be read, and why."""
        for failure in failures:
            self.note(f"warning {failure.code}: {failure.message}, so it is left out")

    def json(self, data: Mapping[str, Any]) -> None:
        """Print a line of JSON on stderr."""
        import msgspec

        click.echo(msgspec.json.encode(data), err=True)

    def _failure(self, text: str) -> None:
        """The text with its leading `error CODE:` in red."""
        head, colon, rest = visible(text).partition(":")
        click.echo(click.style(head + colon, fg="red", bold=True) + rest, err=True, color=self._color)

    @property
    def _color(self) -> bool | None:
        return False if os.environ.get("NO_COLOR") else None


def visible(text: str) -> str:
    """Escape the characters that would move a terminal's cursor, hide text or change its direction.

    Args:
        text: It may come from authors, data and models.

    Returns:
        The text, with `\\u{…}` for each of them.
    """
    return "".join(map(_shown, text)) if not text.isprintable() else text


def _shown(character: str) -> str:
    plain = character.isprintable() or character in "\n\t\u200c\u200d"  # these two join letters and emoji
    return character if plain else f"\\u{{{ord(character):x}}}"
