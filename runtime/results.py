"""A run → its records as Python values: those of a script that only reads come while it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from io import BytesIO
from threading import Condition, Thread
from typing import Any, Final
from weakref import finalize

from runtime.output.sink import ClosedPipe, Sink
from runtime.output.writer import Writer
from runtime.runs.control import Control
from runtime.runs.run import Outcome
from runtime.values.batches import RowBatch

AHEAD: Final = 1_000  # records that a run may be ahead of its reader; a batch of rows is never split


class Result:
    """What a run gave: an iterator over its records, dicts of Python values, in the order in which they were emitted.

    A script that writes or asks has ended when its result is there. One that only reads runs in a thread while its
    records are read, some thousand ahead; if it fails after the first, the iterator raises. The attributes wait for the
    end of the run, and keep the records that were not read.

    Args:
        run: Runs the script to its end.
        ahead: Whether it runs in a thread of its own.

    Attributes:
        status: `ok`, or `dry-run`.
        result: What the script returned.
        said: Texts of `say`, in order.
        changes: Rows written, by (command, store); of a dry run, those it would have written.
    """

    def __init__(self, run: Callable[[Records, Control], Outcome], *, ahead: bool) -> None:
        control = Control()  # with one, a run sets no handlers of signals
        self._records = Records(ahead=ahead)
        self._run = _Run(run, self._records, control)
        self._close = finalize(self, _stop, self._records, control, self._run)
        if ahead:
            self._run.start()
        else:
            self._run.run()
        if not self._records.begun():
            self._end()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        try:
            return self._records.next()
        except StopIteration:
            self._end()
            raise

    @property
    def status(self) -> str:
        return self._end().status

    @property
    def result(self) -> Any:
        return self._end().result

    @property
    def said(self) -> list[str]:
        self._end()
        return self._records.said

    @property
    def changes(self) -> dict[tuple[str, str], int]:
        return self._records.changes or dict(self._end().committed)

    def records(self) -> list[dict[str, Any]]:
        """Return all records that were not read yet.

        Raises:
            RunError: The script failed.
        """
        return list(self)

    def one(self) -> dict[str, Any]:
        """Return the only record.

        Raises:
            ValueError: There is none, or more than one.
            RunError: The script failed.
        """
        found = self.records()
        if len(found) != 1:
            raise ValueError(f"the run gave {len(found)} records, not one")
        return found[0]

    def close(self) -> None:
        """End the run if it has not ended. Records that it gave can still be read; then the iterator raises."""
        self._close()

    def _end(self) -> Outcome:
        """Wait for the end of the run, however far it was read; raise its error."""
        self._records.keep_all()
        return self._run.outcome()


class _Run(Thread):
    """The run, in a thread of its own or in the caller's. It keeps no reference to its `Result`, so that the run stops
    when nobody uses the result."""

    def __init__(self, run: Callable[[Records, Control], Outcome], records: Records, control: Control) -> None:
        super().__init__(daemon=True)
        self._function = run
        self._records = records
        self._control = control
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._outcome = self._function(self._records, self._control)
        except BaseException as error:  # raised again where the records are read
            self._error = error
        finally:
            self._records.finish()

    def outcome(self) -> Outcome:
        """Wait for the end; raise what the run raised."""
        if self.ident is not None:  # it was started
            self.join()
        if self._error is not None:
            raise self._error
        assert self._outcome is not None
        return self._outcome


def _stop(records: Records, control: Control, run: _Run) -> None:
    records.close()
    control.cancel("nobody reads its records any more")
    if run.ident is not None:
        run.join()


class Records(Writer):
    """Takes what a run emits and says, for a reader that may be another thread.

    Attributes:
        limit: How many records may wait for the reader; None for any number.
        asked: The step and the question that nobody answered.
    """

    writes_json = False

    def __init__(self, *, ahead: bool) -> None:
        self.voids = not ahead  # a rollback takes records away again, but not those that may have been read
        super().__init__(Sink(BytesIO()), buffer_until_commit=False)
        self.limit = AHEAD if ahead else None
        self.said: list[str] = []
        self.changes: dict[tuple[str, str], int] = {}
        self.asked: tuple[str, dict[str, Any]] = ("", {})
        self._found: deque[dict[str, Any]] = deque()
        self._changed = Condition()
        self._finished = False
        self._closed = False
        self._stands = (0, 0)  # how many of both are committed

    # ── for the reader ─────────────────────────────────────────────────────────────────────────────────────────

    def begun(self) -> bool:
        """Wait for a record or the end; return whether there is a record."""
        with self._changed:
            self._changed.wait_for(lambda: self._found or self._finished)
            return bool(self._found)

    def next(self) -> dict[str, Any]:
        """Wait for the next record; StopIteration at the end."""
        if not self.begun():
            raise StopIteration
        with self._changed:
            record = self._found.popleft()
            self._changed.notify()
            return record

    def keep_all(self) -> None:
        """Let the run go on to its end, however many records wait."""
        with self._changed:
            self.limit = None
            self._changed.notify()

    def close(self) -> None:
        """Refuse further records, which ends the run."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    # ── for the run ────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Nothing more comes."""
        with self._changed:
            self._finished = True
            self._changed.notify()

    def _add(self, records: list[dict[str, Any]]) -> None:
        with self._changed:
            self._found += records
            self._changed.notify()
            self._changed.wait_for(lambda: self._closed or self.limit is None or len(self._found) < self.limit)
            if self._closed:
                raise ClosedPipe

    def _line(self, line: object) -> None:
        """Lines that are neither records nor said are not kept."""

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self._add([record])

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        self._add([dict(zip(names, row, strict=True)) for row in batch])

    def say(self, step: str, within: str | None, text: str) -> None:
        super().say(step, within, text)
        self.said.append(text)

    def ask(self, step: str, within: str | None, question: dict[str, Any]) -> None:
        super().ask(step, within, question)
        self.asked = (step if within is None else f"{within}/{step}", question)

    def release(self) -> None:
        super().release()
        self._stands = (len(self._found), len(self.said))

    def rollback(self, reason: str) -> None:
        super().rollback(reason)
        if self.voids and reason != "a dry run":  # which shows what would have been
            records, said = self._stands
            self._found = deque(list(self._found)[:records])
            del self.said[said:]

    def end(self, status: str, result: Any, retries: int, ms: int, changes: list[dict[str, Any]] | None = None) -> None:
        super().end(status, result, retries, ms, changes)
        self.changes = {(each["command"], each["store"]): each["rows"] for each in changes or ()}
