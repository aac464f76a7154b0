"""A run's lines → batches of JSON lines, put into the transaction of their segment, for whoever reads them later.

Whatever format a run prints, its kept lines are those of `jsonl`, without the lines of its beginning and its end, which
follow from its row. A batch has the number of its first line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runtime.output.records import Batches, Record, encode, json_record, scoped
from runtime.values.batches import RowBatch
from runtime.values.conversion import json_ready

BATCH_BYTES: Final = 65_536


class KeptLines:
    """Lines of the open segment.

    Args:
        put: Takes a batch, by its first line's number. It is called before the segment's end too, when lines are many.
        may_put: Whether it can be called now; asked before the segment's end only.
        undo: Called when a segment is undone whose lines were put.
    """

    def __init__(
        self, put: Callable[[int, bytes], None], may_put: Callable[[], bool], undo: Callable[[], None]
    ) -> None:
        self._put = put
        self._may_put = may_put
        self._undo = undo
        self._batches = Batches()
        self._lines = bytearray()
        self._first = 0

    def line(self, seq: int, line: Any) -> None:
        self._add(seq, encode(line) + b"\n")

    def lines(self, first: int, lines: bytes) -> None:
        """Lines that are written out already. first: the number of the first of them."""
        if lines:
            self._add(first, lines)

    def record(self, seq: int, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._add(seq, encode(Record(seq, step, scoped(within), json_record(record))) + b"\n")

    def rows(
        self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch, *, ready: bool
    ) -> None:
        """ready: their values are ready for JSON."""
        shown: Any = batch if ready else [list(map(json_ready, row)) for row in batch]
        if batch:
            self._add(first, self._batches.lines(first, step, within, names, shown))

    def _add(self, seq: int, lines: bytes) -> None:
        if not self._lines:
            self._first = seq
        self._lines += lines
        if len(self._lines) >= BATCH_BYTES and self._may_put():
            self.flush()

    def flush(self) -> None:
        """Put what there is."""
        if self._lines:
            lines, self._lines = bytes(self._lines), bytearray()
            self._put(self._first, lines)

    def discard(self) -> None:
        """The segment was undone."""
        self._lines = bytearray()
        self._undo()
