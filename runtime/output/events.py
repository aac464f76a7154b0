"""Lines → server-sent events: `event` is a line's type, `id` its seq, `data` the line."""

from __future__ import annotations

import re
from typing import Any, Final

from runtime.output.records import Batches, Record, encode, json_record, scoped
from runtime.output.sink import Sink
from runtime.output.writer import JsonLines
from runtime.values.batches import RowBatch

_HEAD: Final = re.compile(rb'\{"type":"([a-z-]+)"(?:,"seq":([0-9]+))?')


def event(line: bytes) -> bytes:
    """The event of one JSON line of a run."""
    head = _HEAD.match(line)
    if head is None:
        return b"data: " + line + b"\n\n"
    number = b"" if head[2] is None else b"id: " + head[2] + b"\n"
    return b"event: " + head[1] + b"\n" + number + b"data: " + line + b"\n\n"


class Events(JsonLines):
    """https://html.spec.whatwg.org/multipage/server-sent-events.html; a `rollback` event voids."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink)
        self._batches = Batches()

    def _line(self, line: Any) -> None:
        self.sink.write(event(encode(line)))

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._line(Record(self.seq, step, scoped(within), json_record(record)))

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        lines = self._batches.lines(first, step, within, names, batch).splitlines()
        self.sink.write(b"".join([event(line) for line in lines]))
