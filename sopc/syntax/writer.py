"""Pieces of text in order + the comments of the source → lines, with each comment at its old place."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sopc.source import Source
from sopc.syntax.parser_state import all_tokens

WIDTH: Final = 100
_EMPTY_LINE: Final = re.compile(r"\n[ \t\r\f]*\n")


class Comment(NamedTuple):
    """start: its offset in the source. alone: only space comes before it on its line."""

    start: int
    text: str
    alone: bool


def comments(source: Source) -> list[Comment]:
    """The comments of a source that parses, in order."""
    if "#" not in source.text:
        return []
    found: list[Comment] = []
    text, end = source.text, 0
    for start, next_end in [*((t.start_pos or 0, t.end_pos or 0) for t in all_tokens(text)), (len(text), 0)]:
        while (mark := text.find("#", end, start)) >= 0:
            stop = text.find("\n", mark)
            end = len(text) if stop < 0 else stop
            alone = not text[text.rfind("\n", 0, mark) + 1 : mark].strip()
            found.append(Comment(mark, text[mark:end].rstrip(), alone))
        end = next_end
    return found


class Writer:
    """The text written so far. source: the text with the comments and blank lines; None for other trees."""

    def __init__(self, source: Source | None) -> None:
        self.line = ""
        self._text = "" if source is None else source.text
        self._pending = [] if source is None else comments(source)[::-1]
        self._lines: list[str] = []
        self._done = 0  # the offset in the source up to which everything has been written

    def write(self, text: str) -> None:
        self.line += text

    def has_comment(self, end: int | None) -> bool:
        """Whether a comment comes before an offset."""
        return end is not None and bool(self._pending) and self._pending[-1].start < end

    def fits(self, text: str, tail: int = 0) -> bool:
        return len(self.line) + len(text) + tail <= WIDTH

    def passed(self, end: int | None) -> None:
        """Records that the source has been written up to an offset."""
        if end is not None:
            self._done = max(self._done, end)

    def newline(self, indent: int, before: int | None = None, *, blank: bool = False, inner: int | None = None) -> None:
        """Ends the line, and writes the comments that come before an offset.

        blank: keep one empty line if the source has any. inner: the indent of comments on lines of their own, if it
        differs from the indent of the next line.
        """
        self.trail(before)
        while self.has_comment(before):
            comment = self._pending.pop()
            self._end_line(blank and self._gap(comment.start))
            self.line = " " * (indent if inner is None else inner) + comment.text
            self._done = comment.start + len(comment.text)
        self._end_line(blank and before is not None and self._gap(before))
        self.line = " " * indent

    def trail(self, before: int | None) -> None:
        """Writes the next comment at the end of this line if it is before an offset and ended a line in the source."""
        if self.has_comment(before) and not self._pending[-1].alone and self.line.strip():
            comment = self._pending.pop()
            self.line = f"{self.line.rstrip()}  {comment.text}"
            self._done = comment.start + len(comment.text)

    def blank_line(self) -> None:
        """Puts an empty line before the line that begins now."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def text(self) -> str:
        """All lines, including the last comments of the source."""
        self.newline(0, len(self._text) + 1, blank=True)
        return "\n".join(self._lines).strip("\n") + "\n"

    def _gap(self, offset: int) -> bool:
        """Whether the source has an empty line between the written part and an offset."""
        return _EMPTY_LINE.search(self._text, self._done, offset) is not None

    def _end_line(self, blank: bool) -> None:
        if self.line.strip():
            self._lines.append(self.line.rstrip())
        if blank:
            self.blank_line()
        self.line = ""
