"""A run → its records as Python values, a pandas data frame, an Arrow table or HTML, while the run goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from weakref import finalize

from runtime.errors import SopError
from runtime.record_queue import AHEAD, Records
from runtime.runs.control import Control
from runtime.runs.run import Outcome

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from runtime.values.batches import NamedRows
    from runtime.values.types import Type

    Columns = tuple[tuple[str, Type], ...]

SHOWN: Final = 50  # records that a notebook shows
READ: Final = "the records were read to their end, and are not kept"
AGAIN: Final = "keep what .df() or .records() returns, or run again"

Made = TypeVar("Made")


class NotOne(SopError, ValueError):
    """Where one record is wanted, there is none, or more than one.

    Args:
        left: Records that were not read.
        read: Records that were read before.
    """

    def __init__(self, left: int, read: int) -> None:
        message = f"{left} records are left, not one" if read else f"the run gave {left} records, not one"
        super().__init__("V0506", message, ".records() has any number")


class Result:
    """What a run gave: an iterator over its records, dicts of Python values, in the order in which they were emitted.

    A script that writes or asks has ended when its result is there. One that only reads runs in a thread while its
    records are read, some thousand ahead; if it fails after the first, the iterator raises. The attributes wait for the
    end of the run, and keep the records that were not read. In a coroutine, `async for` reads the records, and `await`
    waits for the end of the run.

    A result that is closed or forgotten before its run has ended ends the run, and undoes what it has not committed.

    Args:
        run: Runs the script to its end.
        ahead: Whether it runs in a thread of its own.
        streams: It is returned at once, whatever the script does; one that writes goes on only as its records are read.
        control: Of the run.

    Attributes:
        status: `ok`, or `dry-run`.
        result: What the script returned.
        said: Texts of `say`, in order.
        changes: Rows written, by (command, store); of a dry run, those it would have written.
    """

    def __init__(
        self, run: Callable[[Records], Outcome], control: Control, *, ahead: bool, streams: bool = False
    ) -> None:
        self._records = Records(limit=AHEAD if ahead else 0 if streams else None)
        self._run = _Run(run, self._records)
        self._batches: deque[NamedRows] = deque()  # taken from the run, and not yet read to their ends
        self._begun = 0  # records of the first of them that were read
        self._given = 0  # records that were read
        self._is_read = False  # whether their reader has seen the end
        self._close = finalize(self, _stop, self._records, control, self._run)
        if not (ahead or streams):
            self._run.run()
        else:
            self._run.start()
        if not streams and not self._peek(1):
            self._end()

    # ── records ────────────────────────────────────────────────────────────────────────────────────────────────

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        if not (self._batches or self._peek(1)):
            self._end()
            self._is_read = True
            raise StopIteration
        return self._first()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> dict[str, Any]:
        await self._until(lambda: self._batches or self._peek(1, wait=False) or self._records.is_over)
        if not (self._batches or self._peek(1, wait=False)):
            self._end()
            self._is_read = True
            raise StopAsyncIteration
        return self._first()

    def __await__(self) -> Generator[Any, None, Self]:
        return self._ended().__await__()

    def records(self) -> list[dict[str, Any]]:
        """Return all records that were not read yet.

        Raises:
            RunError: The script failed.
            Error: V0505, they were read to their end before.
        """
        self._refuse_if_read()
        return list(self)

    def one(self) -> dict[str, Any]:
        """Return the only record that was not read yet.

        Raises:
            NotOne: V0506, there is none, or more than one; they can still be read.
            RunError: The script failed.
            Error: V0505, it was read before.
        """
        self._refuse_if_read()
        left = self._whole()
        if left != 1:
            raise NotOne(left, self._given)
        return self.records()[0]

    def df(self) -> pandas.DataFrame:
        """Return the records that were not read yet as a data frame.

        Ints with nulls are `Int64`, bools with nulls `boolean`; dates are `datetime64[us]`, timestamps
        `datetime64[us, UTC]`, durations `timedelta64[us]`; decimals, lists and records are Python's objects.

        Raises:
            RunError: The script failed.
            Error: D0105, pandas is not installed; V0501, its records have different fields; V0505, they were read to
                their end before. After the first two they can still be read.
        """
        from runtime.output import to_pandas

        return self._convert(to_pandas)

    def arrow(self) -> pyarrow.Table:
        """Return the records that were not read yet as an Arrow table.

        Raises:
            RunError: The script failed.
            Error: As for `df`, of pyarrow.
        """
        from runtime.output import to_arrow

        return self._convert(to_arrow)

    def _repr_html_(self) -> str:
        """The next records as a notebook shows them; they can still be read."""
        from runtime.output import to_html

        if self._is_read:
            return f"<p>{READ}: {AGAIN}</p>\n"
        there = self._peek(SHOWN + 1)
        if there <= SHOWN:
            self._end()
        return to_html(self._unread(), self._records.columns, SHOWN, begun=self._given > 0)

    # ── the end ────────────────────────────────────────────────────────────────────────────────────────────────

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
        outcome = self._end()
        return self._records.changes or dict(outcome.committed)

    def close(self) -> None:
        """End the run if it has not ended. Records that it gave can still be read; then the iterator raises."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _end(self) -> Outcome:
        """Wait for the end of the run, however far it was read; raise its error."""
        self._records.keep_all()
        return self._run.outcome()

    async def _ended(self) -> Self:
        self._records.keep_all()
        await self._until(lambda: self._records.is_over)
        self._end()
        return self

    # ── batches ────────────────────────────────────────────────────────────────────────────────────────────────

    def _peek(self, count: int, *, wait: bool = True) -> int:
        """Take batches from the run until there are some records, or it has ended; how many there are now."""
        there = sum(len(rows) for _, rows in self._batches) - self._begun
        while there < count:
            batch = self._records.take(wait=wait)
            if batch is None:
                break
            self._batches.append(batch)
            there += len(batch[1])
        return there

    def _first(self) -> dict[str, Any]:
        names, rows = self._batches[0]
        record = dict(zip(names, rows[self._begun], strict=True))
        self._given += 1
        self._begun += 1
        if self._begun == len(rows):
            self._batches.popleft()
            self._begun = 0
        return record

    def _unread(self) -> list[NamedRows]:
        """The batches without the records that were read."""
        if not self._begun:
            return list(self._batches)
        (names, rows), *others = self._batches
        return [(names, rows[self._begun :]), *others]

    def _whole(self) -> int:
        """Take all batches once the run has ended; how many records were not read."""
        self._end()
        return self._peek(self._records.records)

    def _convert(self, convert: Callable[[list[NamedRows], Columns | None], Made]) -> Made:
        """Make something of all that was not read; what can't be made leaves it unread."""
        self._refuse_if_read()
        self._whole()
        made = convert(self._unread(), self._records.columns)
        self._batches.clear()
        self._begun = 0
        self._is_read = True
        return made

    def _refuse_if_read(self) -> None:
        if self._is_read:
            raise SopError("V0505", READ, AGAIN)

    async def _until(self, ready: Callable[[], object]) -> None:
        """Wait, and let other tasks go on. A task that is cancelled meanwhile ends the run."""
        from asyncio import CancelledError, get_running_loop

        loop = get_running_loop()
        while not ready():
            changed = loop.create_future()

            def wake(changed: Any = changed) -> None:
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(lambda: changed.done() or changed.set_result(None))

            self._records.watch(wake)
            if ready():  # it came before there was a watch
                return
            try:
                await changed
            except CancelledError:
                self.close()
                raise


class _Run(Thread):
    """The run, in a thread of its own or in the caller's. It keeps no reference to its `Result`, so that the run stops
    when nobody uses the result."""

    def __init__(self, run: Callable[[Records], Outcome], records: Records) -> None:
        super().__init__(daemon=True)
        self._function = run
        self._records = records
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._outcome = self._function(self._records)
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
    control.cancel("nobody reads its records any more")  # first, so that the run's error says so
    records.close()
    if run.ident is not None:
        run.join()
