"""Typed steps → instructions: control flow, loops, blocks and exits from them, writes and output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from runtime.bytecode.module import AskSite, Call, Fetch, LoopNote, Signature
from runtime.values.constants import Const
from runtime.values.types import INT, NULL
from sopc.checker import typed
from sopc.codegen.blocks import Block, CodeBuilder, Entry, Operand, Origin, Region
from sopc.codegen.columns import Columns
from sopc.codegen.expressions import Expressions, name, writes_early
from sopc.codegen.fold import fold
from sopc.codegen.lift import Lifted, lifted
from sopc.codegen.lift_expressions import NotLifted
from sopc.codegen.limits import MAX_LIFTED, MAX_NESTING, NESTED_TOO_DEEPLY, Limit
from sopc.codegen.registers import Registers


@dataclass(frozen=True)
class Loop:
    """An enclosing loop. iterator: the register to close when a step leaves the loop early."""

    iterator: int | None
    leave: Block
    again: Block


@dataclass(frozen=True)
class Savepoint:
    """An enclosing savepoint, released when a step leaves it early."""


Enclosing = Loop | Savepoint | Region


class Steps:
    """Lowers the steps of one script. numbers: of the steps in the script, by path. columns: that its queries need.

    lifting: whether loops over queries may be one statement. loops: what was made of each. called: scripts whose values
    are named there.
    """

    def __init__(
        self,
        builder: CodeBuilder,
        registers: Registers,
        numbers: dict[str, int],
        columns: Columns,
        script: typed.Script,
        *,
        lifting: bool,
    ) -> None:
        self.builder = builder
        self.registers = registers
        self.typed = script
        self.lifting = lifting
        self.loops: list[LoopNote] = []
        self.called: list[Signature] = []
        self.columns = columns
        self.expressions = Expressions(builder, registers, columns)
        self.numbers = numbers
        self.enclosing: list[Enclosing] = []

    def script(self, script: typed.Script) -> None:
        """Lowers the whole script; at its end, it returns null."""
        for parameter in script.params:
            self.registers.declare(parameter)
        self.steps(script.steps)
        if script.steps:
            self.builder.origin = Origin(self.numbers[script.steps[-1].path], script.steps[-1].span)
        self.builder.leave("RETURN", Entry(Const(None, NULL)))

    def steps(self, steps: Sequence[typed.Step]) -> None:
        """Lowers the steps of a block, and frees its variables."""
        self.expressions.nesting += 1
        if self.expressions.nesting > MAX_NESTING:
            raise Limit(NESTED_TOO_DEEPLY, steps[0].span if steps else None)
        with self.registers.scope():
            for step in steps:
                self.step(step)
        self.expressions.nesting -= 1

    def step(self, step: typed.Step) -> None:
        before = self.builder.origin
        self.builder.origin = Origin(self.numbers[step.path], step.span)
        _LOWER[type(step)](self, step)
        self.builder.origin = before

    # ── variables and output ──

    def set_variable(self, step: typed.SetVariable) -> None:
        value = fold(step.value)
        if step.target:
            with self.registers.scope():
                self.set_part(self.registers.of(step.variable), step.target, self.expressions.operand(value))
        elif not self.registers.knows(step.variable):
            self.expressions.into(self.registers.declare(step.variable), value)
        elif writes_early(value):
            with self.registers.scope():
                whole = self.expressions.temporary(value)
                self.builder.emit("MOVE", self.registers.of(step.variable), whole)
        else:
            self.expressions.into(self.registers.of(step.variable), value)

    def set_part(self, root: int, target: Sequence[str | typed.Expr], value: Operand) -> None:
        """`set root.a[i] = value`: reads the nested parts, then writes changed copies back, from the inside out."""
        keys: list[str | Operand] = [
            key if isinstance(key, str) else self.expressions.operand(fold(key)) for key in target
        ]
        held = [root]
        for key in keys[:-1]:
            part = self.registers.take()
            if isinstance(key, str):
                self.builder.emit("FIELD", part, held[-1], name(key))
            else:
                self.builder.emit("INDEX", part, held[-1], key)
            held.append(part)
        for register, key in zip(reversed(held), reversed(keys), strict=True):
            if isinstance(key, str):
                self.builder.emit("SET_FIELD", register, name(key), value)
            else:
                self.builder.emit("SET_INDEX", register, key, value)
            value = register

    def emit_record(self, step: typed.EmitRecord) -> None:
        with self.registers.scope():
            self.builder.emit("EMIT", self.expressions.operand(fold(step.value)))

    def emit_query(self, step: typed.EmitQuery) -> None:
        with self.registers.scope():
            self.builder.emit("EMIT_QUERY", self.window(step.query.params), Entry(Fetch(step.query.query, "rows")))

    def emit_call(self, step: typed.EmitCall) -> None:
        with self.registers.scope():
            iterator, record = self.registers.take(), self.registers.take()
            self.open_call(iterator, step.call)
            with self.over(iterator, record):
                self.builder.emit("EMIT", record)

    def say(self, step: typed.Say) -> None:
        with self.registers.scope():
            self.builder.emit("SAY", self.expressions.operand(fold(step.text)))

    def write(self, step: typed.WriteStep) -> None:
        with self.registers.scope():
            rows = self.registers.take()
            self.builder.emit("WRITE", rows, self.window(step.params), Entry(step.write))

    def ask(self, step: typed.AskStep) -> None:
        known = self.registers.knows(step.variable)
        register = self.registers.of(step.variable) if known else self.registers.declare(step.variable)
        parts = [part for part in (step.question, step.choices, step.default, step.within) if part is not None]
        given = step.choices is not None, step.default is not None, step.within is not None
        about = AskSite(step.path, step.variable.type, *given)
        with self.registers.scope():
            self.builder.emit("ASK", register, self.window(parts), Entry(about))

    def call(self, step: typed.CallStep) -> None:
        with self.registers.scope():
            self.expressions.temporary(fold(step.call))

    def window(self, exprs: Sequence[typed.Expr]) -> int:
        return self.expressions.window([fold(expr) for expr in exprs])

    # ── leaving ──

    def return_(self, step: typed.Return) -> None:
        with self.registers.scope():
            value = Entry(Const(None, NULL)) if step.value is None else self.expressions.operand(fold(step.value))
            with self.unwound(0):
                self.builder.leave("RETURN", value)

    def break_(self, step: typed.Break) -> None:
        loop = self.innermost_loop()
        with self.unwound(loop):
            self.builder.jump(self.loop_at(loop).leave)

    def continue_(self, step: typed.Continue) -> None:
        loop = self.innermost_loop()
        with self.unwound(loop + 1):
            self.builder.jump(self.loop_at(loop).again)

    def innermost_loop(self) -> int:
        """The index of the innermost loop in `enclosing`; the checker guarantees that there is one."""
        return max(index for index, outer in enumerate(self.enclosing) if isinstance(outer, Loop))

    def loop_at(self, index: int) -> Loop:
        loop = self.enclosing[index]
        assert isinstance(loop, Loop)
        return loop

    @contextmanager
    def unwound(self, level: int) -> Iterator[None]:
        """Closes iterators and releases savepoints from the inside out down to `enclosing[level]`.

        The exit that is lowered inside the `with` block is in none of the `try` bodies that it leaves.
        """
        region = self.builder.region
        for outer in reversed(self.enclosing[level:]):
            if isinstance(outer, Savepoint):
                self.builder.emit("RELEASE")
            elif isinstance(outer, Region):
                self.builder.enter(outer.outer)
            elif outer.iterator is not None:
                self.builder.emit("CLOSE", outer.iterator)
        yield
        self.builder.enter(region)

    def fail(self, step: typed.Fail) -> None:
        with self.registers.scope():
            self.builder.leave("FAIL", self.expressions.operand(fold(step.message)), 0)

    def assert_(self, step: typed.Assert) -> None:
        holds, fails = Block(), Block()
        self.expressions.condition(fold(step.condition), holds, fails)
        with self.builder.aside(), self.registers.scope():
            self.builder.place(fails)
            self.builder.leave("FAIL", self.expressions.operand(fold(step.message)), 1)
        self.builder.place(holds)

    def commit(self, step: typed.Commit) -> None:
        self.builder.emit("COMMIT")

    # ── branches and loops ──

    def if_(self, step: typed.If) -> None:
        end = Block()
        for condition, steps in step.branches:
            yes, no = Block(), Block()
            self.expressions.condition(fold(condition), yes, no)
            self.builder.place(yes)
            self.steps(steps)
            self.builder.jump(end)
            self.builder.place(no)
        self.steps(step.otherwise)
        self.builder.fall_into(end)

    def while_(self, step: typed.While) -> None:
        head, body, end = Block(), Block(), Block()
        self.builder.fall_into(head)
        self.expressions.condition(fold(step.condition), body, end)
        self.builder.place(body)
        with self.inside(Loop(None, end, head)):
            self.steps(step.body)
        self.builder.jump(head)
        self.builder.place(end)

    def for_range(self, step: typed.ForRange) -> None:
        with self.registers.scope():
            counter = self.registers.hold(3)
            self.expressions.into(counter, fold(step.low))
            self.expressions.into(counter + 1, fold(step.high))
            self.registers.declare(step.variable, counter + 2)
            body, again, end = Block(), Block(), Block()
            self.builder.branch("FOR_START", counter, target=end, next=body)
            self.builder.place(body)
            with self.inside(Loop(None, end, again)):
                self.steps(step.body)
            self.builder.fall_into(again)
            self.builder.branch("FOR_NEXT", counter, target=body, next=end)
            self.builder.place(end)

    def for_list(self, step: typed.ForList) -> None:
        with self.registers.scope():
            iterator, variable = self.registers.hold(), self.registers.declare(step.variable)
            with self.registers.scope():
                self.builder.emit("ITERATE", iterator, self.expressions.operand(fold(step.list)))
            with self.over(iterator, variable):
                self.steps(step.body)

    def for_query(self, step: typed.ForQuery) -> None:
        end = Block()
        with self.registers.scope():
            found = self.lifted(step)
            iterator, variable = self.registers.hold(), self.registers.declare(step.variable)
            with self.registers.scope():
                known = [] if found is None else [typed.Var(type=each.type, variable=each) for each in found.variables]
                params = self.window([*step.query.params, *known])
                if found is not None:
                    self.attempt(found, params, end)
                rows = Entry(Fetch(self.columns.needed(step.query.query), "rows"))
                first = params if step.query.params else 0
                self.builder.emit("OPEN_SPOOL" if step.spool else "OPEN_QUERY", iterator, first, rows)
            with self.over(iterator, variable, end):
                self.steps(step.body)

    def lifted(self, step: typed.ForQuery) -> Lifted | None:
        """The statements that do the loop at once, if there are any; the reason is noted if there are none."""
        try:
            if not self.lifting or len(self.loops) >= MAX_LIFTED:
                raise NotLifted("the script is too long")
            found = lifted(step, self.columns, self.typed, self.registers.knows)
        except NotLifted as reason:
            self.loops.append(LoopNote(step.path, str(reason)))
            return None
        self.loops.append(LoopNote(step.path, ""))
        self.called += found.called
        return found

    def attempt(self, found: Lifted, params: int, end: Block) -> None:
        """Does the loop at once where that can be; else goes on with the loop."""
        once, loop = Block(), Block()
        done = self.registers.take()
        self.builder.emit("LIFT", done, params, Entry(found.lift))
        self.builder.branch("JUMP_IF_NULL", done, target=loop, next=once)
        self.builder.place(once)
        totals = len(found.lift.totals)
        for index, variable in enumerate(found.variables[len(found.variables) - totals :]):
            self.builder.emit("INDEX", self.registers.of(variable), done, Entry(Const(index, INT)))
        self.builder.jump(end)
        self.builder.place(loop)

    def for_call(self, step: typed.ForCall) -> None:
        with self.registers.scope():
            iterator, variable = self.registers.hold(), self.registers.declare(step.variable)
            self.open_call(iterator, step.call)
            with self.over(iterator, variable):
                self.steps(step.body)

    def open_call(self, iterator: int, call: typed.ScriptCall) -> None:
        with self.registers.scope(), self.builder.at(call.span):
            self.builder.emit("OPEN_CALL", iterator, self.window(call.args), Entry(Call(call.signature)))

    @contextmanager
    def over(self, iterator: int, variable: int, end: Block | None = None) -> Iterator[None]:
        """Lowers a loop with one pass for each item of the iterator; its body is lowered inside the `with` block.
        end: where it goes on after the last."""
        head, body, end = Block(), Block(), end or Block()
        self.builder.fall_into(head)
        self.builder.branch("NEXT", variable, iterator, target=end, next=body)
        self.builder.place(body)
        with self.inside(Loop(iterator, end, head)):
            yield
        self.builder.jump(head)
        self.builder.place(end)

    @contextmanager
    def inside(self, *outer: Enclosing) -> Iterator[None]:
        self.enclosing.extend(outer)
        yield
        del self.enclosing[-len(outer) :]

    # ── blocks ──

    def transaction(self, step: typed.Transaction) -> None:
        if not step.writes:
            self.steps(step.body)
            return
        self.builder.emit("SAVEPOINT")
        with self.inside(Savepoint()):
            self.steps(step.body)
        self.builder.emit("RELEASE")

    def try_(self, step: typed.Try) -> None:
        """Lowers a `try`.

        The savepoint is made outside the protected range and released inside it. Each flushes buffered writes, so a
        write before the `try` fails outside the range, and a write of its body fails inside.
        """
        handler, end = Block(), Block()
        with self.registers.scope():
            error = self.registers.declare(step.variable)
            open_before = sum(isinstance(outer, Savepoint) for outer in self.enclosing)
            region = Region(handler, error, open_before, self.builder.region)
            if step.writes:
                self.builder.emit("SAVEPOINT")
            self.builder.enter(region)
            with self.inside(region, *([Savepoint()] if step.writes else [])):
                self.steps(step.body)
            if step.writes:
                self.builder.emit("RELEASE")
            self.builder.jump(end)
            self.builder.region = region.outer
            self.builder.place(handler)
            self.steps(step.handler)
            self.builder.fall_into(end)


_LOWER: Final[dict[type, Callable[[Steps, Any], None]]] = {
    typed.SetVariable: Steps.set_variable,
    typed.EmitRecord: Steps.emit_record,
    typed.EmitQuery: Steps.emit_query,
    typed.EmitCall: Steps.emit_call,
    typed.Say: Steps.say,
    typed.WriteStep: Steps.write,
    typed.Return: Steps.return_,
    typed.Fail: Steps.fail,
    typed.Assert: Steps.assert_,
    typed.Commit: Steps.commit,
    typed.Break: Steps.break_,
    typed.Continue: Steps.continue_,
    typed.AskStep: Steps.ask,
    typed.If: Steps.if_,
    typed.ForQuery: Steps.for_query,
    typed.ForList: Steps.for_list,
    typed.ForRange: Steps.for_range,
    typed.ForCall: Steps.for_call,
    typed.While: Steps.while_,
    typed.CallStep: Steps.call,
    typed.Transaction: Steps.transaction,
    typed.Try: Steps.try_,
}
