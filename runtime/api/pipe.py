"""Bytes that a run's thread writes → chunks for a socket, few at a time: a slow client makes the run wait."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future
from threading import Condition
from typing import Final

from runtime.output.writer import Writer
from runtime.runs.run import Outcome

MOST_BYTES: Final = 131_072  # that wait to be sent; past that, the run waits (a batch of rows may go over)

Ending = Outcome | BaseException


class Pipe:
    """One thread writes (a stream for the writer), one task of the event loop reads.

    eager: the reader is told of every write; before that, of the run's end alone, so that a short run is one answer.
    opened: there is something worth sending: more than the `start` line, and not the last of a failed run, which may
    still become an HTTP error. ending: how the run ended, an exception when it never began; None while it goes on.
    """

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.writer: Writer | None = None
        self.opened = False
        self.eager = False
        self.ending: Ending | None = None
        self._loop = loop
        self._chunks: list[bytes | bytearray] = []
        self._size = 0
        self._closed = False
        self._hurried = False
        self._room = Condition()
        self._waiter: Future[None] | None = None

    # ── the run's thread ───────────────────────────────────────────────────────────────────────────────────────

    def write(self, data: bytes | bytearray) -> None:
        """BrokenPipeError when nobody reads any more."""
        with self._room:
            while self._size >= MOST_BYTES and not self._closed and not self._hurried:
                self._room.wait()
            if self._closed:
                raise BrokenPipeError
            first = not self._size and not self.opened
            self._chunks.append(data)
            self._size += len(data)
            if self.writer is not None and (self.writer.ended or (first and not self.writer.standing)):
                return  # `finish` follows, or the line that `start` was alone without
            self.opened = True
            waiting = self.eager and self._waiter is not None
        if waiting:
            self._loop.call_soon_threadsafe(self._wake)

    def flush(self) -> None:
        """Nothing is kept back here."""

    def finish(self, ending: Ending) -> None:
        """The run is over: its thread, its connections and its transaction are gone."""
        with self._room:
            self.ending = ending
            waiting = self._waiter is not None
        if waiting:
            self._loop.call_soon_threadsafe(self._wake)

    # ── the event loop ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def whole(self) -> bool:
        """Whether what was written is all that the run had to say, and does not look like more than it is."""
        writer = self.writer
        if writer is None or not writer.finished:
            return False
        return writer.tells_end or (isinstance(self.ending, Outcome) and self.ending.status in ("ok", "dry-run"))

    @property
    def told(self) -> bool:
        """Whether it is whole, and has lines that somebody wants to see: those of a failed run that had none are in
        the error."""
        if not self.whole:
            return False
        failed = not isinstance(self.ending, Outcome) or self.ending.error is not None
        return not failed or (self.writer is not None and self.writer.standing > 0)

    def next(self) -> Future[None]:
        """Done when there is something to `take`, or the run has ended."""
        with self._room:
            self._waiter = self._loop.create_future()
            if (self.eager and self.opened and self._chunks) or self.ending is not None:
                self._waiter.set_result(None)
            return self._waiter

    def hasten(self) -> None:
        """From now on, tell the reader of every write."""
        with self._room:
            self.eager = True
            ready = self.opened
        if ready:
            self._wake()

    def open(self) -> None:
        """Send what there is, even if that is the `start` line alone."""
        with self._room:
            self.opened = True
        self._wake()

    def take(self) -> bytes:
        """What has been written; the run goes on writing."""
        with self._room:
            chunks, self._chunks = self._chunks, []
            full, self._size = self._size >= MOST_BYTES, 0
            if full:
                self._room.notify()
        return b"".join(chunks)

    def hurry(self) -> None:
        """Let the run write on without waiting, because it is about to end."""
        with self._room:
            self._hurried = True
            self._room.notify()

    def close(self) -> None:
        """Nobody reads any more."""
        with self._room:
            self._closed = True
            self._chunks.clear()
            self._room.notify()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
