"""A run's state where a segment ends → its row and what belongs to it, in the transaction of that segment; and back.

What is in the database already is remembered as of the last segment that was committed: modules, statements, large
values and spools are written once. `save` changes nothing of that memory, `saved` does, so what was written in a
segment that is undone counts as not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from runtime.databases.protocol import Lease, Spool
from runtime.databases.statements import StatementCache
from runtime.errors import DatabaseError, RunError, SopError
from runtime.output.kept_lines import KeptLines
from runtime.output.writer import Writer
from runtime.runs.answers import checked, describe
from runtime.runs.segments import HandedBack
from runtime.runs.store import RunRow, RunStore
from runtime.values.batches import Row
from runtime.values.conversion import json_ready, packable, to_text
from runtime.vm.budget import Budget, Limits
from runtime.vm.data import Data
from runtime.vm.frame import Frames
from runtime.vm.iterators import SpoolIterator
from runtime.vm.output import Question
from runtime.vm.saved import LARGE, SavedFrames, check_value, reference, refuse, restore, save, unpack_value
from runtime.vm.script import Script

FORMAT: Final = 1  # of `pinned` and `state`; each release reads this and the one before
RECORD_TRIES: Final = 10
END_TRIES: Final = 6  # to note in a locked database that a run has ended; each takes some seconds
_ENCODER: Final = msgspec.msgpack.Encoder()
T = TypeVar("T")


class Pinned(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What never changes of a run. scripts: name, version and hash of each, the root first. home: name of the database
    that it writes. engines: by the name of each database. lines: whether its lines are kept."""

    format: int
    arguments: list[Any]
    scripts: list[tuple[str, int, str]]
    home: str | None
    engines: dict[str, str]
    limits: Limits
    lines: bool


class State(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A run at the end of a segment. records, standing: as the writer counts them. instructions, seconds, emitted: what
    is left of its limits. committed: rows by command and store. values, spools: numbers given so far."""

    format: int
    records: int
    standing: int
    instructions: int | None
    seconds: float | None
    emitted: int
    committed: list[tuple[str, str, int]]
    values: int
    spools: int
    frames: SavedFrames


_PINNED: Final = msgspec.msgpack.Decoder(Pinned, ext_hook=unpack_value)
_STATE: Final = msgspec.msgpack.Decoder(State, ext_hook=unpack_value)
_VALUE: Final = msgspec.msgpack.Decoder(ext_hook=unpack_value)


def read_pinned(data: bytes) -> Pinned:
    """V0602, V0603."""
    pinned = _decoded(_PINNED, data, versioned=True)
    for value in pinned.arguments:
        check_value(value)
    if not pinned.scripts:
        refuse("it names no script")
    return pinned


def read_state(data: bytes) -> State:
    """V0602, V0603."""
    return _decoded(_STATE, data, versioned=True)


def read_value(data: bytes) -> Any:
    """A value of the language; V0602 for anything else."""
    value = _decoded(_VALUE, data)
    check_value(value)
    return value


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes, *, versioned: bool = False) -> T:
    # an array of up to 15 items has its length in its first byte, and a small number is its byte
    if versioned and len(data) > 1 and 0x90 <= data[0] <= 0x9F and FORMAT < data[1] < 0x80:
        raise SopError(
            "V0603",
            f"the run is kept in version {data[1]} of the format, and this sopvm reads version {FORMAT}",
            "go on with it in the version that kept it, or a newer one",
        )
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        refuse((str(error) or type(error).__name__).splitlines()[0])


def pack_value(value: Any) -> bytes:
    return _ENCODER.encode(packable(value))


class PinnedStatements:
    """SQL that is kept with the run, and behind that the library's cache. fresh: what was asked for and is not kept."""

    def __init__(self, behind: StatementCache | None, known: Mapping[bytes, bytes]) -> None:
        self._behind = behind
        self._known = dict(known)
        self.fresh: dict[bytes, bytes] = {}

    def cached_statement(self, key: bytes) -> bytes | None:
        found = self._known.get(key)
        if found is None and self._behind is not None:
            found = self._behind.cached_statement(key)
            if found is not None:
                self._remember(key, found)
        return found

    def cache_statement(self, key: bytes, value: bytes) -> None:
        self._remember(key, value)
        if self._behind is not None:
            self._behind.cache_statement(key, value)

    def _remember(self, key: bytes, value: bytes) -> None:
        self._known[key] = self.fresh[key] = value


class KeptSpool:
    """Rows of a loop as they are kept (see runtime/databases/protocol.py). width: how many fields a row has."""

    def __init__(self, store: RunStore, run: str, number: int, width: int) -> None:
        self._store = store
        self._run = run
        self._number = number
        self._width = width

    def batches(self, start: int) -> Iterator[list[Row]]:
        found = self._store.batch(self._run, self._number, start, holding=True)
        following = None
        while True:
            if found is None or following not in (None, found[0]):
                refuse("rows that a loop goes over are gone")
            first, data = found
            rows = read_value(data)
            if type(rows) is not list or not all(type(row) is list and len(row) == self._width for row in rows):
                refuse("rows that a loop goes over are of another kind")
            if not rows:  # after the last
                return
            skipped = max(start - first, 0)
            if skipped < len(rows):
                yield [tuple(row) for row in rows[skipped:]]
            following = first + len(rows)
            found = self._store.batch(self._run, self._number, first)

    def drop(self) -> None:
        """Nothing: the end of the segment that left the loop forgets them."""


class _Memory(NamedTuple):
    """What is in the database as of the last segment. values: by identity, each held here so that it stays what it is
    (an instruction that changes a value copies one that is held elsewhere); next_: numbers given so far."""

    values: dict[int, tuple[Any, int]]
    next_value: int
    spools: dict[Any, int]
    next_spool: int
    segment: int


class Keeper:
    """Keeps one run. row: as it is in the database, or as it will be put there with the first segment.

    new: it is not there yet. apart: the store is in another database than the run writes, or it writes none. lines:
    keep those too. always: also when it ends in its first segment. renewed: its limits begin anew. hands_back: of a
    worker's run, whether it is to end where its next segment does.
    """

    def __init__(
        self,
        store: RunStore,
        lease: Lease,
        row: RunRow,
        statements: PinnedStatements,
        modules: Sequence[tuple[str, bytes]] = (),
        *,
        new: bool,
        apart: bool,
        lines: bool,
        always: bool = False,
        renewed: bool = False,
        hands_back: Callable[[], bool] | None = None,
    ) -> None:
        self.store = store
        self.row = row
        self.is_kept = not new
        self._over = False
        self._lease = lease
        self.statements = statements
        self._modules = modules
        self.is_apart = apart
        self._renewed = renewed
        self._hands_back = hands_back
        self._keeps_lines = lines
        self._always = always
        self._lines = row.lines  # as of the last segment
        self._put_any = False  # lines of the open one
        self._goes_on = False  # its last segment was saved here, as `running`
        self._memory = _Memory({}, 0, {}, 0, row.segment)
        self._after = self._memory
        self._values: list[tuple[int, bytes]] = []
        self._starts: dict[int, int] = {}

    def attach(self, writer: Writer, budget: Budget, data: Data) -> None:
        """The run begins, or goes on."""
        self._writer, self._budget, self._data = writer, budget, data
        if self._keeps_lines:
            # a `try` or `transaction` undoes data, and no lines
            writer.kept = KeptLines(self._put_lines, lambda: self.is_apart or data.depth == 0, self._undo_lines)

    def _put_lines(self, first: int, lines: bytes) -> None:
        """In the segment's transaction; or by themselves, where there is none: only lines up to the number in the run's
        row count (and one transaction for them all would keep other runs from that database)."""
        try:
            self.store.put_lines(self.row.run, first, lines)
        except DatabaseError as error:
            if error.code != "D0302":
                raise
            raise taken_over(self.row.run) from error  # who has put these lines
        self._put_any = True

    def _undo_lines(self) -> None:
        if self._put_any and self.is_apart:
            self.store.drop_lines(self.row.run, self._lines)
        self._put_any = False

    def record(self, status: str) -> None:
        """Keep the run before its first segment."""
        database = self.store.database
        for tries in count(1):
            try:
                database.begin(write=True)
                self.store.insert(self.row._replace(status=status), self._modules)
                database.commit()
                break
            except DatabaseError as error:
                database.rollback()
                if not error.retry or tries == RECORD_TRIES:
                    raise
        self.is_kept = True

    # ── the end of a segment ───────────────────────────────────────────────────────────────────────────────────

    def save(self, stack: Frames, status: str, said: Any) -> None:
        """Write the run as it is, in the transaction that ends the segment. said: a waiting run's question, an ended
        one's result. V0608 when another process has taken the run over."""
        self._after, self._status = self._memory, status
        if status == "ok" and not (self.is_kept or self._always or self._put_any):
            return
        if not self.is_apart:
            self._save(stack, status, said)
            return
        database = self.store.database
        try:
            database.begin(write=True)
            self._save(stack, status, said)
            database.commit()
        except BaseException:
            database.rollback()
            raise

    def saved(self) -> None:
        """The transaction has committed. HandedBack when the run's worker is to end."""
        if self._after is not self._memory:
            self.is_kept, self._over = True, self._status == "ok"
            self._goes_on = self._status == "running"
            self._memory = self._after
            self._lines, self._put_any = self._writer.seq, False
            self.statements.fresh.clear()
            if self._hands_back is not None and self._status == "running" and self._hands_back():
                raise HandedBack

    @property
    def has_saved(self) -> bool:
        """Whether `save` has written something that is not known to be committed."""
        return self._after is not self._memory

    def is_saved(self) -> bool:
        """Whether that was committed. V0608 when another process has taken the run over."""
        row = self.store.find_settled(self.row)
        if row is not None and row.epoch != self.row.epoch:
            raise taken_over(self.row.run)
        return row is not None and row.segment == self._after.segment

    def _save(self, stack: Frames, status: str, said: Any) -> None:
        store, run, memory = self.store, self.row.run, self._memory
        store.find_by_key()
        lines = self._writer.seq
        if self._writer.kept is not None:
            self._writer.kept.flush()
        if status == "ok":
            self._after = memory._replace(segment=memory.segment + 1)
            ending = to_text({"result": json_ready(said), "records": self._writer.records})
            if self.is_kept:
                self._update(store.save(run, self.row.epoch, "ok", memory.segment + 1, lines, None, None, ending))
                store.clear(run)
            else:
                row = self.row._replace(status="ok", segment=memory.segment + 1, lines=lines, ending=ending)
                store.insert(row, self._modules)
            return
        self._values = []
        self._after = _Memory({}, memory.next_value, {}, memory.next_spool, memory.segment + 1)
        frames = save(stack, self)
        after = self._after
        instructions, seconds, emitted = self._budget.left()
        committed = [(command, place, rows) for (command, place), rows in self._data.tally.items() if rows]
        state = _ENCODER.encode(
            State(
                FORMAT,
                *(self._writer.records, self._writer.standing, instructions, seconds, emitted, committed),
                *(after.next_value, after.next_spool, frames),
            )
        )
        if self._goes_on and status == "running":
            self._update(store.save_again(run, self.row.epoch, after.segment, lines, state))
        else:
            self._save_row(status, said, lines, state)
        if self._values or memory.values:
            store.put_values(run, self._values)
            numbers = {number for _, number in after.values.values()}
            store.drop_values(run, [number for _, number in memory.values.values() if number not in numbers])
        if after.spools or memory.spools:
            for spool, number in after.spools.items():
                if spool not in memory.spools:
                    self._put_spool(spool, number)
            store.drop_spools(run, [number for spool, number in memory.spools.items() if spool not in after.spools])
        if self.statements.fresh:
            store.put_statements(self.statements.fresh.items())

    def _save_row(self, status: str, said: Any, lines: int, state: bytes) -> None:
        store, run, segment = self.store, self.row.run, self._after.segment
        question = within = None
        if isinstance(said, Question):
            within = None if said.within is None else said.within.total_seconds()
            question = to_text({"step": said.step, **describe(said)})
        if self.is_kept:
            self._update(store.save(run, self.row.epoch, status, segment, lines, state, question, None, within))
        else:
            row = self.row._replace(status=status, segment=segment, lines=lines, state=state, question=question)
            store.insert(row, self._modules, within)

    def _update(self, done: bool) -> None:
        if not done:
            raise taken_over(self.row.run)

    def value(self, value: Any) -> Any:
        """See runtime/vm/saved.py."""
        known = self._memory.values.get(id(value)) or self._after.values.get(id(value))
        if known is None:
            packed = packable(value)
            if type(value) is not list and type(value) is not dict and not (type(value) is str and len(value) > LARGE):
                return packed
            data = _ENCODER.encode(packed)
            if len(data) <= LARGE:
                return msgspec.Raw(data)
            number = self._after.next_value
            self._after = self._after._replace(next_value=number + 1)
            self._values.append((number, data))
            known = value, number
        self._after.values[id(value)] = known
        return reference(known[1])

    def spool(self, iterator: SpoolIterator) -> int:
        """See runtime/vm/saved.py."""
        number = self._memory.spools.get(iterator.spool)
        if number is None:
            number = self._after.next_spool
            self._after = self._after._replace(next_spool=number + 1)
            iterator.pause()
            self._starts[number] = iterator.position
        self._after.spools[iterator.spool] = number
        return number

    def _put_spool(self, spool: Spool, number: int) -> None:
        """Keep the rows that the loop has not come to, and an empty batch after the last."""
        first = self._starts.pop(number)
        for batch in chain(spool.batches(first), ([],)):
            self.store.put_batch(self.row.run, number, first, pack_value(list(map(list, batch))))
            first += len(batch)

    # ── between segments ───────────────────────────────────────────────────────────────────────────────────────

    def answered(self, value: Any) -> None:
        """Keep the answer to the open question, so that a crash does not ask again."""
        self._update(self.store.answer(self.row.run, self.row.epoch, pack_value(value)))

    def ended(self, status: str, error: SopError) -> None:
        """The run ended between two segments: it stays, with the error, where its last segment ended."""
        said = to_text({**error.record, "records": self._writer.records})
        for tries in count(1):
            try:
                self._update(self.store.end(self.row.run, self.row.epoch, status, said))
                break
            except DatabaseError as failure:
                if failure.code != "D0401" or tries == END_TRIES:
                    raise
        self._over = True

    def must_stop(self) -> bool:
        """Whether somebody wants the run to end."""
        return self._lease.must_stop()

    def relax(self) -> None:
        """Save segments without waiting for the disk."""
        self.store.database.relax()

    def close(self) -> None:
        self._lease.release(is_open=self.is_kept and not self._over)
        if self.is_apart:
            self.store.database.close()

    def read_answer(self, question: Question) -> Any:
        """The answer that was kept; V0602 for one that does not fit the question."""
        assert self.row.answer is not None
        value = read_value(self.row.answer)
        try:
            return checked(question, value)
        except RunError:
            refuse("the answer does not fit the question")

    # ── going on ───────────────────────────────────────────────────────────────────────────────────────────────

    def is_overdue(self) -> bool:
        """Whether the deadline of its question has passed."""
        return self.row.answer is None and self.store.is_overdue(self.row.run)

    def restore(self, root: Script) -> Frames:
        """The frames as they are kept, with the writer, the budget and the tally as they were. V0602, V0603."""
        assert self.row.state is not None
        state = read_state(self.row.state)
        reader = KeptParts(self.store, self.row.run)
        frames = restore(state.frames, root, reader, self._data.release_spool)
        self._memory = self._after = _Memory(
            {id(value): (value, number) for number, value in reader.values.items()},
            *(state.values, {spool: number for number, spool in reader.spools.items()}, state.spools),
            self.row.segment,
        )
        if not self._renewed:
            self._budget.go_on(state.instructions, state.seconds, state.emitted)
        self._data.tally = {(command, store): rows for command, store, rows in state.committed}
        self._writer.go_on(self.row.lines, state.records, state.standing)
        return frames


class KeptParts:
    """Values and spools of a run as frames refer to them (see runtime/vm/saved.py), each read once."""

    def __init__(self, store: RunStore, run: str) -> None:
        self._store = store
        self._run = run
        self.values: dict[int, Any] = {}
        self.spools: dict[int, KeptSpool] = {}

    def value(self, number: int) -> Any:
        if number not in self.values:
            data = self._store.value(self._run, number)
            if data is None:
                refuse("a large value is gone")
            self.values[number] = read_value(data)
        return self.values[number]

    def spool(self, number: int, width: int) -> KeptSpool:
        if number in self.spools:
            refuse("two loops go over the same rows")
        self.spools[number] = KeptSpool(self._store, self._run, number, width)
        return self.spools[number]


def taken_over(run: str) -> SopError:
    return SopError(
        "V0608", f"another process has taken over the run {run}", "what this one did since its last segment is undone"
    )
