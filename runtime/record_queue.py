"""What a run emits and says → batches of rows for its reader, who may be another thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from io import BytesIO
from threading import Condition
from typing import Any, Final

from runtime.output.sink import ClosedPipe, Sink
from runtime.output.writer import Writer
from runtime.values.batches import NamedRows, Row, RowBatch

AHEAD: Final = 1_000  # records that a run may be ahead of its reader; a batch of rows is never split


class Records(Writer):
    """Takes what a run emits and says.

    Args:
        limit: How many records may wait for the reader; 0 to go on only when the reader asks for more than there was;
            None for any number.

    Attributes:
        said: Texts of `say`.
        changes: What a dry run would have changed, by (command, store).
    """

    writes_json = False

    def __init__(self, *, limit: int | None) -> None:
        self.voids = limit is None  # a rollback takes records away again, but not those that may have been read
        super().__init__(Sink(BytesIO()), buffer_until_commit=False)
        self.said: list[str] = []
        self.changes: dict[tuple[str, str], int] = {}
        self._limit = limit
        self._found: deque[NamedRows] = deque()
        self._waiting = 0  # records in them
        self._wanted = False  # the reader has read all there was
        self._changed = Condition()
        self._watchers: list[Callable[[], None]] = []
        self._over = False
        self._closed = False
        self._stands = (0, 0)  # batches and texts that are committed

    # ── for the reader ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self._over

    def take(self, *, wait: bool = True) -> NamedRows | None:
        """The next batch; None at the end, or without waiting when none is there yet."""
        with self._changed:
            if not self._found:
                self._wanted = True
                self._changed.notify_all()
                if wait:
                    self._changed.wait_for(lambda: self._found or self._over)
            if not self._found:
                return None
            self._wanted = False
            batch = self._found.popleft()
            self._waiting -= len(batch[1])
            self._changed.notify_all()
            return batch

    def watch(self, wake: Callable[[], None]) -> None:
        """Call a function once, when another batch has come or the end; at once after the end."""
        with self._changed:
            if not self._over:
                self._watchers.append(wake)
                return
        wake()

    def keep_all(self) -> None:
        """Let the run go on to its end, however many records wait."""
        with self._changed:
            self._limit = None
            self._changed.notify_all()

    def close(self) -> None:
        """Refuse further records, which ends the run."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # ── for the run ────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._over = True
            self._tell()

    def _tell(self) -> None:
        watchers, self._watchers = self._watchers, []
        for wake in watchers:
            wake()
        self._changed.notify_all()

    def _add(self, names: tuple[str, ...], rows: list[Row]) -> None:
        with self._changed:
            last = self._found[-1] if len(self._found) > self._stands[0] else None
            if last is not None and last[0] == names:
                last[1].extend(rows)
            else:
                self._found.append((names, rows))
            self._waiting += len(rows)
            self._tell()
            self._changed.wait_for(self._may_go_on)
            if self._closed:
                raise ClosedPipe

    def _may_go_on(self) -> bool:
        if self._closed or self._limit is None:
            return True
        return self._waiting < self._limit or (self._wanted and not self._found)

    def _line(self, line: object) -> None:
        """Lines that are neither records nor said are not kept."""

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._add(tuple(record), [tuple(record.values())])

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        self._add(names, [tuple(row) for row in batch])

    def say(self, step: str, within: str | None, text: str) -> None:
        super().say(step, within, text)
        self.said.append(text)

    def release(self) -> None:
        super().release()
        self._stands = (len(self._found), len(self.said))

    def can_void(self) -> bool:
        return self.voids or self.seq == self._kept_seq

    def rollback(self, reason: str) -> None:
        super().rollback(reason)
        if self.voids and reason != "a dry run":  # which shows what would have been
            batches, said = self._stands
            while len(self._found) > batches:
                self._found.pop()
            del self.said[said:]

    def end(self, status: str, result: Any, retries: int, ms: int, changes: list[dict[str, Any]] | None = None) -> None:
        super().end(status, result, retries, ms, changes)
        self.changes = {(each["command"], each["store"]): each["rows"] for each in changes or ()}
