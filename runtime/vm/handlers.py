"""Handlers of jumps, iterators, calls, data and output.

With operations.py, this defines every instruction. A traced run uses only these handlers. The fast loop in machine.py
inlines the most frequent instructions for common values and calls the handlers otherwise. table.py documents a
handler's arguments and result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.errors import RunError, SopError
from runtime.values import operators, value_types
from runtime.values.conversion import to_text
from runtime.vm import lifted
from runtime.vm.asking import question_of
from runtime.vm.backtrace import path_of, stack_location
from runtime.vm.frame import END, Frame, GeneratorFrame, GeneratorIterator, Iterator
from runtime.vm.iterators import ListIterator, RowIterator, SpoolIterator, close_iterators
from runtime.vm.machine import Machine
from runtime.vm.table import HANDLERS, handles

# ── control ────────────────────────────────────────────────────────────────────────────────────────────────────


@handles("JUMP")
def jump(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    frame.pc = b
    return True


@handles("LOOP")
def loop(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    machine.spend(c)
    frame.pc = b
    return True


def _jump_when(name: str, wanted: Callable[[Any], bool]) -> None:
    @handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
        if wanted(frame.registers[a]):
            frame.pc = b
        return True


_jump_when("JUMP_IF_FALSE", lambda value: operators.truth(value) is False)
_jump_when("JUMP_IF_TRUE", lambda value: operators.truth(value) is True)
_jump_when("JUMP_UNLESS", lambda value: operators.truth(value) is not True)
_jump_when("JUMP_IF_NULL", lambda value: value is None)


@handles("FOR_START")
def for_start(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    registers = frame.registers
    low, high = registers[a], registers[a + 1]
    if type(low) is not int or type(high) is not int:
        wrong = high if type(low) is int else low
        raise RunError(
            "V0106", f"a loop counts from int to int, not with {value_types.an(value_types.type_name(wrong))}"
        )
    if low > high:
        frame.pc = b
    else:
        registers[a + 2] = low
    return True


@handles("FOR_NEXT")
def for_next(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    registers = frame.registers
    following = registers[a] + 1
    if following <= registers[a + 1]:
        registers[a] = registers[a + 2] = following
        frame.pc = b
        machine.spend(c)
    return True


def hot_loop(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    """Run the LOOP or FOR_NEXT (b) by its handler, then the loop by its function (a), a slice at a time, for as long as
    that comes back to the loop's head for want of fuel. (It also stops there when it does not cover the head.)"""
    tail, head = frame.pc - 1, b[2]
    HANDLERS[b[0]](machine, frame, *b[1:])
    while frame.pc == head:
        fuel = machine.budget.first_slice()
        pc, left = a(frame.registers, fuel)
        if pc < 0:  # some register holds no int this time
            frame.script.code[tail] = b
            break
        frame.pc = pc
        machine.output.tick()
        machine.budget.next_slice(fuel - left)
        if left >= 0:
            break
    return True


HANDLERS.append(hot_loop)


# ── iterators ──────────────────────────────────────────────────────────────────────────────────────────────────


@handles("ITERATE")
def iterate(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    items = frame.registers[b]
    if items is None:
        items = []
    elif type(items) is not list:
        raise RunError("V0106", f"a loop goes over a list, not {value_types.an(value_types.type_name(items))}")
    frame.registers[a] = ListIterator(items, frame.pc - 1)


@handles("OPEN_QUERY")
def open_query(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.flush()
    if machine.spools_generators and machine.feeds_a_loop():
        frame.registers[a] = _spooled(machine, c, frame.registers[b], frame.pc - 1)
    else:
        rows = machine.data.rows(c, frame.registers[b])
        frame.registers[a] = RowIterator(rows, c.columns, frame.pc - 1)


@handles("OPEN_SPOOL")
def open_spool(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.flush()
    frame.registers[a] = _spooled(machine, c, frame.registers[b], frame.pc - 1)


def _spooled(machine: Machine, op: Any, params: list[Any], pc: int) -> SpoolIterator:
    data = machine.data
    return SpoolIterator(data.spool(op, params), op.columns, data.segment, data.release_spool, pc)


@handles("OPEN_CALL")
def open_call(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    iterator = GeneratorIterator(frame.pc - 1)
    iterator.frame = GeneratorFrame(c, frame.registers[b] + c.fresh, iterator)
    frame.registers[a] = iterator


@handles("NEXT")
def next_item(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    iterator = frame.registers[b]
    if not isinstance(iterator, GeneratorIterator):
        item = iterator.advance()
        if item is END:
            iterator.close()
            frame.registers[b] = None  # what is over is no part of the frame where a segment ends
            frame.pc = c
        else:
            frame.registers[a] = item
            frame.pc += 1
        return True
    if iterator.frame is None:
        frame.pc = c
        return True
    machine.push(iterator.frame)
    if iterator.emitting is not None:
        _emit_next_row(machine, iterator)
    return True


def _emit_next_row(machine: Machine, generator: GeneratorIterator) -> None:
    """The next row of the query that a generator's frame, now on top, is emitting; the frame goes on after the last."""
    emitting = generator.emitting
    assert emitting is not None
    item = emitting.advance()
    if item is END:
        emitting.close()
        generator.emitting = None
    else:
        _hand_over(machine, item)


def _hand_over(machine: Machine, item: Any) -> None:
    """Suspend the top frame, a generator's, and give its record to the loop that consumes it."""
    generator = machine.stack.pop()
    if generator.savepoints:
        machine.stack.append(generator)
        raise SopError("V0207", "a script that feeds a loop emits inside `transaction` or `try`")
    consumer = machine.stack[-1]
    consumer.registers[consumer.script.code[consumer.pc - 1][1]] = item
    consumer.pc += 1


@handles("CLOSE")
def close(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    iterator = frame.registers[a]
    if isinstance(iterator, Iterator):
        iterator.close()
        frame.registers[a] = None


# ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────


@handles("CALL")
def call(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    machine.spend(c.length)
    machine.push(Frame(c, [frame.registers[b], *c.fresh] if type(b) is int else frame.registers[b] + c.fresh, a))
    return True


@handles("RETURN")
def return_value(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    value = frame.registers[a]
    if b:
        close_iterators(frame)
    stack = machine.stack
    if len(stack) == 1:
        machine.finish(value)
        return True
    stack.pop()
    caller = stack[-1]
    if frame.generator is None:
        caller.registers[frame.target] = value
    else:
        frame.generator.frame = None
        caller.pc = caller.script.code[caller.pc - 1][3]
    return True


@handles("FAIL")
def fail(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    message = frame.registers[a]
    shown = "no reason was given" if message is None else to_text(message)
    raise RunError("V0402" if b else "V0401", shown)


# ── data ───────────────────────────────────────────────────────────────────────────────────────────────────────


@handles("LIFT")
def lift(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.flush()
    frame.registers[a] = lifted.attempt(machine, c, frame.registers[b])


@handles("FETCH")
def fetch(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.tick()
    frame.registers[a] = machine.data.fetch(c, frame.registers[b])


@handles("WRITE")
def write(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    where = stack_location(machine.stack)
    changed = machine.data.write(c, frame.registers[b], where)
    machine.output.command(frame.script.path_at(frame.pc - 1), where.path, c.mode, c.store, changed)
    frame.registers[a] = changed


@handles("COMMIT")
def commit(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    if len(machine.stack) > 1:
        raise SopError("V0207", "`commit` in a called script", "compile the script again")
    machine.end_segment("running", None)
    machine.begin_segment()


@handles("SAVEPOINT")
def savepoint(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    begins_try = any(
        handler.start <= frame.pc < handler.end and handler.savepoints == frame.savepoints
        for handler in frame.script.module.handlers
    )
    machine.data.savepoint(is_try=begins_try)
    frame.savepoints += 1


@handles("RELEASE")
def release(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    if frame.savepoints:
        machine.data.release()
        frame.savepoints -= 1


# ── output ─────────────────────────────────────────────────────────────────────────────────────────────────────


@handles("EMIT")
def emit(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    item = frame.registers[a]
    if type(item) is not dict:
        raise RunError("V0106", f"{value_types.an(value_types.type_name(item))} can't be emitted, only a record")
    if frame.generator is not None:
        _hand_over(machine, item)
        return True
    machine.budget.count_rows(1)
    machine.output.record(frame.script.path_at(frame.pc - 1), path_of(machine.stack), item)
    return None


@handles("EMIT_QUERY")
def emit_query(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    params = frame.registers[b]
    if frame.generator is not None:
        if machine.spools_generators:
            frame.generator.emitting = _spooled(machine, c, params, frame.pc - 1)
        else:
            frame.generator.emitting = RowIterator(machine.data.rows(c, params), c.columns, frame.pc - 1)
        _emit_next_row(machine, frame.generator)
        return True
    output, budget = machine.output, machine.budget
    output.flush()
    step, within = frame.script.path_at(frame.pc - 1), path_of(machine.stack)
    read = machine.data.json_rows if output.writes_json else machine.data.rows
    batches = read(c, params)
    try:
        for batch in batches:
            budget.check()
            budget.count_rows(len(batch))
            output.rows(step, within, c.columns, batch)
    finally:
        getattr(batches, "close", _nothing)()
    return None


def _nothing() -> None:
    pass


@handles("SAY")
def say(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.say(frame.script.path_at(frame.pc - 1), path_of(machine.stack), to_text(frame.registers[a]))


@handles("ASK")
def ask(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    question = question_of(machine.stack)
    if machine.data.uncommitted:
        raise SopError("V0207", "`ask` comes after writes that are not committed", "put `commit` before it")
    machine.host.put_question(frame.script.path_at(frame.pc - 1), path_of(machine.stack), question)
    machine.end_segment("waiting", question)
    frame.registers[a] = machine.host.answer(question)
    machine.begin_segment()
