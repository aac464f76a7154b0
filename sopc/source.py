"""A named text → lines, columns and spans, for messages."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ("BIDI_CONTROLS", "STDIN", "Source", "Span")

# Unicode's Bidi_Control: invisible characters that change the order in which text is displayed.
BIDI_CONTROLS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
STDIN: Final = "-"
"""The name of a source that came from standard input."""


@dataclass(frozen=True)
class Span:
    """A range of the source, in characters: start inclusive, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """A named text.

    Attributes:
        name: For messages: a path, or "-" for standard input.
        text: Its content.
    """

    name: str
    text: str

    @cached_property
    def line_starts(self) -> list[int]:
        starts = [0]
        for offset, character in enumerate(self.text):
            if character == "\n":
                starts.append(offset + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """1-based (line, column) of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (1-based), without its line end."""
        starts = self.line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")
