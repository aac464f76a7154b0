"""Lines of a run that nobody waits for → kept bytes that can be read from any line on, during the run and after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Final

from runtime.errors import SopError

IN_MEMORY: Final = 65_536  # bytes of a run's lines in memory; the rest is on disk
MAX_BYTES: Final = 256 * 1024 * 1024
_PIECE: Final = 262_144
_RECORD: Final = re.compile(rb'\{"type":"record","seq":([0-9]+)')
_ASIDE: Final = b'{"type":"command"'
_SEQ: Final = re.compile(rb'\{"type":"[a-z-]+","seq":([0-9]+)')


class ReplayBuffer:
    """A stream for a writer of JSON lines. `size`: bytes so far.

    Args:
        counts_rest: Whether a run may go on when the buffer is full. Records are then counted, by a line
            `{"type":"record","seq":FIRST,"to":LAST}` for those that follow each other, and lines of commands left out.
    """

    def __init__(self, *, counts_rest: bool = False) -> None:
        self.size = 0
        self._counts_rest = counts_rest
        self._part = b""  # of a line, when records are counted
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed by `close`)
        self._lock = Lock()
        self._closed = False

    def write(self, data: bytes | bytearray) -> None:
        """Add bytes.

        Raises:
            SopError: S0113 when a run writes more than is kept; if records are counted, twice as much. Its last lines
                are still written afterwards.
        """
        with self._lock:
            if self._closed:
                raise BrokenPipeError
            if self._counts_rest and self.size > MAX_BYTES:
                data = self._counted(data)
            limit = MAX_BYTES * (1 + self._counts_rest)
            over = self.size > limit
            self._file.seek(self.size)
            self._file.write(data)
            self.size += len(data)
        if not over and self.size > limit:
            message = f"the run wrote more than the {limit >> 20} MiB that are kept of a run"
            raise SopError("S0113", message, "leave out `Prefer: respond-async`, and read the lines as they come")

    def _counted(self, data: bytes | bytearray) -> bytes:
        """The whole lines of the data, with those of records and commands in short; a part of a line waits."""
        lines = (self._part + data).splitlines(keepends=True)
        self._part = b"" if not lines or lines[-1].endswith(b"\n") else lines.pop()
        kept: list[bytes] = []
        first = last = 0  # of records that follow each other; no line has the number 0
        for line in [*lines, b""]:
            record = _RECORD.match(line)
            if record and first and int(record[1]) == last + 1:
                last += 1
                continue
            if first:
                kept.append(b'{"type":"record","seq":%d,"to":%d}\n' % (first, last))
            first = last = int(record[1]) if record else 0
            if not record and not line.startswith(_ASIDE):
                kept.append(line)
        return b"".join(kept)

    def flush(self) -> None:
        """Does nothing: nothing is buffered here."""

    def read(self, start: int) -> bytes:
        """Whole lines from a position on, about one chunk of them; b"" if there are no more yet."""
        with self._lock:
            if self._closed:
                return b""
            self._file.seek(start)
            data = self._file.read(_PIECE)
            while data and b"\n" not in data and (more := self._file.read(_PIECE)):
                data += more
        return data[: data.rfind(b"\n") + 1]

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._file.close()


def after(lines: bytes, seq: int) -> Iterator[bytes]:
    """The lines, without their ends, after the one numbered `seq`; all of them for 0."""
    for line in lines.splitlines():
        number = _SEQ.match(line)
        if seq and (int(number[1]) <= seq if number else line.startswith(b'{"type":"start"')):
            continue
        yield line
