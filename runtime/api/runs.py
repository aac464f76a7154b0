"""Runs on threads of this server → their state, and ways to answer or cancel them; ended ones stay for a while.

A run that is kept in a database is here only while a thread runs it, or while a client reads its lines; what is said
of it otherwise comes from its row (kept_runs.py).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Condition, Lock
from time import monotonic, time
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from runtime.api.audit import Who, moment
from runtime.api.pipe import Pipe
from runtime.api.problems import HttpError
from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.tokens import Token
from runtime.errors import Cancelled, SopError
from runtime.output.records import encode
from runtime.output.writer import Writer
from runtime.runs.answers import accepted, describe
from runtime.runs.control import Control
from runtime.runs.owner import Owner
from runtime.runs.run import Outcome
from runtime.values.conversion import json_ready
from runtime.vm.backtrace import Trace
from runtime.vm.output import Question, Waiting

LONG: Final = 10_000  # bytes; longer results are not kept
MAX_KEPT: Final = 1000  # ended runs that are kept,
MAX_LOGS: Final = 100  # and those of them that keep their lines
STOPPING: Final = "the server is stopping"


def stopping() -> HttpError:
    return HttpError(503, "S0127", STOPPING, "ask another server, or this address again in a moment")


class Ended(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a run ended, without references to its data.

    Attributes:
        result: as JSON; absent if it is long.
        error: code, message, hint and place.
    """

    status: str
    ms: int
    records: int = 0
    retries: int = 0
    result: msgspec.Raw | UnsetType = UNSET
    error: dict[str, Any] | UnsetType = UNSET


class LiveRun:
    """A run on a thread of this process.

    Attributes:
        log: its lines; None if they go to the request that started it.
        told: what the audit says of it.
        databases: names of the databases it uses, as the token's scripts name them.
        stopping: whether it ends because the server stops.
        keyed: whether it has an Idempotency-Key, so that it goes on when its client goes away: the client asks again.
        stream, writer: where its lines go, and what writes them; None when nobody reads them.
        outcome: how it was suspended.
        answers: given beforehand, by step.
        takes_defaults: whether a question takes its default when it has waited long enough.
        owned: who began it.
        warnings: about its arguments.
        hurry: lets it write without waiting for its reader.

    Args:
        waits: seconds that a question waits for an answer. None means `most`, or 0 for a question with a default.
        most: the server's limit for that.
        id_: its id; None for a new one.
    """

    def __init__(
        self,
        script: str,
        version: int,
        who: Who,
        log: ReplayBuffer | None,
        waits: float | None,
        most: float,
        id_: str | None = None,
    ):
        self.control = Control(id_)
        self.keyed = id_ is not None
        self.stream: Pipe | ReplayBuffer | None = log
        self.writer: Writer | None = None
        self.outcome: Outcome | None = None
        self.answers: Mapping[str, str] = {}
        self.takes_defaults = True
        token = who.token
        self.owned = Owner(token.id, token.name, token.scope, token.bound, acting=token.acting)
        self.id = self.control.id
        self.script = script
        self.version = version
        self.who = who
        self.token = who.token
        self.databases: tuple[str, ...] = ()
        self.told: dict[str, Any] = {}
        self.log = log
        self.started = time()
        self.end: Ended | None = None
        self.stopping = False
        self.warnings: list[str] = []
        self.hurry: Callable[[], None] = lambda: None
        self._began = monotonic()
        self._waits = waits
        self._most = most
        self._answer: tuple[Question, str] | None = None
        self._changed = Condition()

    # ── the run's thread ───────────────────────────────────────────────────────────────────────────────────────

    def prompt(self, question: Question) -> str | None:
        """Wait for an answer; None if none comes in time. A run that is kept waits without its thread."""
        seconds = self.patience(question)
        if self.control.kept and seconds > 0 and not self.control.stopped:
            raise Waiting(question)
        with self._changed:
            self._changed.wait_for(lambda: self._answered(question) or self.control.stopped, seconds)
            if self.control.stopped:
                raise Cancelled("V0301", self.control.stopped)
            given = self._answer if self._answered(question) else None
            self._answer = None
            return given[1] if given is not None else None

    def patience(self, question: Question) -> float:
        """The seconds that a question waits."""
        if self._waits is not None:
            return self._waits
        return 0.0 if question.has_default and question.within is None else self._most

    def _answered(self, question: Question) -> bool:
        """Whether the question has an answer. It may come before the run begins to wait, because clients see the
        question first."""
        return self._answer is not None and self._answer[0] is question

    def finish(self, outcome: Outcome | None, error: SopError | None) -> None:
        """Set the outcome, or the error for which the run never began."""
        if outcome is None:
            ms = round((monotonic() - self._began) * 1000)
            self.end = Ended("failed", ms, error=_said(error))
        else:
            result = encode(json_ready(outcome.result))
            self.end = Ended(
                outcome.status,
                outcome.ms,
                outcome.records,
                outcome.retries,
                msgspec.Raw(result) if len(result) <= LONG else UNSET,
                _said(outcome.error, outcome.trace),
            )

    # ── others ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ended(self) -> bool:
        return self.end is not None

    @property
    def kept(self) -> bool:
        """Whether it has a row, which says more than this does once no thread runs it."""
        return self.control.kept

    @property
    def waiting(self) -> bool:
        return self.control.question is not None

    @property
    def owner(self) -> Owner:
        return msgspec.structs.replace(self.owned, databases=self.databases)

    def waits_no_longer(self) -> None:
        """The time for its question is over."""
        self._waits = 0.0

    def describe(self) -> dict[str, Any]:
        question, end = self.control.question, self.end
        status = "waiting" if question is not None else "running"
        said: dict[str, Any] = {
            "id": self.id,
            "script": self.script,
            "version": self.version,
            "status": status,
            "token": self.owned.name,
            "started": moment(self.started),
            "ms": round((monotonic() - self._began) * 1000),
            "lines": self.log is not None,
            "kept": self.kept,
        }
        if self.warnings:
            said["warnings"] = self.warnings
        if question is not None:
            said["question"] = {"step": question.step, **describe(question)}
        if end is not None:
            said |= {key: value for key, value in msgspec.structs.asdict(end).items() if value is not UNSET}
        return said

    def frames(self) -> list[dict[str, Any]]:
        return self.control.frames()

    def answer(self, step: str | None, text: str) -> None:
        """Answer the run's question.

        Raises:
            HttpError: S0111 when it asks nothing, or asks at another step.
            RunError: V0105 for an answer of the wrong type.
        """
        with self._changed:
            question = self.control.question
            if question is None:
                raise HttpError(409, "S0111", f"the run {self.id} is not waiting for an answer")
            if step is not None and step != question.step:
                raise HttpError(409, "S0111", f"the run {self.id} asks at step {question.step}, not at {step}")
            accepted(question, text)
            self._answer = question, text
            self._changed.notify()

    def stop(self) -> None:
        """End it because the server stops: cancelled, or if it is kept, left to another process."""
        self.stopping = True
        self.control.leaves = True
        self.cancel(STOPPING)

    def cancel(self, reason: str) -> None:
        self.control.cancel(reason)
        self.hurry()
        with self._changed:
            self._changed.notify()


def _said(error: SopError | None, trace: Trace | None = None) -> dict[str, Any] | UnsetType:
    """The error as in the `error` line. The exception itself would keep the run's data in memory."""
    if error is None:
        return UNSET
    where = {} if trace is None else {"step": trace.place.step, **trace.to_json()}
    return {**error.record, **{key: value for key, value in where.items() if value is not None}}


class LiveRuns:
    """The runs in memory. Safe to use from several threads.

    Attributes:
        stopping: no run begins any more.

    Args:
        most: the most runs at the same time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.stopping = False
        self._active: dict[str, LiveRun] = {}
        self._suspended: dict[str, LiveRun] = {}
        self._ended: OrderedDict[str, LiveRun] = OrderedDict()
        self._logs: OrderedDict[str, LiveRun] = OrderedDict()
        self._lock = Lock()
        self._idle = Condition(self._lock)

    def begin(self, run: LiveRun, token: Token | None) -> None:
        """Add a run.

        Args:
            run: The run.
            token: Of the request; None for a run that one of this server's workers has taken, which no limit stops.

        Raises:
            HttpError: S0109 or S0204 when the server's or the token's limit is reached, S0127 when the server stops.
        """
        with self._lock:
            if self.stopping:
                raise stopping()
            if token is not None:
                self._check_limits(token)
            self._active[run.id] = run

    def _check_limits(self, token: Token) -> None:
        if len(self._active) >= self.most:
            message = f"{self.most} runs are under way, the most that this server has at once"
            raise HttpError(503, "S0109", message, "try again in a moment", {"Retry-After": "1"})
        if token.max_runs and sum(run.token.id == token.id for run in self._active.values()) >= token.max_runs:
            message = f"{token.max_runs} runs are under way, the most that the token {token.name} may have at once"
            raise HttpError(429, "S0204", message, "try again in a moment", {"Retry-After": "1"})

    def suspend(self, run: LiveRun) -> bool:
        """It waits without a thread, and a client may still read its lines. False when the server stops: it is as it
        was."""
        with self._lock:
            if not self.stopping:
                del self._active[run.id]
                self._suspended[run.id] = run
            return not self.stopping

    def give_up(self, run: LiveRun, *, waits: bool) -> None:
        """It could not go on, and is suspended as it was. waits: whether it was."""
        with self._lock:
            self._drop(run)
            if waits:
                self._suspended[run.id] = run

    def _drop(self, run: LiveRun) -> None:
        self._active.pop(run.id, None)
        if not self._active:
            self._idle.notify_all()

    def wake(self, id_: str) -> LiveRun | None:
        """A suspended run, which is none from now on; None if there is none of that id."""
        with self._lock:
            return self._suspended.pop(id_, None)

    def is_active(self, id_: str) -> bool:
        """Tell whether a thread runs it."""
        with self._lock:
            return id_ in self._active

    def end(self, run: LiveRun) -> None:
        """It has ended, or goes on without this server."""
        dropped = None
        with self._lock:
            self._drop(run)
            self._ended[run.id] = run
            if len(self._ended) > MAX_KEPT:
                self._ended.popitem(last=False)
            if run.log is not None:
                self._logs[run.id] = run
                if len(self._logs) > MAX_LOGS:
                    _, dropped = self._logs.popitem(last=False)
        if dropped is not None and dropped.log is not None:
            dropped.log.close()
            dropped.log = None

    def forget(self, run: LiveRun) -> None:
        """Drop a run that has ended, and its lines, so that nothing lists it."""
        with self._lock:
            self._ended.pop(run.id, None)
            self._logs.pop(run.id, None)
        if run.log is not None:
            run.log.close()
            run.log = None

    def get(self, id_: str) -> LiveRun | None:
        with self._lock:
            return self._active.get(id_) or self._suspended.get(id_) or self._ended.get(id_)

    def all(self) -> list[LiveRun]:
        with self._lock:
            found = {**self._ended, **self._suspended, **self._active}
        return sorted(found.values(), key=lambda run: run.id, reverse=True)

    def active(self) -> list[LiveRun]:
        with self._lock:
            return list(self._active.values())

    def refuse(self) -> list[LiveRun]:
        """Refuse new runs from now on, and return those that were suspended: another server goes on with them."""
        with self._lock:
            self.stopping = True
            suspended = list(self._suspended.values())
            self._suspended.clear()
        return suspended

    def wait(self, seconds: float) -> None:
        """Wait until no run is under way, at most so long."""
        with self._idle:
            self._idle.wait_for(lambda: not self._active, seconds)

    def close(self) -> None:
        for run in self._logs.values():
            if run.log is not None:
                run.log.close()
