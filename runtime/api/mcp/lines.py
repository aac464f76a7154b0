"""The lines of a run as they are kept in memory → how many records there are, any of them, and what was said."""

from __future__ import annotations

import re
from array import array
from typing import Any, Final

from runtime.api.mcp.values import MAX_BYTES, MAX_RECORDS, fitting, parsed, size
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import ReplayBuffer

MAX_SAID: Final = 100  # lines of `say` in a result,
MAX_SAID_BYTES: Final = 10_000  # and bytes of them
_RECORD: Final = re.compile(rb'\{"type":"record","seq":([0-9]+)(?:,"to":([0-9]+)\})?')


class RunLines:
    """An index of a run's lines. `look` brings it up to date.

    Attributes:
        asked: Questions so far.
        end: The last line; None before.

    Args:
        log: The lines.
    """

    def __init__(self, log: ReplayBuffer) -> None:
        self.asked = 0
        self.end: dict[str, Any] | None = None
        self._log = log
        self._position = 0
        self._starts = array("Q")  # where each record stands that is not voided,
        self._seqs = array("Q")  # and its number
        self._counted: list[tuple[int, int]] = []  # numbers of records that were counted, not kept: first and last
        self._said: list[tuple[int, str]] = []
        self._piece = (0, b"")

    @property
    def total(self) -> int:
        """Records so far."""
        return len(self._starts) + sum(last - first + 1 for first, last in self._counted)

    def look(self) -> bool:
        """Read on, a chunk of lines. Tell whether there was one."""
        data = self._log.read(self._position)
        at = self._position
        for line in data.splitlines(keepends=True):
            record = _RECORD.match(line)
            if record and record[2]:
                self._counted.append((int(record[1]), int(record[2])))
            elif record:
                self._starts.append(at)
                self._seqs.append(int(record[1]))
            else:
                self._take(parsed(line))
            at += len(line)
        self._position = at
        return bool(data)

    def _take(self, line: dict[str, Any]) -> None:
        kind = line["type"]
        if kind == "say":
            self._said.append((line["seq"], str(line["result"])))
        elif kind == "ask":
            self.asked += 1
        elif kind == "rollback":
            while self._seqs and self._seqs[-1] > line["to"]:
                self._seqs.pop()
                self._starts.pop()
            self._counted = [(first, min(last, line["to"])) for first, last in self._counted if first <= line["to"]]
            self._said = [each for each in self._said if each[0] <= line["to"]]
        elif kind == "end":
            self.end = line

    def page(self, after: int) -> tuple[list[Any], int | None]:
        """Records after the first so many, as many as a message holds; and the `after` of the next ones, if any.

        Raises:
            HttpError: S0112 for records that are not kept.
        """
        kept = len(self._starts)
        if kept <= after < self.total:
            message = f"records after the first {kept:,} of the run were counted, not kept"
            raise HttpError(410, "S0112", message, "run a script that gives fewer")
        found: list[Any] = []
        length = 0
        for start in self._starts[after : after + MAX_RECORDS]:
            record = fitting(parsed(self._line(start))["result"])
            length += size(record) + 2
            if found and length > MAX_BYTES:
                break
            found.append(record)
        upto = after + len(found)
        return found, upto if upto < self.total else None

    def said(self) -> list[str]:
        """What the script has said, cut to what a message holds, with a line that says so."""
        found: list[str] = []
        length = 0
        for _, text in self._said:
            length += len(text.encode())
            if len(found) == MAX_SAID or length > MAX_SAID_BYTES:
                return [*found, f"… {len(self._said) - len(found):,} more lines are not shown"]
            found.append(text)
        return found

    def _line(self, start: int) -> bytes:
        begin, data = self._piece
        if not begin <= start < begin + len(data):
            begin, data = self._piece = (start, self._log.read(start))
        if not data:
            raise HttpError(410, "S0112", "the lines of the run are kept no longer", "run the script again")
        offset = start - begin
        return data[offset : data.index(b"\n", offset)]
