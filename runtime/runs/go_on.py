"""A kept run's row → the run, going on from the end of its last segment; or its frames, to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from runtime.bytecode.codec import decode, module_hash
from runtime.databases.protocol import Database, Keeps, Lease
from runtime.errors import Cancelled, SopError, UsageError
from runtime.output.writer import Writer
from runtime.runs.control import describe_frames
from runtime.runs.keep import going_on, leased
from runtime.runs.keeping import (
    Keeper,
    KeptParts,
    Pinned,
    PinnedStatements,
    pack_value,
    read_pinned,
    read_state,
    taken_over,
)
from runtime.runs.run import Outcome, RunOptions, execute
from runtime.runs.secrets import Secrets
from runtime.runs.store import RunRow, RunStore
from runtime.values.conversion import to_text
from runtime.vm.asking import asks, question_of
from runtime.vm.frame import Frames
from runtime.vm.link import Linked, Modules, link
from runtime.vm.output import Question
from runtime.vm.saved import refuse, restore


class KeptRun(NamedTuple):
    """A kept run as its database has it. linked: its scripts as they were when it began."""

    row: RunRow
    pinned: Pinned
    linked: Linked
    store: RunStore


class _Entry(NamedTuple):
    name: str
    version: int
    hash: str


class _PinnedModules:
    """The scripts of a run, by name; their bytes from its database, else from the library."""

    def __init__(self, store: RunStore, pinned: Pinned, library: Modules | None) -> None:
        self._store = store
        self._entries = {name: _Entry(name, version, hash_) for name, version, hash_ in pinned.scripts}
        self._library = library

    def resolve(self, name: str) -> _Entry:
        if name not in self._entries:
            raise UsageError("L0101", f"the run has no script named {name}")
        return self._entries[name]

    def load(self, hash_: str) -> bytes:
        data = self._store.module(hash_)
        if data is not None and module_hash(decode(data)) == hash_:
            return data
        if self._library is not None:
            try:
                return self._library.load(hash_)
            except SopError:
                pass
        name = next(entry.name for entry in self._entries.values() if entry.hash == hash_)
        raise SopError(
            "V0602",
            f"what is kept of the run is damaged: the script {name} as it was when the run began is gone",
            "bring the database back from a copy, or compile that version again; the run is kept",
        )


def check_status(store: RunStore, run: str, statuses: Sequence[str]) -> RunRow:
    """Its row. V0609 for a run with another status, V0607 for one that is going on."""
    row = store.find(run)
    if row is None:
        raise unknown(run)
    if store.database.is_leased(run):
        raise going_on(run)
    _check(row, statuses)
    return row


def _check(row: RunRow, statuses: Sequence[str]) -> None:
    if row.status in statuses:
        return
    run = row.run
    state, way = {
        "pending": ("has not begun", f"sopvm resume {run}"),
        "running": ("was interrupted", f"sopvm resume {run}"),
        "waiting": ("waits for an answer", f"sopvm answer {run} VALUE"),
        "ok": ("has ended well", None),
        "failed": (f"failed: {reason(row)}", f"sopvm retry {run}"),
        "cancelled": ("was cancelled", f"sopvm retry {run}"),
    }.get(row.status, ("is in a state that this version does not know", None))
    raise SopError("V0609", f"the run {run} {state}", way)


def reason(row: RunRow) -> str:
    """Why a run failed, as its row says."""
    try:
        said = msgspec.json.decode(row.ending or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "no reason is kept"
    return str(said.get("message", "no reason is kept"))


def unknown(run: str) -> UsageError:
    return UsageError("V0606", f"there is no run {run}", "`sopvm runs` lists them")


def read_run(store: RunStore, run: str, library: Modules | None) -> KeptRun:
    """V0606 when the run is not there, V0602 or V0603 when it can't be read."""
    row = store.find(run)
    if row is None:
        raise unknown(run)
    return read_row(store, row, library)


def read_row(store: RunStore, row: RunRow, library: Modules | None) -> KeptRun:
    """As `read_run`, of a row that was read."""
    pinned = read_pinned(row.pinned)
    return KeptRun(row, pinned, link(_PinnedModules(store, pinned, library), pinned.scripts[0][0]), store)


def stack_of(kept: KeptRun) -> Frames:
    """Its frames at the end of its last segment; none before the first one's or after the end."""
    if kept.row.state is None:
        return []
    parts = KeptParts(kept.store, kept.row.run)
    return restore(read_state(kept.row.state).frames, kept.linked.root, parts, lambda spool, segment: None)


def question(kept: KeptRun) -> Question:
    """What a waiting run asks."""
    stack = stack_of(kept)
    if not stack or not asks(stack):
        refuse("it asks nothing")
    return question_of(stack)


def is_overdue(kept: KeptRun) -> bool:
    """Whether it waits, and the time for an answer is over: going on with it takes the default."""
    return kept.store.is_overdue(kept.row.run)


def inspect(store: RunStore, run: str, library: Modules | None) -> list[dict[str, Any]]:
    """As `describe_frames`."""
    kept = read_run(store, run, library)
    return describe_frames(stack_of(kept), Secrets(kept.linked.root.module.signature, kept.pinned.arguments))


def cancel(store: RunStore, run: str) -> bool:
    """End a run that has not ended. What it committed stays.

    Returns:
        Whether it has ended. One that is going on is told to, and ends soon: where its segment is undone.
    """
    if store.find(run) is not None and store.database.ask_to_stop(run):
        return False
    check_status(store, run, ("pending", "running", "waiting", "failed"))
    lease = leased(store.database, run)
    try:
        row = store.find(run)
        assert row is not None
        error = Cancelled("V0301", "the run was cancelled")
        if not store.claim(run, row.epoch) or not store.end(run, row.epoch + 1, "cancelled", to_text(error.record)):
            raise taken_over(run)
    finally:
        lease.release()
    return True


def go_on(
    kept: KeptRun,
    statuses: Sequence[str],
    databases: Callable[[str], Database],
    runs: Callable[[], Database],
    writer: Writer,
    options: RunOptions,
    library: Any,
    answer: Any = UNSET,
    begun: Callable[[], None] = lambda: None,
    taken: Lease | None = None,
    hands_back: Callable[[], bool] | None = None,
    give_back: Callable[[Database], None] | None = None,
) -> Outcome:
    """Go on with a run from the end of its last segment.

    statuses: that it may have. options: limits that are given count from here, instead of what is left of the run's.
    answer: to the question that it waits with, which is kept before the run goes on. begun: called then. taken: its
    lease, where this process has taken the run over already; `kept` is as of then. hands_back: of a worker, whether the
    run is to end where its next segment does, as `interrupted`. give_back: takes the databases afterwards (they are
    closed when None).

    databases: opens one by the name that scripts use. runs: opens that of runs that write none. SopError when it can't
    go on now, V0607 for one that is going on: the run is as it was.
    """
    pinned = kept.pinned
    renewed = options.limits != RunOptions().limits

    def keeper(opened: Mapping[str, Database], home: str | None) -> Keeper:
        database = runs() if home is None else opened[home]
        try:
            assert isinstance(database, Keeps)
            store = RunStore(database)
            store.prepare()
            lease = taken or leased(database, kept.row.run)
            try:
                row = kept.row if taken is not None else _claimed(store, kept, statuses, answer)
                begun()
                store.drop_lines(row.run, row.lines)  # of a segment that never ended
                sql = store.statements(hash_ for _, _, hash_ in pinned.scripts)
                return Keeper(
                    store,
                    lease,
                    row,
                    PinnedStatements(library, sql),
                    new=False,
                    apart=home is None,
                    lines=pinned.lines,
                    renewed=renewed,
                    hands_back=hands_back,
                )
            except BaseException:
                lease.release(is_open=True)
                raise
        except BaseException:
            if home is None:
                database.close()
            raise

    return execute(
        kept.linked,
        pinned.arguments,
        databases,
        writer,
        None,
        options if renewed else msgspec.structs.replace(options, **pinned.limits.as_options()),
        give_back,
        keeper,
    )


def _claimed(store: RunStore, kept: KeptRun, statuses: Sequence[str], answer: Any) -> RunRow:
    """Its row as it is once this process has taken it over."""
    run, epoch = kept.row.run, kept.row.epoch
    row = store.find(run)
    if row is None:
        raise unknown(run)
    _check(row, statuses)
    if not store.claim(run, epoch) or (answer is not UNSET and not store.answer(run, epoch + 1, pack_value(answer))):
        raise taken_over(run)
    row = store.find(run)
    assert row is not None
    return row
