"""One function per instruction, in a table by opcode number: what each means, plainly.

The traced run uses nothing else; the fast loop in machine.py has its own form of the most frequent ones and comes here
for the rest, and when its own form does not fit the values. A handler is given the machine, the top frame (its pc
already past the instruction) and the prepared operands; True says that the pc moved or another frame is on top.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import TYPE_CHECKING, Any, Final

from runtime import values
from runtime.bytecode.opcodes import BY_NAME
from runtime.conversion import convert, to_text
from runtime.errors import RunError, SopError
from runtime.kinds import KINDS
from runtime.vm.backtrace import path_of
from runtime.vm.frame import Frame, GeneratorFrame
from runtime.vm.iterators import (
    END,
    GeneratorIterator,
    Iterator,
    ListIterator,
    RowIterator,
    SpoolIterator,
    close_iterators,
)
from runtime.vm.output import Question

if TYPE_CHECKING:
    from runtime.vm.machine import Machine

Handler = Callable[["Machine", Frame, Any, Any, Any], bool | None]
TEXT_LIMIT: Final = 2**26
_UNSHARED: Final = 3  # references to a value that one register holds: the register, a local, the count's argument

HANDLERS: Final[list[Handler]] = []


def no_such_instruction(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    raise SopError("V0206", "the module holds an unknown instruction", "compile the script again")


HANDLERS.extend([no_such_instruction] * 256)


def _handles(name: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS[BY_NAME[name].number] = handler
        return handler

    return register


# ── moves, arithmetic, comparison, logic ───────────────────────────────────────────────────────────────────────


@_handles("MOVE")
def move(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = frame.registers[b]


@_handles("LOAD")
def load(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = b


def _of_one(name: str, operation: Callable[[Any], Any]) -> None:
    @_handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
        frame.registers[a] = operation(frame.registers[b])


def _of_two(name: str, operation: Callable[[Any, Any], Any]) -> None:
    @_handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
        registers = frame.registers
        registers[a] = operation(registers[b], registers[c])


def _test(name: str, operation: Callable[[Any, Any], bool | None]) -> None:
    @_handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
        frame.pc = frame.pc + 1 if operation(frame.registers[a], frame.registers[b]) else c
        return True


for _name, _operation in {
    "ADD_INT": values.add,
    "SUB_INT": values.sub,
    "MUL_INT": values.mul,
    "ADD": values.add,
    "SUB": values.sub,
    "MUL": values.mul,
    "DIV": values.div,
    "INTDIV": values.intdiv,
    "MOD": values.mod,
    "EQ": values.eq,
    "NE": values.ne,
    "LT": values.lt,
    "LE": values.le,
    "AND": values.logic_and,
    "OR": values.logic_or,
}.items():
    _of_two(_name, _operation)
_of_one("NEG", values.neg)
_of_one("NOT", values.logic_not)
_of_one("IS_NULL", lambda value: value is None)
_test("TEST_EQ", values.eq)
_test("TEST_NE", values.ne)
_test("TEST_LT", values.lt)
_test("TEST_LE", values.le)


# ── control ────────────────────────────────────────────────────────────────────────────────────────────────────


@_handles("JUMP")
def jump(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    frame.pc = b
    return True


@_handles("LOOP")
def loop(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    machine.spend(c)
    frame.pc = b
    return True


def _jump_when(name: str, wanted: Callable[[Any], bool]) -> None:
    @_handles(name)
    def handler(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
        if wanted(frame.registers[a]):
            frame.pc = b
        return True


_jump_when("JUMP_IF_FALSE", lambda value: values.truth(value) is False)
_jump_when("JUMP_IF_TRUE", lambda value: values.truth(value) is True)
_jump_when("JUMP_UNLESS", lambda value: values.truth(value) is not True)
_jump_when("JUMP_IF_NULL", lambda value: value is None)


@_handles("FOR_START")
def for_start(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    registers = frame.registers
    low, high = registers[a], registers[a + 1]
    if type(low) is not int or type(high) is not int:
        wrong = high if type(low) is int else low
        raise RunError("V0106", f"a loop counts from int to int, not with {values.an(values.kind_of(wrong))}")
    if low > high:
        frame.pc = b
    else:
        registers[a + 2] = low
    return True


@_handles("FOR_NEXT")
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
    that comes back to the loop's head."""
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
    return True


HANDLERS.append(hot_loop)


# ── iterators ──────────────────────────────────────────────────────────────────────────────────────────────────


@_handles("ITERATE")
def iterate(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    items = frame.registers[b]
    if items is None:
        items = []
    elif type(items) is not list:
        raise RunError("V0106", f"a loop goes over a list, not {values.an(values.kind_of(items))}")
    frame.registers[a] = ListIterator(items, frame.pc - 1)


@_handles("OPEN_QUERY")
def open_query(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.flush()
    if machine.sets_aside and machine.feeds_a_loop():
        frame.registers[a] = _spooled(machine, c, frame.registers[b], frame.pc - 1)
    else:
        rows = machine.data.rows(c, frame.registers[b])
        frame.registers[a] = RowIterator(rows, c.columns, frame.pc - 1)


@_handles("OPEN_SPOOL")
def open_spool(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.flush()
    frame.registers[a] = _spooled(machine, c, frame.registers[b], frame.pc - 1)


def _spooled(machine: Machine, op: Any, params: list[Any], pc: int) -> SpoolIterator:
    data = machine.data
    return SpoolIterator(data.spool(op, params), op.columns, data.segment, data.release_spool, pc)


@_handles("OPEN_CALL")
def open_call(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    iterator = GeneratorIterator(frame.pc - 1)
    iterator.frame = GeneratorFrame(c, frame.registers[b] + c.fresh, iterator)
    frame.registers[a] = iterator


@_handles("NEXT")
def next_item(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    iterator = frame.registers[b]
    if not isinstance(iterator, GeneratorIterator):
        item = iterator.advance()
        if item is END:
            iterator.close()
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


@_handles("CLOSE")
def close(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    iterator = frame.registers[a]
    if isinstance(iterator, Iterator):
        iterator.close()


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────


@_handles("FIELD")
def field(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    record = frame.registers[b]
    if type(record) is dict:
        frame.registers[a] = record.get(c)  # an open record may not have it
    elif record is None:
        frame.registers[a] = None
    else:
        raise RunError("V0106", f"{values.an(values.kind_of(record))} has no fields, so no `{c}`")


def _own(registers: list[Any], a: int, kind: type) -> Any:
    """The list or record in a register, free to change: itself when nothing else holds it, else a copy."""
    value = registers[a]
    if type(value) is not kind:
        raise RunError("V0106", f"{values.an(values.kind_of(value))} is not {values.an(KINDS[kind])} to change")
    return value if getrefcount(value) <= _UNSHARED else kind(value)


@_handles("SET_FIELD")
def set_field(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    record = _own(frame.registers, a, dict)
    record[b] = frame.registers[c]
    frame.registers[a] = record


@_handles("INDEX")
def index(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    items, at = frame.registers[b], frame.registers[c]
    if items is None or at is None:
        frame.registers[a] = None
    elif type(items) is list and type(at) is int:
        frame.registers[a] = items[at] if 0 <= at < len(items) else None
    elif type(items) is dict and type(at) is str:
        frame.registers[a] = items.get(at)
    else:
        kind, by = values.an(values.kind_of(items)), values.an(values.kind_of(at))
        raise RunError("V0106", f"{kind} can't be indexed with {by}", "a list takes an int from 0, a record a text")


@_handles("SET_INDEX")
def set_index(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    registers = frame.registers
    at = registers[b]
    if type(registers[a]) is dict and type(at) is str:
        items = _own(registers, a, dict)
    else:
        items = _own(registers, a, list)
        if type(at) is not int:
            raise RunError("V0106", f"a list can't be indexed with {values.an(values.kind_of(at))}")
        if not 0 <= at < len(items):
            raise RunError("V0111", f"the list has {len(items)} items, so none with index {at}", "indexes go from 0")
    items[at] = registers[c]
    registers[a] = items


@_handles("RECORD")
def record(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = dict(zip(c, frame.registers[b], strict=True))


@_handles("LIST")
def make_list(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = frame.registers[b]


@_handles("APPEND")
def append(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    items = _own(frame.registers, a, list)
    items.append(frame.registers[b])
    frame.registers[a] = items


@_handles("TEXT")
def text(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    parts = [to_text(value) for value in frame.registers[b]]
    if sum(map(len, parts)) > TEXT_LIMIT:
        raise RunError("V0108", f"a text grew past {TEXT_LIMIT:,} characters")
    frame.registers[a] = "".join(parts)


@_handles("FUNC")
def func(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    arguments = frame.registers[b]
    if not c.nulls and None in arguments:
        frame.registers[a] = None
        return
    try:
        frame.registers[a] = c.python(*arguments)
    except (TypeError, AttributeError) as error:
        kinds = ", ".join(values.kind_of(argument) for argument in arguments)
        raise RunError("V0106", f"`{c.name}` does not work on ({kinds})") from error


@_handles("CONVERT")
def convert_value(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    frame.registers[a] = convert(frame.registers[a], b)


@_handles("CLOCK")
def clock(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    now = machine.host.now
    frame.registers[a] = now if b else now.date()


# ── calls ──────────────────────────────────────────────────────────────────────────────────────────────────────


@_handles("CALL")
def call(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool:
    machine.spend(c.length)
    arguments = [frame.registers[b]] if type(b) is int else frame.registers[b]
    machine.push(Frame(c, arguments + c.fresh, a))
    return True


@_handles("RETURN")
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


@_handles("FAIL")
def fail(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    message = frame.registers[a]
    shown = "no reason was given" if message is None else to_text(message)
    raise RunError("V0402" if b else "V0401", shown)


# ── data ───────────────────────────────────────────────────────────────────────────────────────────────────────


@_handles("FETCH")
def fetch(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.tick()
    frame.registers[a] = machine.data.fetch(c, frame.registers[b])


@_handles("WRITE")
def write(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    within = path_of(machine.stack)
    changed = machine.data.write(c, frame.registers[b], (frame.script, frame.pc - 1, within))
    machine.output.command(frame.script.path_at(frame.pc - 1), within, c.mode, c.store, changed)
    frame.registers[a] = changed


@_handles("COMMIT")
def commit(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    if len(machine.stack) > 1:
        raise SopError("V0207", "`commit` in a called script", "compile the script again")
    machine.end_segment()
    machine.begin_segment()


@_handles("SAVEPOINT")
def savepoint(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.data.savepoint()
    frame.savepoints += 1


@_handles("RELEASE")
def release(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    if frame.savepoints:
        machine.data.release()
        frame.savepoints -= 1


# ── output ─────────────────────────────────────────────────────────────────────────────────────────────────────


@_handles("EMIT")
def emit(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    item = frame.registers[a]
    if type(item) is not dict:
        raise RunError("V0106", f"{values.an(values.kind_of(item))} can't be emitted, only a record")
    if frame.generator is not None:
        _hand_over(machine, item)
        return True
    machine.budget.count_rows(1)
    machine.output.record(frame.script.path_at(frame.pc - 1), path_of(machine.stack), item)
    return None


@_handles("EMIT_QUERY")
def emit_query(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    params = frame.registers[b]
    if frame.generator is not None:
        if machine.sets_aside:
            frame.generator.emitting = _spooled(machine, c, params, frame.pc - 1)
        else:
            frame.generator.emitting = RowIterator(machine.data.rows(c, params), c.columns, frame.pc - 1)
        _emit_next_row(machine, frame.generator)
        return True
    output, budget = machine.output, machine.budget
    output.flush()
    step, within = frame.script.path_at(frame.pc - 1), path_of(machine.stack)
    batches = machine.data.json_rows(c, params)
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


@_handles("SAY")
def say(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    machine.output.say(frame.script.path_at(frame.pc - 1), path_of(machine.stack), to_text(frame.registers[a]))


@_handles("ASK")
def ask(machine: Machine, frame: Frame, a: Any, b: Any, c: Any) -> None:
    given = frame.registers[b]
    choices = given[1] if c.has_choices else None
    if choices is not None and type(choices) is not list:
        raise RunError("V0106", f"choices are {values.an(values.kind_of(choices))}, not a list")
    default = convert(given[-1], c.type.or_null()) if c.has_default else None
    root = machine.stack[0].script
    step = c.step if frame.script is root else f"{frame.script.name}/{c.step}"
    question = Question(step, to_text(given[0]), c.type, choices, default, c.has_default)
    if machine.data.uncommitted:
        raise SopError("V0207", "`ask` comes after writes that are not committed", "put `commit` before it")
    machine.end_segment()
    frame.registers[a] = machine.host.answer(frame.script.path_at(frame.pc - 1), path_of(machine.stack), question)
    machine.begin_segment()
