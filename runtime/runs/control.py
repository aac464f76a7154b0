"""A running run, for another thread: cancel it, or look at its frames."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from runtime.databases.protocol import Database
from runtime.runs.secrets import mask_secrets
from runtime.values.ids import new_id
from runtime.vm.backtrace import location_of
from runtime.vm.budget import Budget

if TYPE_CHECKING:
    from runtime.runs.secrets import Secrets
    from runtime.vm.frame import Frames
    from runtime.vm.machine import Machine
    from runtime.vm.output import Question


class Control:
    """Create it before the run and pass it in the run's options. stopped: the reason of a cancellation, if any.

    began: whether the run has begun: it is kept by then, where it is to be kept first.

    question: that the run asks, from before its line is seen until it is answered. kept: whether the run is kept, so
    that it can wait without a thread. leaves: see `leave`.

    Args:
        run: The run's id; None for a new one.
    """

    def __init__(self, run: str | None = None) -> None:
        self.id = new_id() if run is None else run
        self.kept = False
        self.leaves = False
        self.stopped: str | None = None
        self.machine: Machine | None = None
        self.question: Question | None = None
        self.began = Event()
        self._lock = Lock()
        self._budget: Budget | None = None
        self._databases: Iterable[Database] = ()
        self._secrets: Secrets | None = None

    def attach(self, budget: Budget, databases: Iterable[Database], secrets: Secrets) -> None:
        """The run begins."""
        with self._lock:
            self._budget, self._databases, self._secrets = budget, databases, secrets
            budget.cancelled = self.stopped
        self.began.set()

    def detach(self) -> None:
        """Forget the run's databases; the run calls this before it closes them."""
        with self._lock:
            self._budget, self._databases, self.machine = None, (), None

    def cancel(self, reason: str) -> None:
        """Stop the statement under way, and the run with it. Does nothing after the run's end."""
        with self._lock:
            self.stopped = self.stopped or reason
            if self._budget is not None:
                self._budget.cancelled = self.stopped
            for database in self._databases:
                database.interrupt()

    def leave(self, reason: str) -> None:
        """As `cancel`, but a run that is kept stays where its last segment ended, for another process to go on with."""
        self.leaves = True
        self.cancel(reason)

    def frames(self) -> list[dict[str, Any]]:
        """Scripts under way, the innermost first, each with its step, line and variables.

        Exact while the run waits for an answer; of one that is busy, the innermost step may be one passed before.
        """
        machine = self.machine
        return [] if machine is None else describe_frames(list(machine.stack), self._secrets)


def describe_frames(stack: Frames, secrets: Secrets | None) -> list[dict[str, Any]]:
    """The frames of a stack, the innermost first, each with its step, line and variables, secrets masked."""
    found = []
    for frame in reversed(stack):
        script, pc = frame.script, max(frame.pc - 1, 0)
        place = location_of(script, pc)
        names = script.module.debug.registers
        values = mask_secrets(script.module.signature, dict(zip(names, frame.registers, strict=False)))
        if secrets is not None:
            values = secrets.value(values)
        found.append(
            {
                "script": script.name,
                "version": script.version,
                "step": place.step,
                "line": place.line,
                "sentence": place.sentence,
                "source": place.source,
                "pc": pc,
                "variables": {name: value for name, value in values.items() if name},
            }
        )
    return found
