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
_SEQ: Final = re.compile(rb'\{"type":"[a-z-]+","seq":([0-9]+)')


class ReplayBuffer:
    """A stream for a writer of JSON lines. `size`: bytes so far."""

    def __init__(self) -> None:
        self.size = 0
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed by `close`)
        self._lock = Lock()
        self._closed = False

    def write(self, data: bytes | bytearray) -> None:
        """Add bytes.

        Raises:
            SopError: S0113 when a run writes more than is kept. Its last lines are still written afterwards.
        """
        with self._lock:
            if self._closed:
                raise BrokenPipeError
            over = self.size > MAX_BYTES
            self._file.seek(self.size)
            self._file.write(data)
            self.size += len(data)
        if not over and self.size > MAX_BYTES:
            message = f"the run wrote more than the {MAX_BYTES >> 20} MiB that are kept of a run"
            raise SopError("S0113", message, "leave out `Prefer: respond-async`, and read the lines as they come")

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
