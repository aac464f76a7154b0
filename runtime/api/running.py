"""A request for a run, or for a kept run to go on → the run on a thread of this server, and its lines on their way.

A run that is kept gives its thread back while it waits for an answer: it is suspended, and an answer brings it to a
thread again, here or in another process.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from io import TextIOBase
from time import monotonic
from typing import Any, Final

import msgspec
from msgspec import UNSET

from runtime.api import kept_runs
from runtime.api.audit import Who, about, ended
from runtime.api.formats import LINES
from runtime.api.kept_runs import Found
from runtime.api.metrics import OTHER
from runtime.api.pipe import Ending, Pipe
from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.runs import LiveRun
from runtime.api.shared import Play, Shared
from runtime.api.tokens import Token
from runtime.databases.protocol import Database, Lease
from runtime.errors import Cancelled, SopError
from runtime.output.formats import open_writer
from runtime.output.sink import ClosedPipe
from runtime.runs.arguments import bind
from runtime.runs.control import Control
from runtime.runs.go_on import KeptRun, check_status, go_on, read_run, unknown
from runtime.runs.keep import Keep
from runtime.runs.owner import read_owner
from runtime.runs.places import RunPlace, runs_place
from runtime.runs.run import Outcome, RunOptions, names_of, run_linked
from runtime.runs.traced import RunTrace, traced
from runtime.runs.worker import STATUSES
from runtime.vm.link import Linked


class _Nowhere(TextIOBase):
    """Drops the lines that formats of records alone have no place for."""

    def write(self, text: str) -> int:
        return len(text)


class _NoStream:
    """Takes lines that nobody reads as they come."""

    def write(self, data: bytes | bytearray, /) -> None:
        """Drop them."""

    def flush(self) -> None:
        """Nothing is buffered."""


SWITCH_SECONDS: Final = 0.001  # a busy run's thread yields to the event loop after this time
NOWHERE: Final[Any] = _Nowhere()
_NO_STREAM: Final = _NoStream()


class _Begun(Future[None]):
    """Whether a kept run belongs to this server: its result, or the error that kept it from going on."""


class Runner:
    """Runs scripts on threads.

    Attributes:
        tries_again: whether this server has workers, which go on with runs that were put off.

    Args:
        service: What they need.
    """

    def __init__(self, service: Shared) -> None:
        self._service = service
        self._threads = ThreadPoolExecutor(service.settings.max_runs, "run")
        self._loop: AbstractEventLoop | None = None
        self.tries_again = False

    def drain(self, seconds: float) -> None:
        """Begin no more runs, give those under way some time, then end them: runs that are kept are left to another
        process, the others are cancelled."""
        runs = self._service.runs
        for run in runs.refuse():
            self.let_go(run)
        if seconds:
            runs.wait(seconds)
        for run in runs.active():
            run.stop()

    def close(self) -> None:
        """Wait for all runs."""
        self._threads.shutdown()

    # ── runs that begin ────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, play: Play, stream: Pipe | ReplayBuffer) -> LiveRun:
        """Start a run on a thread.

        Args:
            play: The request.
            stream: Where its lines go.

        Raises:
            HttpError: S0109, S0204 when too many runs are under way.
        """
        log = stream if isinstance(stream, ReplayBuffer) else None
        name = play.script.partition("@")[0]
        waits, most = self._service.patience(play.waits), self._service.settings.ask_seconds
        run = LiveRun(name, 0, play.who, log, waits, most, play.run)
        run.answers, run.takes_defaults = play.answers, play.takes_defaults
        self.start(run, play.token, stream, lambda: self._execute(run, play, stream))
        return run

    def start(self, run: LiveRun, token: Token, stream: Pipe | ReplayBuffer, work: Callable[[], Outcome]) -> None:
        """Do the work of a run on a thread.

        Args:
            run: The run.
            token: Of the request.
            stream: Where its lines go.
            work: Runs the script.

        Raises:
            HttpError: S0109, S0204 when too many runs are under way.
        """
        if isinstance(stream, Pipe):
            run.hurry = stream.hurry
        run.stream = stream
        self._loop = get_running_loop()
        self._service.runs.begin(run, token)
        self._threads.submit(self._begin, run, work, monotonic())

    def _begin(self, run: LiveRun, work: Callable[[], Outcome], submitted: float) -> None:
        self._service.metrics.queued(monotonic() - submitted)
        self._work(run, work)

    def _work(self, run: LiveRun, work: Callable[[], Outcome], begun: _Begun | None = None) -> Ending:
        began = monotonic()
        ending: Ending
        try:
            outcome = work()
            if outcome.status == "waiting" and run.kept and run.writer is not None and not run.writer.ended:
                self._suspend(run, outcome)
                return outcome
            run.finish(outcome, None)
            ending = outcome
        except BaseException as error:
            if begun is not None and not begun.done():
                begun.set_exception(error)
                return error
            ending = self._failed(run, error)
        run.control.began.set()
        self._service.runs.end(run)
        status, records, retries = "refused", 0, 0
        if isinstance(ending, Outcome):
            status, records, retries = ending.status, ending.records, ending.retries
        self._service.metrics.run(_label(run), status, monotonic() - began, records, retries)
        if isinstance(run.stream, Pipe):
            run.stream.finish(ending)
        return ending

    def _failed(self, run: LiveRun, error: BaseException) -> BaseException:
        """The run never began, or the server is at fault."""
        if isinstance(error, RecursionError):
            error = SopError("V0108", "a value is nested too deeply")
        elif isinstance(error, SopError):
            self._service.refused(run.who, run.script, error)
            run.control.kept = run.kept or error.code == "V0607"  # another process has the run of that id
        if isinstance(error, SopError):
            run.finish(None, error)
        else:
            run.finish(None, SopError("S0100", "the server failed at this run"))
            _report(error)
        return error

    def _execute(self, run: LiveRun, play: Play, stream: Pipe | ReplayBuffer) -> Outcome:
        service = self._service
        linked = service.admit(play)
        root, token = linked.root, play.token
        if run.control.stopped is not None:
            raise Cancelled("V0301", run.control.stopped)
        args = service.arguments(play, root.module.signature)
        run.script, run.version, run.databases = root.name, root.version, tuple(names_of(root.effects))
        writes = bool(root.effects.writes)
        run.writer = writer = open_writer(play.format, stream, buffer_until_commit=writes, notes=NOWHERE)
        if isinstance(stream, Pipe):
            stream.writer = writer
        arguments = bind(root.module.signature, args)
        self._audit(run, play.who, "run", linked, arguments, dry_run=play.dry_run)
        options = RunOptions(
            dry_run=play.dry_run,
            answers=play.answers,
            prompt=run.prompt if root.effects.asks and play.format in LINES else None,
            max_rows=service.rows(token, play.max_rows),
            max_seconds=service.seconds(token, play.max_seconds),
            control=run.control,
            keep=self._keep(run, play, linked),
            suspends=play.format in LINES,
            # what a field holds is told only to who may read it without a script
            warn=run.warnings.append if token.may_read(run.databases) else None,
            relaxed=service.config.relaxed,
            patient=self._is_patient(run),
            why_ended=lambda: service.tokens.why_ended(token.id),
        )
        statements, give_back = service.links.statements, service.pool.give_back

        def work(trace: RunTrace | None) -> Outcome:
            chosen = options
            if trace is not None:
                run.owned = msgspec.structs.replace(run.owned, trace=trace.parent)
                chosen = msgspec.structs.replace(options, watch=trace, keep=self._keep(run, play, linked))
            return run_linked(linked, args, service.take(token), writer, statements, chosen, give_back)

        try:
            outcome = traced(service.traces, root.name, run.id, play.trace, work)
        except SopError as error:
            if run.told:
                service.audit.note("run-refused", play.who, **run.told, code=error.code)
            raise
        if run.told:
            service.audit.note("run-ended", play.who, **run.told, **ended(outcome))
        return outcome

    def _is_patient(self, run: LiveRun) -> bool:
        """Whether no client waits for it, and one of this server's workers would try it again."""
        return self.tries_again and not isinstance(run.stream, Pipe)

    def _keep(self, run: LiveRun, play: Play, linked: Linked) -> Keep | None:
        effects = linked.root.effects
        if play.run is None and not (effects.asks or effects.commits):
            return None
        service = self._service
        return Keep(
            service.library,
            lambda: runs_place(service.config).open(create=True),
            play.run,
            owner=run.owner,
            lines=run.log is not None,
            waits=bool(play.waits) and play.format in LINES,
            first=run.log is not None,
        )

    def _audit(
        self, run: LiveRun, who: Who, event: str, linked: Linked, arguments: list[Any], *, dry_run: bool = False
    ) -> None:
        """Write the line of a run that begins or goes on, if it writes.

        Raises:
            SopError: S0123 when that can't be done; the run must not begin then.
        """
        root, audit = linked.root, self._service.audit
        if not (root.effects.writes or audit.reads):
            return
        signature = root.module.signature
        given = dict(zip((param.name for param in signature.params), arguments, strict=True))
        told = about(who, root.name, root.version, root.hash, root.effects, signature, given)
        run.told = {"run": run.id, "dry_run": dry_run, **told}
        audit.write(event, who, **run.told)

    # ── runs that wait without a thread ────────────────────────────────────────────────────────────────────────

    def _suspend(self, run: LiveRun, outcome: Outcome) -> None:
        """The run waits in its database. Whoever reads its lines has a while to see it go on."""
        question, loop = run.control.question, self._loop
        assert question is not None and loop is not None
        run.outcome = outcome
        if not self._service.runs.suspend(run):
            self.let_go(run)
            return
        seconds = run.patience(question)

        def later() -> None:
            loop.call_later(seconds, lambda: self._threads.submit(self._look_after, run, outcome))

        loop.call_soon_threadsafe(later)

    def _look_after(self, run: LiveRun, outcome: Outcome) -> None:
        """The time that the question waits is over: take its default, or end the answer to the client, and the run
        waits on."""
        if run.outcome is not outcome or self._service.runs.wake(run.id) is None:
            return
        question = run.control.question
        if run.takes_defaults and question is not None and question.has_default and question.within is None:
            run.waits_no_longer()
            with suppress(SopError):  # it was answered elsewhere, or its database is away
                found = kept_runs.find(self._service.config, run.id, None)
                if found is not None and found.row.status == "waiting":
                    self.go_on(found, ("waiting",), run.who, run=run)
                    return
        self.let_go(run)

    def let_go(self, run: LiveRun, cancelled: Cancelled | None = None) -> None:
        """End the lines of a run that waits: if it goes on, they do not go there.

        Args:
            run: The run.
            cancelled: Why it does not wait any more.
        """
        outcome = run.outcome
        assert outcome is not None
        if cancelled is not None:
            outcome = msgspec.structs.replace(outcome, status="cancelled", error=cancelled)
        with suppress(ClosedPipe):
            if run.writer is not None:
                if cancelled is not None:
                    run.writer.error(None, None, cancelled.record)
                run.writer.end(outcome.status, None, outcome.retries, outcome.ms)
        run.finish(outcome, None)
        self._service.runs.end(run)
        metrics = self._service.metrics
        metrics.run(_label(run), outcome.status, outcome.ms / 1000, outcome.records, outcome.retries)
        if isinstance(run.stream, Pipe):
            run.stream.finish(outcome)

    # ── runs that go on ────────────────────────────────────────────────────────────────────────────────────────

    def go_on(
        self,
        found: Found,
        statuses: tuple[str, ...],
        who: Who,
        answer: Callable[[KeptRun], Any] = lambda kept: UNSET,
        *,
        run: LiveRun | None = None,
    ) -> None:
        """Go on with a kept run on a thread, as `sopvm answer`, `resume` and `retry` do. It waits until the run belongs
        to this server and the answer is kept, so call it on a thread.

        Args:
            found: The run.
            statuses: That it may have.
            who: Asks for it.
            answer: Makes the answer to its question; it may refuse.
            run: The suspended run; None to look for it.

        Raises:
            SopError: It can't go on, and is as it was.
        """
        row, service = found.row, self._service
        with found.place.store() as store:
            if store is None:
                raise unknown(row.run)
            check_status(store, row.run, statuses)
            kept = read_run(store, row.run, service.library)
            given = answer(kept)
        suspended = run or service.runs.wake(row.run)
        run = suspended or self._awake(found, who)
        before = self._prepare(run, kept, found)
        begun = _Begun()
        try:
            service.runs.begin(run, who.token)
            self._threads.submit(
                self._work, run, lambda: self._gone_on(run, kept, found, statuses, who, given, begun), begun
            )
            begun.result()
        except BaseException:
            run.control = before
            service.runs.give_up(run, waits=suspended is not None)
            raise

    def take_on(self, place: RunPlace, kept: KeptRun, lease: Lease) -> Outcome:
        """Go on, on this thread, with a run that one of this server's workers has taken.

        Args:
            place: Its database.
            kept: The run.
            lease: Its lease.

        Returns:
            How it ended, or waits.

        Raises:
            SopError: This try came to nothing.
        """
        found = Found(place, kept.row, read_owner(kept.row.owner))
        owner = found.owner
        who = Who(Token(owner.name, owner.token, "", bound=owner.bound), "")
        run = self._service.runs.wake(kept.row.run) or self._awake(found, who)
        self._prepare(run, kept, found)
        run.control.kept = True
        try:
            self._service.runs.begin(run, None)
        except SopError:  # the server is stopping
            if run.outcome is not None:
                self.let_go(run)
            raise
        ending = self._work(run, lambda: self._gone_on(run, kept, found, STATUSES, who, taken=lease))
        if isinstance(ending, Outcome):
            return ending
        raise ending

    def _awake(self, found: Found, who: Who) -> LiveRun:
        """A run whose lines nobody reads here."""
        row = found.row
        return LiveRun(row.script, row.version, who, None, None, self._service.settings.ask_seconds, row.run)

    def _prepare(self, run: LiveRun, kept: KeptRun, found: Found) -> Control:
        """Let it go on with a new control; the one before."""
        run.owned = found.owner
        run.databases = found.owner.databases or tuple(kept.pinned.engines)
        before, run.control = run.control, Control(found.row.run)
        return before

    def _gone_on(
        self,
        run: LiveRun,
        kept: KeptRun,
        found: Found,
        statuses: tuple[str, ...],
        who: Who,
        answer: Any = UNSET,
        begun: _Begun | None = None,
        taken: Lease | None = None,
    ) -> Outcome:
        service = self._service
        if isinstance(run.stream, Pipe) and run.stream.closed:
            assert run.outcome is not None
            run.stream.finish(run.outcome)  # nobody reads it, and the server waits for its answer when it stops
            run.stream = run.writer = None
        effects = kept.linked.root.effects
        writer = run.writer or open_writer("jsonl", _NO_STREAM, buffer_until_commit=bool(effects.writes))

        def databases(name: str) -> Database:
            own = name == kept.pinned.home
            return service.pool.take(found.place.name if own else found.owner.place(name), found.owner.acting)

        def runs() -> Database:
            return runs_place(service.config).open()

        options = RunOptions(
            answers=run.answers,
            control=run.control,
            prompt=run.prompt if effects.asks else None,
            suspends=run.writer is not None,
            relaxed=service.config.relaxed,
            patient=taken is not None or self._is_patient(run),
            why_ended=lambda: service.tokens.why_ended(found.owner.token),
        )
        self._audit(run, who, "run-continued", kept.linked, kept.pinned.arguments)

        def work(trace: RunTrace | None) -> Outcome:
            chosen = options if trace is None else msgspec.structs.replace(options, watch=trace)
            return go_on(
                *(kept, statuses, databases, runs, writer, chosen, service.library, answer),
                begun=lambda: None if begun is None else begun.set_result(None),
                taken=taken,
                hands_back=None if taken is None else lambda: service.runs.stopping,
                give_back=service.pool.give_back,
            )

        try:
            outcome = traced(service.traces, kept.row.script, run.id, found.owner.trace, work)
        except SopError as error:
            if run.told:
                service.audit.note("run-refused", who, **run.told, code=error.code)
            raise
        if run.told:
            service.audit.note("run-ended", who, **run.told, **ended(outcome))
        return outcome


def _label(run: LiveRun) -> str:
    """What metrics call its script: programs that are not stored may have any name."""
    return run.script if run.version else OTHER


def _report(error: BaseException) -> None:
    import logging

    logging.getLogger("sopvm").error("a run failed by a fault of the server", exc_info=error)
