"""The text of an editor ↔ a source, and offsets in it ↔ the positions of the protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsprotocol import types

from sopc.pipeline import Kind, kind_of
from sopc.source import Source, Span

_UNITS: Final[Mapping[str, Callable[[str], int]]] = {  # of a character, by the encoding that the client has chosen
    "utf-8": lambda character: len(character.encode("utf-8", "surrogatepass")),
    "utf-16": lambda character: 2 if character > "\uffff" else 1,
    "utf-32": lambda character: 1,
}


@dataclass(frozen=True)
class Document:
    """A text as it is in the editor. source: named by its path, with line ends as in Unix. encoding: of positions."""

    source: Source
    encoding: str = "utf-16"

    @classmethod
    def of(cls, path: str, text: str, encoding: str = "utf-16") -> Document:
        """Half of a character, which some editors send while it is typed, becomes U+FFFD."""
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return cls(Source(path, re.sub("\r\n?", "\n", whole)), encoding)

    @property
    def path(self) -> Path:
        return Path(self.source.name)

    @property
    def kind(self) -> Kind:
        return kind_of(self.source)

    def position(self, offset: int) -> types.Position:
        """The position of an offset, which may lie beyond the end."""
        line, column = self.source.position(min(offset, len(self.source.text)))
        start = self.source.line_starts[line - 1]
        units = sum(map(_UNITS[self.encoding], self.source.text[start : start + column - 1]))
        return types.Position(line - 1, units)

    def offset(self, position: types.Position) -> int:
        """The offset of a position; one beyond its line is at the line's end."""
        starts = self.source.line_starts
        if position.line >= len(starts):
            return len(self.source.text)
        offset, left = starts[position.line], position.character
        for character in self.source.line(position.line + 1):
            left -= _UNITS[self.encoding](character)
            if left < 0:
                break
            offset += 1
        return offset

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span.start), self.position(span.end))

    @property
    def whole(self) -> types.Range:
        return self.range(Span(0, len(self.source.text)))
