"""Diagnostics as data → text with source lines and carets, or JSON, for the command line and the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sopc.source import Source, Span

__all__ = ("CompileError", "Diagnostic")

_MAX_SHOWN: Final = 200  # characters of a line
_UNPRINTABLE: Final = {"\t": " "}
_BEFORE: Final = 60  # characters of a line before the marked part


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    message: one sentence, lower case, without full stop and "you". hint: what to try. lines: details such as a small
    diff. choices: the possible answers, if the finding is a question.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str | None = None
    sentence: int | None = None
    lines: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def to_json(self, source: Source) -> dict[str, Any]:
        result: dict[str, Any] = {"code": self.code, "message": self.message, "file": source.name}
        if self.span is not None:
            result["line"], result["column"] = source.position(self.span.start)
            result["end_line"], result["end_column"] = source.position(self.span.end)
        if self.sentence is not None:
            result["sentence"] = self.sentence
        if self.lines:
            result["lines"] = list(self.lines)
        if self.choices:
            result["choices"] = list(self.choices)
        if self.hint is not None:
            result["hint"] = self.hint
        return result

    def render(self, source: Source) -> str:
        """`error E0203: message`, then file:line:column, the source line, carets under the span, and the hint."""
        lines = [f"error {self.code}: {self.message}"]
        if self.span is not None:
            line, column = source.position(self.span.start)
            end_line, end_column = source.position(max(self.span.end, self.span.start))
            text = source.line(line)
            stop = end_column if end_line == line else len(text) + 1
            gutter = " " * len(str(line))
            lines.append(f"{gutter}--> {source.name}:{line}:{column}")
            shown, first, last = _cut(_flat(text), column - 1, max(column, stop - 1))
            lines.append(f"{line} | {shown}")
            lines.append(f"{gutter} | {' ' * first}{'^' * (last - first)}")
        else:
            lines.append(f" --> {source.name}")
        lines += [f"    {line}" for line in self.lines]
        if self.hint:
            lines.append(f"  try: {self.hint}")
        return "\n".join(lines)


def _flat(line: str) -> str:
    """The line with each character one column wide."""
    return "".join(character if character.isprintable() else _UNPRINTABLE.get(character, "�") for character in line)


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """Cuts a long line around its marked part. Returns the cut line, and the start and end of the part in it."""
    if len(line) <= _MAX_SHOWN:
        return line, start, end
    left = max(0, min(start - _BEFORE, len(line) - _MAX_SHOWN))
    right = left + _MAX_SHOWN
    head, tail = "…" if left else "", "…" if right < len(line) else ""
    return head + line[left:right] + tail, start - left + len(head), min(end, max(right, start + 1)) - left + len(head)


class CompileError(Exception):
    """A source that can't be compiled.

    Args:
        source: The source.
        diagnostics: All findings, in its order.
    """

    def __init__(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        super().__init__("; ".join(f"{d.code}: {d.message}" for d in diagnostics))
        self.source = source
        self.diagnostics = sorted(diagnostics, key=lambda d: d.span.start if d.span else -1)

    def render(self) -> str:
        """Return every finding as text, with its place in the source."""
        return "\n".join(d.render(self.source) for d in self.diagnostics)
