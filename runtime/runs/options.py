"""How a run is to go → `RunOptions`; how it went → `Outcome`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from runtime.errors import SopError
from runtime.runs.answers import Prompt
from runtime.runs.segments import utc_now
from runtime.vm.backtrace import Trace
from runtime.vm.budget import Limits

if TYPE_CHECKING:
    from runtime.runs.control import Control
    from runtime.runs.keep import Keep
    from runtime.vm.watched_data import Watch

EXIT_CODES = {"ok": 0, "dry-run": 0, "pending": 0, "failed": 1, "waiting": 3, "cancelled": 130, "interrupted": 130}


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """answers: text by step (`4.1`, or `callee/4.1`). prompt: asks a person. trace: gets every instruction.
    clock: the time in UTC, read once a segment. control: for another thread.

    max_instructions counts what loops and calls repeat; max_rows what the run emits. keep: keeps a run that commits or
    asks, so that another process can go on with it; None keeps nothing. suspends: a kept run that waits for an answer
    gets no `end` line, since its lines go on later. relaxed: segments of a kept run are committed
    without waiting for the disk. warn: is told of arguments that no row holds. patient: a kept run does not end by what
    may pass, such as a lock; a worker tries it again. why_ended: is asked before each segment why the run has to end.
    watch: is told of segments, calls and statements.
    """

    dry_run: bool = False
    read_only: bool = False
    answers: Mapping[str, str] = {}
    prompt: Prompt | None = None
    max_depth: int = 10_000
    max_instructions: int | None = None
    max_rows: int | None = None
    max_seconds: float | None = None
    trace: TextIO | None = None
    clock: Callable[[], datetime] = utc_now
    control: Control | None = None
    keep: Keep | None = None
    suspends: bool = False
    relaxed: bool = False
    warn: Callable[[str], None] | None = None
    patient: bool = False
    why_ended: Callable[[], str | None] = lambda: None
    watch: Watch | None = None

    @property
    def limits(self) -> Limits:
        return Limits(self.max_depth, self.max_instructions, self.max_rows, self.max_seconds)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. status: ok, failed, waiting, cancelled, dry-run, pending for one that another process begins, or
    interrupted for one that another process goes on with. result: what the script returned.

    error: why it failed, waits or was cancelled; None when nobody is left to read it. trace: where.
    committed: rows that are permanent, by command and store. kept: whether the run can go on later.
    """

    run: str
    status: str
    result: Any = None
    error: SopError | None = None
    trace: Trace | None = None
    records: int = 0
    retries: int = 0
    ms: int = 0
    committed: dict[tuple[str, str], int] = {}
    kept: bool = False

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]
