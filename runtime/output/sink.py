"""Bytes of lines → a stream: buffered for at most 50 ms, or held until a commit."""

from __future__ import annotations

import os
from time import monotonic
from typing import IO, Any, Final, Protocol

PIECE: Final = 65_536
WAIT_SECONDS: Final = 0.05
MEMORY: Final = 4 * 1024 * 1024


class ClosedPipe(Exception):
    """Nobody reads the stream any more."""


class Stream(Protocol):
    """Where bytes go: a binary file, or what takes them to a socket. BrokenPipeError says that nobody reads."""

    def write(self, data: bytes | bytearray, /) -> object: ...

    def flush(self) -> object: ...


class Sink:
    """Writes the first bytes at once, later ones when the buffer is full or has waited 50 ms (see `tick`).

    While `hold` is set, what is written waits for `release` or `discard`, in memory and past some megabytes in a
    temporary file.
    """

    def __init__(self, stream: Stream) -> None:
        self.hold = False
        self.closed = False
        self._stream = stream
        self._buffer = bytearray()
        self._since = 0.0  # when the oldest byte in the buffer came; the first bytes have waited long enough
        self._held = bytearray()
        self._file: IO[bytes] | None = None

    def width(self) -> int | None:
        """Columns of the terminal that the stream is; None for another stream, or a terminal that does not say."""
        descriptor = _descriptor(self._stream)
        if descriptor is None or not os.isatty(descriptor):
            return None
        return os.get_terminal_size(descriptor).columns or None

    def write(self, data: bytes) -> None:
        if self.hold:
            self._held += data
            if len(self._held) > MEMORY:
                self._spill()
            return
        if not self._buffer and self._since:
            self._since = monotonic()
        self._buffer += data
        if len(self._buffer) >= PIECE:
            self.flush()

    def tick(self) -> None:
        """Write what has waited long enough."""
        if self._buffer and monotonic() - self._since >= WAIT_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write everything that is not held; ClosedPipe when nobody reads."""
        if not self._buffer:
            return
        if self.closed:
            raise ClosedPipe
        data, self._buffer = self._buffer, bytearray()
        self._since = monotonic()
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError as error:
            self.closed = True
            self._abandon()
            raise ClosedPipe from error

    def release(self) -> None:
        """What was held is written now."""
        file, self._file = self._file, None
        held, self._held = self._held, bytearray()
        hold, self.hold = self.hold, False
        if file is not None:
            file.seek(0)
            while piece := file.read(PIECE):
                self.write(piece)
            file.close()
        self.write(bytes(held))
        self.hold = hold

    def discard(self) -> None:
        """What was held is forgotten."""
        self._held = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spill(self) -> None:
        if self._file is None:
            from tempfile import TemporaryFile  # few runs hold so much

            self._file = TemporaryFile()  # noqa: SIM115 (closed by release or discard)
        self._file.write(self._held)
        self._held = bytearray()

    def _abandon(self) -> None:
        """Point the stream's descriptor at /dev/null, so that flushing Python's own buffer at exit does not fail."""
        descriptor = _descriptor(self._stream)
        if descriptor is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


def _descriptor(stream: Any) -> int | None:
    try:
        number = stream.fileno()
    except (OSError, AttributeError):
        return None
    return int(number)
