"""A script's machine, its databases and its writer → the run under way: its segments, questions, errors and its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, TypeVar

from runtime.errors import Cancelled, DatabaseError, SopError
from runtime.output.sink import ClosedPipe
from runtime.output.writer import Writer
from runtime.runs.answers import answer, describe, overdue
from runtime.runs.interrupts import Interrupts
from runtime.runs.options import Outcome, RunOptions
from runtime.runs.secrets import Secrets, mask_secrets
from runtime.runs.segments import (
    FIRST_PAUSE_SECONDS,
    MAX_RETRIES,
    PASSING,
    RECONNECT_SECONDS,
    HandedBack,
    Segments,
    is_lost,
)
from runtime.values.ids import new_id
from runtime.vm.asking import asks, question_of
from runtime.vm.backtrace import Trace
from runtime.vm.budget import Budget
from runtime.vm.data import Data
from runtime.vm.interpreter import Failed, Machine
from runtime.vm.link import Linked
from runtime.vm.output import Question, Waiting

if TYPE_CHECKING:
    from runtime.runs.keeping import Keeper

T = TypeVar("T")
_BEGUN_AGAIN: Final = ("--answer ", "--max-", "run the script again")


class Host:
    """One run under way; the machine's host."""

    def __init__(
        self,
        linked: Linked,
        arguments: list[Any],
        data: Data,
        writer: Writer,
        options: RunOptions,
        keeper: Keeper | None,
    ) -> None:
        control = options.control
        self.keeper = keeper
        if keeper is not None:
            self.id = keeper.row.run
        else:
            self.id = new_id() if control is None else control.id
        self.linked = linked
        self.arguments = arguments
        self.secrets = Secrets(linked.root.module.signature, arguments)
        self.data = data
        self.writer = writer
        self.options = options
        self.budget = Budget(options.max_depth, options.max_instructions, options.max_rows, options.max_seconds)
        apart = keeper.store.database if keeper is not None and keeper.is_apart else None
        self.segments = Segments(data, writer, dry=options.dry_run, clock=options.clock, runs=apart)
        self.interrupts = Interrupts(self.budget, data.databases.values(), signals=control is None)
        self.started = monotonic()
        self._asking = False
        tick = writer.tick
        if keeper is not None:
            self.budget.must_stop = keeper.must_stop
            tick = self._tick
            if options.relaxed:
                keeper.relax()
        for database in data.databases.values():
            database.on_progress(tick)
        if control is not None:
            control.kept = keeper is not None
            control.attach(self.budget, data.databases.values(), self.secrets)

    def _tick(self) -> None:
        """While a statement runs: flush the lines, and end it when somebody cancels the run."""
        self.writer.tick()
        self.budget.check()

    def run(self) -> Outcome:
        root = self.linked.root
        self.writer.buffer_until_commit(self.data.home is not None and not self.options.dry_run)
        emits = root.module.signature.emits
        self.writer.columns = None if emits is None else emits.fields
        with self.interrupts:
            try:
                if self.keeper is not None:
                    self.keeper.attach(self.writer, self.budget, self.data)
                if self.keeper is None or self.keeper.row.state is None:
                    names = [param.name for param in root.module.signature.params]
                    args = mask_secrets(root.module.signature, dict(zip(names, self.arguments, strict=True)))
                    self.writer.start(self.id, root.name, root.version, args, self.linked.hashes)
                return self._end(*self._executed())
            except ClosedPipe:
                self.segments.abandon()
                return Outcome(
                    run=self.id,
                    status=self._settled("cancelled", Cancelled("V0301", "nobody reads the output any more")),
                    error=self._cancellation(),
                    records=self.writer.records,
                    ms=self._ms(),
                    committed=self.segments.committed,
                    kept=self._is_kept,
                )
            except BaseException:  # a bug here or in a prompt: still roll back, still write the `end` line
                self.segments.abandon()
                if not self.writer.sink.closed:
                    self.writer.end("failed", None, self.segments.retries, self._ms())
                raise

    def _executed(self) -> tuple[str, Any, SopError | None, Trace | None]:
        """Status, result, error and where it was; the transaction is over."""
        try:
            machine = Machine(self.linked, self.arguments, self.data, self.writer, self.budget, self, self._tracer())
            self.machine = machine
            if self.options.control is not None:
                self.options.control.machine = machine
            if self.keeper is not None and self.keeper.row.state is not None:
                self._go_on(machine, self.keeper)
            self._check_ended()
            self.segments.begin()
            result = machine.run()
        except Failed as failed:
            return self._failed(failed.error, failed.trace)
        except SopError as raised:
            return self._failed(self.budget.over() or raised, None)
        except HandedBack:
            return "interrupted", None, self._left("the process was told to stop"), None
        except Waiting as waiting:
            self.segments.undo("the run waits for an answer")
            step = waiting.question.step
            asked = SopError("V0403", f"the run waits for an answer to step {step}", f"--answer {step}=… gives it")
            return "waiting", None, self._with_committed(asked), None
        if self.options.dry_run:
            self.segments.undo("a dry run")
            return "dry-run", result, None, None
        return "ok", result, None, None

    def _go_on(self, machine: Machine, keeper: Keeper) -> None:
        """Put the machine where the run's last segment ended."""
        machine.stack[:] = keeper.restore(self.linked.root)
        self.segments.committed = dict(self.data.tally)
        if asks(machine.stack):
            if keeper.row.answer is not None:
                machine.answer(keeper.read_answer(question_of(machine.stack)))
            elif keeper.is_overdue():
                value = overdue(question_of(machine.stack))
                self._keep_answer(keeper, value)
                machine.answer(value)
            else:
                machine.answer(self.answer(question_of(machine.stack)))

    def _failed(self, error: SopError, trace: Trace | None) -> tuple[str, Any, SopError | None, Trace | None]:
        error = self.secrets.error(error)
        self.segments.undo(error.message)
        if self.options.patient and self._is_kept and error.code in PASSING:
            message = f"{error.message}; the run {self.id} is kept, and is tried again"
            return "interrupted", None, error.reworded(message, f"sopvm resume {self.id}"), trace
        status = self._settled("cancelled" if isinstance(error, Cancelled) else "failed", error)
        if status == "interrupted":
            return status, None, error if error.code == "V0608" else self._left(error.message), trace
        return status, None, self._with_committed(error), trace

    def _settled(self, status: str, error: SopError) -> str:
        """Keep the run that ended between two segments, with its error; its status from now on. It is `interrupted`
        when its row does not say that it ended, so that another process goes on with it: it is left to that, its
        database is gone, or another has taken it. A question that nobody takes back goes on waiting."""
        if self._leaves:
            return "interrupted"
        if self.keeper is None:
            return status
        if self._waits_on:
            return "waiting"
        if self.options.control is not None:
            self.options.control.detach()
        self.keeper.store.database.on_progress(_nothing)  # what ended the run must not end this statement
        if self._is_kept:
            try:
                self.keeper.ended(status, error)
            except SopError:  # the first error is told
                return "interrupted"
        return status

    @property
    def _is_kept(self) -> bool:
        return self.keeper is not None and self.keeper.is_kept

    @property
    def _waits_on(self) -> bool:
        """Whether its question waits for an answer, whoever does not want to give one here."""
        return self._asking and (self.budget.cancelled is None or self.interrupts.by_hand)

    @property
    def _leaves(self) -> bool:
        """Whether it is stopped here, for another process to go on with."""
        control = self.options.control
        return control is not None and control.leaves and self._is_kept

    def _left(self, reason: str) -> SopError:
        message = f"{reason}; the run {self.id} is kept, and goes on from the end of its last segment"
        return SopError("V0613", f"{message} in the next server or worker", f"sopvm resume {self.id}")

    def _with_committed(self, error: SopError) -> SopError:
        """The error, with what earlier segments committed. Running the script again would write that twice, so such
        hints are dropped; a run that is kept can go on instead."""
        message, hint = error.message, error.hint
        if self.segments.committed:
            rows = sorted(self.segments.committed.items())
            kept = ", ".join(f"{command} {store} ({number})" for (command, store), number in rows)
            message = f"{message}; committed before, and not undone: {kept}"
            if hint is not None and hint.startswith(_BEGUN_AGAIN):
                hint = "undo that by hand before the script is run again, or move what was not done into another script"
        if self._is_kept:
            hint = f"sopvm answer {self.id} VALUE" if self._waits_on else f"sopvm retry {self.id}"
        return error.reworded(message, hint)

    def _end(self, status: str, result: Any, error: SopError | None, trace: Trace | None) -> Outcome:
        waits = error is not None and error.code == "V0403"  # its `ask` line says so
        if error is not None and not waits:
            step, path = (trace.place.step, trace.path) if trace is not None else (None, None)
            self.writer.error(step, path, {**error.record, **(trace.to_json() if trace is not None else {})})
        changes = None
        if self.options.dry_run:
            changes = [
                {"command": command, "store": store, "rows": rows}
                for (command, store), rows in sorted(self.segments.tally.items())
            ]
        ms = self._ms()
        if waits and self.options.suspends and self._is_kept:
            self.writer.flush()
        else:
            self.writer.end(status, result, self.segments.retries, ms, changes)
        return Outcome(
            run=self.id,
            status=status,
            result=result,
            error=error,
            trace=trace,
            records=self.writer.records,
            retries=self.segments.retries,
            ms=ms,
            committed=self.segments.committed,
            kept=self._is_kept,
        )

    def _cancellation(self) -> SopError | None:
        """The error of a cancellation by another thread; None when there was none."""
        control = self.options.control
        return None if control is None or control.stopped is None else Cancelled("V0301", control.stopped)

    def _ms(self) -> int:
        return round((monotonic() - self.started) * 1000)

    def _tracer(self) -> Any:
        if self.options.trace is None and os.environ.get("SOP_DEBUG", "0") in ("", "0"):
            return None
        from runtime.vm.tracing import Tracing

        return Tracing(self.options.trace, self.secrets.hide)

    # ── the machine's host ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def now(self) -> datetime:
        return self.segments.now

    def _check_ended(self) -> None:
        """Cancelled when nobody wants the run any more."""
        reason = self.options.why_ended()
        if reason is not None:
            raise Cancelled("V0301", reason)

    def begin_segment(self) -> None:
        self._check_ended()
        if self.keeper is not None:
            self.budget.check()
        self.segments.begin()

    def end_segment(self, status: str, said: Any) -> None:
        keeper = self.keeper
        if keeper is None:
            self.segments.end()
            return
        try:
            self.segments.end(lambda: keeper.save(self.machine.stack, status, said))
        except DatabaseError as error:
            if not (is_lost(error) and keeper.has_saved):
                raise
            self._look_up(keeper, error)
            self.segments.ended()
        keeper.saved()

    def _look_up(self, keeper: Keeper, error: DatabaseError) -> None:
        """The connection was lost in a commit: return when the run's row says that it was made. Else the segment can
        be run again, and the error says so."""
        if not self._reconnected(keeper.is_saved, error):
            raise DatabaseError(error.code, "the connection was lost before the segment was committed", retry=True)

    def _reconnected(self, then: Callable[[], T], error: DatabaseError) -> T:
        """What `then` returns, by new connections; raises the error when none can be had for long."""
        for tries in range(MAX_RETRIES):
            try:
                self.segments.reconnect()
                return then()
            except DatabaseError as again:
                if not is_lost(again):
                    raise
                sleep(min(FIRST_PAUSE_SECONDS * 2**tries, RECONNECT_SECONDS))
        raise error

    def can_retry(self, error: DatabaseError) -> bool:
        return error.retry or (is_lost(error) and self._is_kept and not self.options.dry_run)

    def retry_segment(self, error: DatabaseError) -> None:
        self.segments.retry(self.secrets.error(error))

    def put_question(self, step: str, within: str | None, question: Question) -> None:
        if self.options.control is not None:
            self.options.control.question = question
        self.writer.ask(step, within, describe(question))

    def answer(self, question: Question) -> Any:
        self._asking = True
        control = self.options.control
        try:
            self.writer.flush()
            with self.interrupts.prompting():
                value = answer(question, self.options.answers, self.options.prompt, may_wait=self.keeper is not None)
        except BaseException as error:
            if self._is_kept and isinstance(error, Cancelled | ClosedPipe) and (self._leaves or self._waits_on):
                raise Waiting(question) from error
            if control is not None and not isinstance(error, Waiting):
                control.question = None
            raise
        if control is not None:
            control.question = None
        self._asking = False
        if self.keeper is not None:
            self._keep_answer(self.keeper, value)
        return value

    def _keep_answer(self, keeper: Keeper, value: Any) -> None:
        """No transaction is open, and the segment before the question is permanent: a lost connection is no reason to
        run that again."""
        try:
            keeper.answered(value)
        except DatabaseError as error:
            if not is_lost(error):
                raise
            self._reconnected(lambda: keeper.answered(value), error)


def _nothing() -> None:
    """For statements that nothing may end."""
