"""A linked script and its arguments → its result: the loop that runs instructions, and what happens on errors."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from runtime.bytecode.module import Handler
from runtime.bytecode.opcodes import BY_NAME, BY_NUMBER
from runtime.errors import DatabaseError, RunError, SopError
from runtime.values.types import INT_MAX, INT_MIN
from runtime.vm.attempts import Attempts
from runtime.vm.backtrace import Trace, stack_location, trace_at
from runtime.vm.budget import Budget
from runtime.vm.data import Data, InsertError
from runtime.vm.frame import Frame, Frames
from runtime.vm.iterators import RowIterator, close_iterators, close_opened, copy_frames
from runtime.vm.link import Linked
from runtime.vm.output import Host, Output
from runtime.vm.script import Script
from runtime.vm.table import HANDLERS

if TYPE_CHECKING:
    from runtime.vm.jit import LoopFunction

Tracer = Callable[["Machine", Frame], None]


class Failed(Exception):
    """An error ended the run. trace: where; None when it was not at an instruction."""

    def __init__(self, error: SopError, trace: Trace | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.trace = trace


class Machine:
    """One run's frames, and what its instructions reach: data, output, budget and the host around it.

    Args:
        linked: The script and what it calls.
        arguments: VM values, by the script's parameters.
        data: The databases and their statements.
        output: Where lines go.
        budget: Limits of instructions, rows, seconds and depth.
        host: Begins and ends segments, answers questions.
        tracer: Sees every instruction; None for none.

    Attributes:
        spools_generators: Whether the rows that a called script feeds to a loop are spooled, because this run writes or
            ends segments while such loops go on.
        attempts: Of loops as one statement.
        result: What the script returned.
        finished: Whether it has ended.
    """

    def __init__(
        self,
        linked: Linked,
        arguments: list[Any],
        data: Data,
        output: Output,
        budget: Budget,
        host: Host,
        tracer: Tracer | None = None,
    ) -> None:
        root = linked.root
        self.data = data
        self.output = output
        self.budget = budget
        self.host = host
        self.stack: Frames = [Frame(root, [*arguments, *root.fresh], -1)]
        self.spools_generators = bool(root.effects.writes) or root.effects.asks or root.effects.commits
        self.result: Any = None
        self.finished = False
        self.fuel = self._slice = budget.first_slice()
        self._tracer = tracer
        self._snapshot: Frames = []
        data.is_caught = self._is_caught
        data.stack = lambda: self.stack
        self._loops: dict[tuple[str, int], LoopFunction | None] = {}
        self._committing = False
        self.attempts = Attempts(plainly=tracer is not None or budget.counts_instructions)

    def run(self) -> Any:
        """The root's result, its last segment committed.

        Raises Failed; Waiting when a question has no answer yet. Either way the transaction alone is left open.
        """
        self._snapshot = copy_frames(self.stack)
        try:
            if self._tracer is None:
                execute(self)
            else:
                self._execute_traced(self._tracer)
        finally:
            for frame in reversed(self.stack):
                _close(frame)
        return self.result

    def answer(self, value: Any) -> None:
        """The answer to the question that a restored stack waits with."""
        frame = self.stack[-1]
        frame.registers[frame.script.code[frame.pc - 1][1]] = value

    # ── what handlers call ─────────────────────────────────────────────────────────────────────────────────────

    def push(self, frame: Frame) -> None:
        """Begin a call.

        Raises:
            RunError: Too many calls are under way.
        """
        if len(self.stack) >= self.budget.depth:
            raise self.budget.too_deep()
        self.stack.append(frame)

    def spend(self, cost: int) -> None:
        """Pay for instructions that are about to repeat (the fast loop keeps its own count)."""
        self.fuel -= cost
        if self.fuel < 0:
            self.fuel = self.refuel(self.fuel)

    def refuel(self, left: int) -> int:
        """Between slices: flush waiting output, check limits and cancellation; returns the next slice's fuel."""
        self.output.tick()
        self._slice = self.budget.next_slice(self._slice - left)
        return self._slice

    def compile_loop(self, script: Script, tail: int) -> None:
        """Compile a loop that used up a slice of fuel, if it is over ints alone (see jit.py).

        Args:
            script: The script that it is in.
            tail: Where its last instruction is.
        """
        key = script.name, tail
        from runtime.vm.jit import HOT_LOOP, loop_function  # most runs have no such loop

        if script.code[tail][0] == HOT_LOOP:  # another run of this script, on another thread, was here first
            return
        if key not in self._loops:
            self._loops[key] = loop_function(script, tail)
        function = self._loops[key]
        if function is not None:
            script.code[tail] = HOT_LOOP, function, script.code[tail], 0

    def feeds_a_loop(self) -> bool:
        """Whether a frame under way, so perhaps the top one, is consumed by a loop."""
        return any(frame.generator is not None for frame in self.stack)

    def end_segment(self, status: str, said: Any) -> None:
        """Make permanent what was written, at a `commit` or `ask`.

        Args:
            status: Of the run, as for `Host.end_segment`.
            said: What is kept with it, as for `Host.end_segment`.

        Raises:
            SopError: V0207, inside `transaction` or `try`.
        """
        if self.data.depth:
            raise SopError("V0207", "a segment can't end inside `transaction` or `try`", "compile the script again")
        self._commit(status, said)

    def begin_segment(self) -> None:
        """Begin the next segment; a serialization failure leads back to here, and so does one of the beginning: the
        segment before it has been committed."""
        self._snapshot = copy_frames(self.stack)
        self.host.begin_segment()

    def finish(self, value: Any) -> None:
        """The root returns: its last segment becomes permanent."""
        self._commit("ok", value)
        self.result = value
        self.finished = True

    def _commit(self, status: str, said: Any) -> None:
        self.data.flush()
        self._committing = True
        self.host.end_segment(status, said)
        self._committing = False

    # ── errors ─────────────────────────────────────────────────────────────────────────────────────────────────

    def recover(self, raised: Exception) -> None:
        """Continue in the script's handler, or at the segment's start after a serialization failure.

        Every frame's pc is past its instruction.

        Raises:
            Failed: No handler takes the error.
        """
        error = self.budget.over() or _as_error(raised, self.stack[-1])
        if isinstance(error, RunError | DatabaseError) and not isinstance(error, InsertError):
            error = self._earlier(error)
        if isinstance(error, DatabaseError) and self.host.can_retry(error):
            self._retry(error)
            return
        trace = self._trace(error)
        if isinstance(error, RunError | DatabaseError) and not self._committing:
            try:
                if self._catch(error, trace):
                    return
            except DatabaseError as worse:  # the savepoint is gone with its transaction
                raise Failed(worse, trace) from error
        raise Failed(error, trace) from error

    def _earlier(self, error: SopError) -> SopError:
        """The error of a buffered insert if there is one (it came first), else this error."""
        try:
            self.data.flush()
        except DatabaseError as earlier:
            return earlier
        return error

    def _trace(self, error: SopError) -> Trace:
        return trace_at(error.where if isinstance(error, InsertError) else stack_location(self.stack))

    def _retry(self, error: DatabaseError) -> None:
        trace = self._trace(error)
        for frame in reversed(self.stack):
            _close(frame)
        self._committing = False
        try:
            self.host.retry_segment(error)
        except SopError as final:
            raise Failed(final, trace) from error
        self.stack[:] = copy_frames(self._snapshot)

    def _is_caught(self) -> bool:
        for frame in self.stack:  # noqa: SIM110 (a generator takes twice as long; this is asked before every look-up)
            if frame.script.module.handlers and _handler_of(frame, False) is not None:
                return True
        return False

    def _catch(self, error: SopError, trace: Trace) -> bool:
        """Unwind to the innermost handler; False, with the root's frame left, when there is none."""
        stack = self.stack
        while True:
            frame = stack[-1]
            handler = _handler_of(frame, isinstance(error, InsertError))
            if handler is not None:
                break
            if len(stack) == 1:
                return False
            _close(stack.pop())
        outer = sum(other.savepoints for other in stack) - frame.savepoints
        self.data.rollback_to(outer + handler.savepoints)
        frame.savepoints = handler.savepoints
        close_opened(frame, handler.start, handler.end)
        step = trace.place.named_step(self.stack[0].script.name)
        frame.registers[handler.register] = {"code": error.code, "message": error.message, "step": step}
        frame.pc = handler.target
        return True

    def _execute_traced(self, tracer: Tracer) -> None:
        """Every instruction by its handler alone, shown before it runs."""
        while not self.finished:
            frame = self.stack[-1]
            tracer(self, frame)
            op, a, b, c = frame.script.code[frame.pc]
            frame.pc += 1
            try:
                HANDLERS[op](self, frame, a, b, c)
            except CAUGHT as error:
                self.recover(error)


def _handler_of(frame: Frame, deferred: bool) -> Handler | None:
    """The innermost handler around where the frame is. An insert that failed after it was buffered belongs to a `try`
    only if that `try` writes, so has a savepoint open: else it was made before the `try` began."""
    at = frame.pc - 1
    for handler in frame.script.module.handlers:
        if handler.start <= at < handler.end and not (deferred and frame.savepoints <= handler.savepoints):
            return handler
    return None


def _close(frame: Frame) -> None:
    """Close the iterators of a frame that ends. A database that can't drop a spool has lost its transaction, and
    reports that elsewhere; the error is ignored here."""
    with suppress(DatabaseError):
        close_iterators(frame)
        if frame.generator is not None:
            frame.generator.frame = None
            frame.generator.close()


def _as_error(raised: Exception, frame: Frame) -> SopError:
    """Python's own exceptions as errors of the language. No compiled script causes them, only a forged module."""
    if isinstance(raised, SopError):
        return raised
    if isinstance(raised, RecursionError):
        return RunError("V0108", "a value is nested too deeply")
    if isinstance(raised, MemoryError):
        return RunError("V0108", "a value does not fit in memory")
    name = BY_NUMBER[frame.script.code[frame.pc - 1][0]].name
    return SopError("V0206", f"{name} was given what it can't work on ({raised})", "compile the script again")


CAUGHT: Final = (
    *(SopError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError, RecursionError, MemoryError),
)


# Instructions that have a form of their own below, in the order in which they are looked for.
HOT_NAMES: Final = (
    *("TEST_LT", "CALL", "SUB_INT", "RETURN", "ADD_INT", "TEST_LE", "MOVE", "FOR_NEXT", "LOOP", "MUL_INT", "TEST_EQ"),
    *("JUMP", "LOAD", "NEXT", "FIELD", "JUMP_UNLESS", "MOD", "INTDIV", "JUMP_IF_FALSE", "RECORD", "TEST_NE"),
)
HOT: Final = tuple(BY_NAME[name].number for name in HOT_NAMES)
INLINE: Final = frozenset(BY_NAME[name].number for name in ("ADD_INT", "SUB_INT", "MUL_INT", "TEST_LE", "TEST_LT"))
SCALARS: Final = frozenset({int, str, float, Decimal})


def execute(machine: Machine) -> None:
    """Run until the root returns.

    The frequent instructions are written out here, the most frequent first, for the values they nearly always meet; a
    TypeError, or a value out of the ordinary, sends the instruction to its handler, which knows every case.
    `value >> 63` is 0 for what is neither negative nor past 64 bits, and a TypeError for what is no int; that is
    quicker than comparing with both limits.
    """
    test_lt, call, sub_int, return_, add_int, test_le, move, for_next, loop, mul_int, test_eq = HOT[:11]
    jump, load, next_, field, jump_unless, mod, intdiv, jump_if_false, record, test_ne = HOT[11:]
    stack, limit, handlers, scalars = machine.stack, machine.budget.depth, HANDLERS, SCALARS
    lowest, highest, new = INT_MIN, INT_MAX, Frame.__new__
    pool: Frames = []  # frames that returned, to be used again
    nothing: list[Any] = []
    fuel = machine.fuel
    while not machine.finished:
        frame = stack[-1]
        code, registers, pc = frame.script.code, frame.registers, frame.pc
        try:
            while True:
                op, a, b, c = code[pc]
                pc += 1
                if op == test_lt:
                    if registers[a] < registers[b]:
                        pc += 1
                    else:
                        pc = c
                    continue
                elif op == call:
                    frame.pc = pc
                    fuel -= c.length
                    if fuel < 0:
                        fuel = machine.refuel(fuel)
                    if len(stack) >= limit:
                        raise machine.budget.too_deep()
                    if type(b) is int:  # the window of a single argument
                        registers = [registers[b], *c.fresh]
                    else:
                        registers = registers[b] + c.fresh
                    if pool:
                        frame = pool.pop()
                    else:
                        frame = new(Frame)
                        frame.savepoints = 0
                    frame.script = c
                    frame.registers = registers
                    frame.target = a
                    stack.append(frame)
                    code = c.code
                    pc = 0
                    continue
                elif op == sub_int:
                    value = registers[b] - registers[c]
                    if not value >> 63 or lowest <= value <= highest:
                        registers[a] = value
                        continue
                elif op == return_:
                    target = frame.target
                    if target >= 0 and not b:
                        value = registers[a]
                        frame.registers = nothing
                        pool.append(frame)
                        stack.pop()
                        frame = stack[-1]
                        code, registers, pc = frame.script.code, frame.registers, frame.pc
                        registers[target] = value
                        continue
                elif op == add_int:
                    value = registers[b] + registers[c]
                    if not value >> 63 or lowest <= value <= highest:
                        registers[a] = value
                        continue
                elif op == test_le:
                    if registers[a] <= registers[b]:
                        pc += 1
                    else:
                        pc = c
                    continue
                elif op == move:
                    registers[a] = registers[b]
                    continue
                elif op == for_next:
                    value = registers[a] + 1
                    if value <= registers[a + 1]:
                        fuel -= c
                        if fuel < 0:
                            fuel = machine.refuel(fuel)
                            machine.compile_loop(frame.script, pc - 1)
                        registers[a] = registers[a + 2] = value
                        pc = b
                    continue
                elif op == loop:
                    fuel -= c
                    if fuel < 0:
                        fuel = machine.refuel(fuel)
                        machine.compile_loop(frame.script, pc - 1)
                    pc = b
                    continue
                elif op == mul_int:
                    left, right = registers[b], registers[c]
                    if type(left) is int and type(right) is int:  # a text times an int could fill the memory
                        value = left * right
                        if not value >> 63 or lowest <= value <= highest:
                            registers[a] = value
                            continue
                elif op == test_eq:
                    left, right = registers[a], registers[b]
                    if type(left) is type(right) and type(left) in scalars:
                        if left == right:
                            pc += 1
                        else:
                            pc = c
                        continue
                elif op == jump:
                    pc = b
                    continue
                elif op == load:
                    registers[a] = b
                    continue
                elif op == next_:
                    value = registers[b]
                    if type(value) is RowIterator:
                        for row in value.rows:
                            registers[a] = dict(zip(value.names, row))  # noqa: B905 (slow; rows fit their statement)
                            pc += 1
                            break
                        else:
                            value.close()
                            registers[b] = None
                            pc = c
                        continue
                elif op == field:
                    value = registers[b]
                    if type(value) is dict and c in value:
                        registers[a] = value[c]
                        continue
                elif op == jump_unless:
                    value = registers[a]
                    if value is True:
                        continue
                    if value is False or value is None:
                        pc = b
                        continue
                elif op == mod:
                    left, right = registers[b], registers[c]
                    if type(left) is int and type(right) is int and left >= 0 and right > 0:
                        registers[a] = left % right
                        continue
                elif op == intdiv:
                    left, right = registers[b], registers[c]
                    if type(left) is int and type(right) is int and left >= 0 and right > 0:
                        registers[a] = left // right
                        continue
                elif op == jump_if_false:
                    value = registers[a]
                    if value is False:
                        pc = b
                        continue
                    if value is True or value is None:
                        continue
                elif op == record:
                    registers[a] = dict(zip(c, registers[b]))  # noqa: B905 (slow; the verifier saw to it)
                    continue
                elif op == test_ne:
                    left, right = registers[a], registers[b]
                    if type(left) is type(right) and type(left) in scalars:
                        if left != right:
                            pc += 1
                        else:
                            pc = c
                        continue
                frame.pc = pc
                if handlers[op](machine, frame, a, b, c):
                    break
        except CAUGHT as error:
            frame.pc = pc
            if type(error) is TypeError and op in INLINE:
                try:
                    handlers[op](machine, frame, a, b, c)
                except CAUGHT as other:
                    machine.recover(other)
            else:
                machine.recover(error)
