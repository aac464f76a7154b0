"""Bytes that a run's thread writes → chunks for a socket, a bounded amount at a time: a slow client makes the run
wait."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future
from threading import Condition
from typing import Final

from runtime.output.writer import Writer
from runtime.runs.run import Outcome

MAX_BYTES: Final = 131_072  # of unsent bytes; above that, the run waits (one batch of rows may go over)

Ending = Outcome | BaseException


class Pipe:
    """One thread writes (the writer's stream), one task of the event loop reads.

    Attributes:
        eager: tell the reader of every write. Before, it is told only of the run's end, so that a short run is one
            answer.
        opened: there is something to send. The `start` line alone does not count, nor the last line of a failed run,
            which may still become an HTTP error.
        ending: how the run ended, an exception if it never began; None while it runs.
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
        self._dropping = False
        self._room = Condition()
        self._waiter: Future[None] | None = None

    # ── the run's thread ───────────────────────────────────────────────────────────────────────────────────────

    def write(self, data: bytes | bytearray) -> None:
        """Add bytes; waits while too many are unsent.

        Raises:
            BrokenPipeError: when nobody reads any more.
        """
        with self._room:
            if self._dropping:
                return
            while self._size >= MAX_BYTES and not self._closed and not self._hurried:
                self._room.wait()
            if self._closed:
                raise BrokenPipeError
            first = not self._size and not self.opened
            self._chunks.append(data)
            self._size += len(data)
            if self.writer is not None and (self.writer.ended or (first and not self.writer.standing)):
                return  # a lone `start` line, or the last line; `finish` is called next
            self.opened = True
            waiting = self.eager and self._waiter is not None
        if waiting:
            self._loop.call_soon_threadsafe(self._wake)

    def flush(self) -> None:
        """Does nothing: nothing is buffered here."""

    def finish(self, ending: Ending) -> None:
        """End the run, once its thread's connections and transaction are closed."""
        with self._room:
            self.ending = ending
            waiting = self._waiter is not None
        if waiting:
            self._loop.call_soon_threadsafe(self._wake)

    # ── the event loop ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def whole(self) -> bool:
        """Whether the answer is complete: either the run succeeded, or its format says how it ended."""
        writer = self.writer
        if writer is None or not writer.finished:
            return False
        return writer.tells_end or (isinstance(self.ending, Outcome) and self.ending.status in ("ok", "dry-run"))

    @property
    def told(self) -> bool:
        """Whether it is complete and worth sending: a failed run without other lines is answered with its error."""
        if not self.whole:
            return False
        failed = not isinstance(self.ending, Outcome) or self.ending.error is not None
        return not failed or (self.writer is not None and self.writer.standing > 0)

    def next(self) -> Future[None]:
        """A future that is done when there is something to `take` or the run has ended."""
        with self._room:
            self._waiter = self._loop.create_future()
            if (self.eager and self.opened and self._chunks) or self.ending is not None:
                self._waiter.set_result(None)
            return self._waiter

    def hasten(self) -> None:
        """Tell the reader of every write from now on."""
        with self._room:
            self.eager = True
            ready = self.opened
        if ready:
            self._wake()

    def open(self) -> None:
        """Send what there is, even the `start` line alone."""
        with self._room:
            self.opened = True
        self._wake()

    def take(self) -> bytes:
        """Return and remove the unsent bytes."""
        with self._room:
            chunks, self._chunks = self._chunks, []
            full, self._size = self._size >= MAX_BYTES, 0
            if full:
                self._room.notify()
        return b"".join(chunks)

    def hurry(self) -> None:
        """Let the run write without waiting, because it is about to end."""
        with self._room:
            self._hurried = True
            self._room.notify()

    @property
    def closed(self) -> bool:
        return self._closed

    def drop(self) -> None:
        """Nobody reads any more, and the run goes on all the same."""
        with self._room:
            self._dropping = True
            self._chunks.clear()
            self._size = 0
            self._room.notify()

    def close(self) -> None:
        """Stop: nobody reads any more."""
        with self._room:
            self._closed = True
            self._chunks.clear()
            self._room.notify()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
