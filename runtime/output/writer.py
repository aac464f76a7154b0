"""What a run does → its stream in one of the formats: jsonl, json (an array of the lines), sse, records, array
(of the records), csv, table, ….

Every format has the methods of Writer. Those that can't void a line hold a segment's lines back until it has committed
(`buffer_until_commit`, for a script that writes).
"""

from __future__ import annotations

from typing import Any, Final, TextIO

from msgspec import UNSET

from runtime.output.kept_lines import KeptLines
from runtime.output.records import (
    AskLine,
    Batches,
    Command,
    End,
    Error,
    Record,
    Rollback,
    Say,
    Start,
    command_lines,
    encode,
    encode_lines,
    json_record,
    scoped,
)
from runtime.output.sink import Sink
from runtime.values.batches import RowBatch
from runtime.values.conversion import json_ready
from runtime.values.types import Type

WELL: Final = ("ok", "dry-run")  # how a run ends whose records are all there


class Writer:
    """seq: of the last line. records: emitted and not voided since. standing: lines of any kind but `error` that are
    not voided. ended: the `end` line is being written; finished: it has been. Every method may raise ClosedPipe.

    columns: names and types of the records' fields, where they are known beforehand.

    This class counts lines and records; a format's class writes them, in `_line` and `_rows`.
    """

    writes_json = True
    voids = False  # whether a `rollback` line is understood, so that nothing has to be held back
    tells_end = True  # whether the `end` line is shown, so that a failed run can't be taken for one that went well

    def __init__(self, sink: Sink, buffer_until_commit: bool) -> None:
        self.seq = 0
        self.records = 0
        self.standing = 0
        self.columns: tuple[tuple[str, Type], ...] | None = None
        self.ended = False
        self.finished = False
        self.sink = sink
        self.kept: KeptLines | None = None
        self.buffer_until_commit(buffer_until_commit)
        self._kept_seq = 0
        self._kept_records = 0
        self._kept_standing = 0
        self._started = False

    def buffer_until_commit(self, on: bool) -> None:
        """Whether lines wait for their segment's end; a run that turns out to write sets it before it begins."""
        self._holds = self.sink.hold = on and not self.voids

    # ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, run: str, script: str, version: int, args: dict[str, Any], modules: dict[str, str]) -> None:
        hold, self.sink.hold = self.sink.hold, False
        self._line(Start(run, script, version, json_record(args), modules))
        self._started = True
        self.sink.hold = hold
        self.flush()

    def record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self.seq += 1
        self.standing += 1
        self.records += 1
        self._record(step, within, record)
        if self.kept is not None:
            self.kept.record(self.seq, step, within, record)
        if self.records == 1:
            self.flush()

    def rows(self, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        """Records as rows under common names: of values, of values ready for JSON (decimals as msgspec.Raw); or, for a
        writer that `writes_json`, as whole records in JSON (msgspec.Raw)."""
        first = self.seq + 1
        self.seq += len(batch)
        self.standing += len(batch)
        self.records += len(batch)
        self._rows(first, step, within, names, batch)
        if self.kept is not None:
            self.kept.rows(first, step, within, names, batch, ready=self.writes_json)
        self.sink.flush()

    def command(self, step: str, within: str | None, command: str, store: str, rows: int) -> None:
        self.seq += 1
        self.standing += 1
        self._keep(Command(self.seq, step, scoped(within), command, {"store": store, "rows": rows}))

    def commands(self, step: str, within: str | None, command: str, store: str, count: int) -> None:
        """As many `command` lines of one row each."""
        for _ in range(count):
            self.command(step, within, command, store, 1)

    def say(self, step: str, within: str | None, text: str) -> None:
        self.seq += 1
        self.standing += 1
        self._keep(Say(self.seq, step, scoped(within), text))

    def ask(self, step: str, within: str | None, question: dict[str, Any]) -> None:
        """Of a kept run, the line is shown once its segment has committed: before that, nobody could answer."""
        if self.kept is not None:
            self.sink.hold = True
        self.seq += 1
        self.standing += 1
        self._keep(AskLine(self.seq, step, scoped(within), json_ready(question)))

    def _keep(self, line: Command | Say | AskLine) -> None:
        self._line(line)
        if self.kept is not None:
            self.kept.line(self.seq, line)

    def error(self, step: str | None, within: str | None, result: dict[str, Any]) -> None:
        """After `release` or `rollback`: errors are never held back."""
        self.seq += 1
        self._line(Error(self.seq, UNSET if step is None else step, scoped(within), result))

    def end(self, status: str, result: Any, retries: int, ms: int, changes: list[dict[str, Any]] | None = None) -> None:
        """The last line; everything is flushed."""
        self.ended = True
        self._line(End(status, json_ready(result), self.records, retries, ms, UNSET if changes is None else changes))
        self._finish()
        self.release()
        self.flush()
        self.finished = True

    # ── segments ───────────────────────────────────────────────────────────────────────────────────────────────

    def release(self) -> None:
        """The segment has committed: its lines stand."""
        self._kept_seq, self._kept_records, self._kept_standing = self.seq, self.records, self.standing
        self.sink.release()
        self.sink.hold = self._holds

    def go_on(self, seq: int, records: int, standing: int) -> None:
        """Continue a run after its line `seq`. Where another writer has begun it, the lines after that one are void."""
        if self._started:  # this one has written all of them
            return
        self.seq, self.records, self.standing = seq, records, standing
        self._kept_seq, self._kept_records, self._kept_standing = seq, records, standing
        self._void("the run goes on from the end of its last segment")
        self._kept_seq = self.seq
        self.flush()

    def can_void(self) -> bool:
        """Whether `rollback` can still take back the segment's lines."""
        return self.voids or self.sink.hold or self.seq == self._kept_seq

    def rollback(self, reason: str) -> None:
        """The segment was undone: its lines never happened."""
        if self.kept is not None:
            self.kept.discard()
        if self.seq == self._kept_seq:
            return
        self.sink.discard()
        self.sink.hold = self._holds
        self.records, self.standing = self._kept_records, self._kept_standing
        self._void(reason)
        self._kept_seq = self.seq

    def tick(self) -> None:
        self.sink.tick()

    def flush(self) -> None:
        self.sink.flush()

    # ── what formats differ in ─────────────────────────────────────────────────────────────────────────────────

    def _line(self, line: Any) -> None:
        raise NotImplementedError

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        raise NotImplementedError

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        raise NotImplementedError

    def _void(self, reason: str) -> None:
        """Discard held lines. By default they leave no trace, and their numbers are used again."""
        self.seq = self._kept_seq

    def _finish(self) -> None:
        """After the last line."""


class JsonLines(Writer):
    """One JSON object a line; a `rollback` line voids."""

    voids = True

    def __init__(self, sink: Sink) -> None:
        super().__init__(sink, False)
        self._batches = Batches()

    def commands(self, step: str, within: str | None, command: str, store: str, count: int) -> None:
        first = self.seq + 1
        lines = command_lines(first, step, within, command, store, count)
        self.seq += count
        self.standing += count
        self.sink.write(lines)
        if self.kept is not None:
            self.kept.lines(first, lines)

    def _line(self, line: Any) -> None:
        self.sink.write(encode(line) + b"\n")

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self.sink.write(encode(Record(self.seq, step, scoped(within), json_record(record))) + b"\n")

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        self.sink.write(self._batches.lines(first, step, within, names, batch))

    def _void(self, reason: str) -> None:
        self.seq += 1
        self._line(Rollback(self.seq, self._kept_seq, {"reason": reason}))


class JsonArray(Writer):
    """The lines as one JSON array, an element a line of text."""

    def __init__(self, sink: Sink, buffer_until_commit: bool) -> None:
        super().__init__(sink, buffer_until_commit)
        self._batches = Batches()
        self._separator = b"[\n"

    def _line(self, line: Any) -> None:
        self.sink.write(self._separator + encode(line))
        self._separator = b",\n"  # the first element, `start`, is never discarded

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._line(Record(self.seq, step, scoped(within), json_record(record)))

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        lines = self._batches.lines(first, step, within, names, batch)
        self.sink.write(self._separator + _between_commas(lines))

    def _finish(self) -> None:
        self.sink.write(b"\n]\n")


class RecordsOnly(Writer):
    """A format that shows records alone. What a script says goes to the notes, once its segment stands."""

    tells_end = False

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        super().__init__(sink, buffer_until_commit)
        self.end_status = ""
        self._notes = notes
        self._said: list[str] = []

    def _line(self, line: Any) -> None:
        if isinstance(line, End):
            self.end_status = line.status
        if isinstance(line, Say):
            self._said.append(line.result)
            if not self.sink.hold:
                self._tell()

    def _tell(self) -> None:
        said, self._said = self._said, []
        if said:
            import sys

            print(*said, sep="\n", file=self._notes or sys.stderr, flush=True)

    def release(self) -> None:
        super().release()
        self._tell()

    def _void(self, reason: str) -> None:
        super()._void(reason)
        self._said.clear()


class Records(RecordsOnly):
    """The records themselves, one JSON object a line."""

    def __init__(self, sink: Sink, buffer_until_commit: bool, notes: TextIO | None) -> None:
        super().__init__(sink, buffer_until_commit, notes)
        self._batches = Batches()

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._put(encode(json_record(record)) + b"\n", 1)

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        self._put(encode_lines(self._batches.records(names, batch)), len(batch))

    def _put(self, lines: bytes, count: int) -> None:
        self.sink.write(lines)


class RecordArray(Records):
    """The records as one JSON array, a line each."""

    def _put(self, lines: bytes, count: int) -> None:
        if count:
            self.sink.write(b"[\n" if self.records == count else b",\n")
            self.sink.write(_between_commas(lines))

    def _finish(self) -> None:
        """The array of a run that failed has no end, so that nothing takes it for whole."""
        if self.end_status in WELL:
            self.sink.write(b"\n]\n" if self.records else b"[]\n")


def _between_commas(lines: bytes) -> bytes:
    """Objects, one a line, as elements of an array: no text in JSON holds a line break."""
    return lines[:-1].replace(b"}\n{", b"},\n{")
