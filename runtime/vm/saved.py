"""A machine's frames ↔ what is kept of them where a segment ends; restoring takes it for untrusted input.

Frames hold iterators and generators' iterators hold frames, so they are two flat tables that refer to each other by
number. Everything that follows from the code is left out and worked out again: which script a frame runs, which
registers hold something, the register for a result, the names of a row's fields. What is left is checked against the
code, so that no value of these tables can make a frame that running the script could not have made.

A frame is suspended in an instruction that lets a segment end: COMMIT or ASK on top of the stack, CALL or NEXT below
it, EMIT or EMIT_QUERY in a generator that waits to be asked for its next record.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NamedTuple, NoReturn, Protocol

import msgspec

from runtime.bytecode.flow import COUNTERS, ITERATORS, states
from runtime.bytecode.opcodes import BY_NAME
from runtime.databases.protocol import Spool
from runtime.errors import SopError
from runtime.values.conversion import unpack_ext
from runtime.values.types import INT_MAX, INT_MIN
from runtime.values.value_types import checked_decimal, checked_duration
from runtime.vm.frame import Frame, Frames, GeneratorFrame, GeneratorIterator, Iterator
from runtime.vm.iterators import ListIterator, SpoolIterator
from runtime.vm.script import Instruction, Script

LARGE: Final = 4096  # characters or bytes from which on a value is kept by itself
REFERENCE: Final = 16  # msgpack's number for "the value kept under this number"

_NUMBER: Final = {name: row.number for name, row in BY_NAME.items()}
_ASK: Final = _NUMBER["ASK"]
_COMMIT: Final = _NUMBER["COMMIT"]
_CALL: Final = _NUMBER["CALL"]
_NEXT: Final = _NUMBER["NEXT"]
_EMIT: Final = _NUMBER["EMIT"]
_EMIT_QUERY: Final = _NUMBER["EMIT_QUERY"]
_ITERATE: Final = _NUMBER["ITERATE"]
_OPEN_CALL: Final = _NUMBER["OPEN_CALL"]
_SPOOLS: Final = frozenset({_NUMBER["OPEN_SPOOL"], _NUMBER["OPEN_QUERY"]})
_PLAIN: Final = frozenset({int, bool, float, type(None), datetime})


class SavedFrame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """registers: of those that the code may still read, in their order, the value, or the number of the iterator."""

    pc: int
    registers: list[Any]


class SavedList(msgspec.Struct, frozen=True, array_like=True, tag=0, forbid_unknown_fields=True):
    opened_at: int
    position: int
    items: Any


class SavedSpool(msgspec.Struct, frozen=True, array_like=True, tag=1, forbid_unknown_fields=True):
    """number: of the spool, among those of the run."""

    opened_at: int
    position: int
    number: int


class SavedGenerator(msgspec.Struct, frozen=True, array_like=True, tag=2, forbid_unknown_fields=True):
    """frame, emitting: numbers of the frame that feeds it and of the rows that it emits, -1 for none."""

    opened_at: int
    frame: int
    emitting: int


class SavedFrames(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """depth: how many of the frames are the stack, the root first; the others are suspended generators'."""

    depth: int
    frames: list[SavedFrame]
    iterators: list[SavedList | SavedSpool | SavedGenerator]


class Reference(NamedTuple):
    """Stands for a value that is kept elsewhere."""

    number: int


class Parts(Protocol):
    """Where what is too large for the frames goes."""

    def value(self, value: Any) -> Any:
        """A list, record, long text or the like, as msgspec can write it."""
        ...

    def spool(self, iterator: SpoolIterator) -> int:
        """The number of its spool, kept from now on."""
        ...


def unpack_value(code: int, data: memoryview) -> Any:
    """The ext_hook of a decoder of saved frames. Raises ValueError or ArithmeticError."""
    if code == REFERENCE:
        return Reference(int(bytes(data)))
    return unpack_ext(code, data)


def reference(number: int) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(REFERENCE, str(number).encode())


def live_registers(script: Script, pc: int) -> tuple[tuple[int, bool, bool], ...]:
    """What the instruction at pc and those after it may read: (register, is it an iterator, is it a counter)."""
    known = script.live.get(pc)
    if known is None:
        script.states = script.states or states(script.module)
        state = max(script.states[pc], 0)  # -1 where no path leads
        known = script.live[pc] = tuple(
            (register, bool(state >> ITERATORS + register & 1), bool(state >> COUNTERS + register & 1))
            for register in range(script.module.registers)
            if state >> register & (1 | 1 << ITERATORS | 1 << COUNTERS)
        )
    return known


# ── saving ─────────────────────────────────────────────────────────────────────────────────────────────────────


def save(stack: Frames, parts: Parts) -> SavedFrames:
    """The stack, where a segment ends. V0601 when it holds what no segment's end can: a savepoint, an open cursor."""
    frames = list(stack)
    saved: list[SavedFrame] = []
    iterators: list[Any] = []
    numbers: dict[int, int] = {}  # of frames, by identity, once there is a generator
    for frame in frames:  # grows while it is walked
        if frame.savepoints:
            raise _unsavable("a `transaction` or `try` is open")
        registers = frame.registers
        kept: list[Any] = []
        for register, is_iterator, _ in live_registers(frame.script, max(frame.pc - 1, 0)):
            value = registers[register]
            kind = type(value)
            if is_iterator:
                kept.append(_save_iterator(value, iterators, frames, numbers, parts))
            elif kind in _PLAIN or (kind is str and len(value) <= LARGE):
                kept.append(value)
            else:
                kept.append(parts.value(value))
        saved.append(SavedFrame(frame.pc, kept))
    return SavedFrames(len(stack), saved, iterators)


def _save_iterator(iterator: Any, iterators: list[Any], frames: Frames, numbers: dict[int, int], parts: Parts) -> int:
    """Its number."""
    number = len(iterators)
    if type(iterator) is ListIterator:
        iterators.append(SavedList(iterator.opened_at, iterator.position, parts.value(iterator.items)))
    elif type(iterator) is SpoolIterator:
        iterators.append(SavedSpool(iterator.opened_at, iterator.position, parts.spool(iterator)))
    elif type(iterator) is GeneratorIterator and iterator.frame is not None:
        frame = iterator.frame
        if not numbers:
            numbers.update((id(each), at) for at, each in enumerate(frames))
        at = numbers.get(id(frame))
        if at is None:
            at = numbers[id(frame)] = len(frames)
            frames.append(frame)
        iterators.append(None)
        emitting = -1
        if iterator.emitting is not None:
            emitting = _save_iterator(iterator.emitting, iterators, frames, numbers, parts)
        iterators[number] = SavedGenerator(iterator.opened_at, at, emitting)
    else:
        raise _unsavable("a loop's rows are still being read")
    return number


def _unsavable(why: str) -> SopError:
    return SopError("V0601", f"the run can't be kept where it is: {why}", "compile the script and its callers again")


# ── restoring ──────────────────────────────────────────────────────────────────────────────────────────────────


class Kept(Protocol):
    """Where what was too large for the frames is."""

    def value(self, number: int) -> Any:
        """The value kept under a number, not checked; SopError V0602 when there is none."""
        ...

    def spool(self, number: int, width: int) -> Spool:
        """The spool kept under a number, of rows of so many fields; SopError V0602 when there is none."""
        ...


def restore(saved: SavedFrames, root: Script, kept: Kept, release: Callable[[Spool, int], None]) -> Frames:
    """The stack that was saved.

    release: what a loop over spooled rows calls when it is over. Raises V0602 for frames that the script can't have
    had, whatever the cause.
    """
    return _Restorer(saved, root, kept, release).stack()


def refuse(why: str) -> NoReturn:
    raise SopError(
        "V0602", f"what is kept of the run is damaged: {why}", "bring the database back from a copy; the run is kept"
    )


class _Restorer:
    def __init__(self, saved: SavedFrames, root: Script, kept: Kept, release: Callable[[Spool, int], None]) -> None:
        self.saved = saved
        self.root = root
        self.kept = kept
        self.release = release
        self.iterators_left = set(range(len(saved.iterators)))
        self.frames_left = set(range(len(saved.frames)))
        # suspended generators: number of the frame, its script, the iterator that it feeds, that iterator's rows
        self.suspended: list[tuple[int, Script, GeneratorIterator, int]] = []

    def stack(self) -> Frames:
        depth = self.saved.depth
        if not 1 <= depth <= len(self.saved.frames):
            refuse("its stack has no frames, or more than there are")
        frames: Frames = [Frame(self.root, [], -1)]
        for number in range(depth):
            op, a, b, c = self.fill(frames[number], number, running=number + 1 if number + 1 < depth else -1)
            if number + 1 == depth:
                if op != _ASK and not (op == _COMMIT and depth == 1):
                    refuse("a segment can't have ended where its top frame is")
            elif op == _CALL:
                frames.append(Frame(c, [], a))
            elif op == _NEXT:
                generator = frames[number].registers[b]
                if type(generator) is not GeneratorIterator or generator.frame is None:  # a list's, or a query's
                    refuse("a frame waits for a generator that does not run")
                frames.append(generator.frame)
            else:
                refuse("a frame waits for no call")
        while self.suspended:
            self.resume(*self.suspended.pop())
        if self.frames_left or self.iterators_left:
            refuse("it holds frames or iterators that belong to nothing")
        return frames

    def fill(self, frame: Frame, number: int, running: int = -1) -> Instruction:
        """Put the saved frame's pc and registers into the frame; the instruction it is suspended in. running: number
        of the frame above it on the stack, which may be that of a generator."""
        self.frames_left.discard(number)
        script, saved = frame.script, self.saved.frames[number]
        if not 1 <= saved.pc <= len(script.code):
            refuse("a frame is outside its code")
        instruction = script.code[saved.pc - 1]
        if instruction[0] not in _SUSPENDING:
            refuse("a frame is where no segment can end")
        live = live_registers(script, saved.pc - 1)
        if len(saved.registers) != len(live):
            refuse("a frame has too many or too few registers")
        params = len(script.module.signature.params)
        registers: list[Any] = [None] * params + script.fresh
        awaited = instruction[2] if instruction[0] == _NEXT else -1
        for (register, is_iterator, is_counter), value in zip(live, saved.registers, strict=True):
            if is_iterator:
                here = running if register == awaited else -1
                registers[register] = self.iterator(value, script, register, here)
            else:
                registers[register] = self.value(value)
                if is_counter and type(registers[register]) is not int:
                    refuse("a loop's counter is no int")
        frame.registers, frame.pc = registers, saved.pc
        return instruction

    def iterator(self, number: Any, script: Script, register: int, running: int) -> Iterator:
        saved = self.taken(number)
        if not 0 <= saved.opened_at < len(script.code):
            refuse("an iterator was opened outside the code")
        op, a, _, operand = script.code[saved.opened_at]
        if a != register:
            refuse("an iterator is in another register than the one it was opened in")
        if type(saved) is SavedList and op == _ITERATE:
            items = self.value(saved.items)
            if type(items) is not list or not 0 <= saved.position <= len(items):
                refuse("a loop is past the end of its list")
            iterator = ListIterator(items, saved.opened_at)
            iterator.position = saved.position
            return iterator
        if type(saved) is SavedSpool and op in _SPOOLS:
            return self.spool(saved, operand.columns)
        if type(saved) is SavedGenerator and op == _OPEN_CALL:
            generator = GeneratorIterator(saved.opened_at)
            generator.frame = GeneratorFrame(operand, [], generator)
            if running >= 0:
                if saved.frame != running or saved.emitting != -1:
                    refuse("a frame waits for another generator than the one that runs")
                return generator
            if saved.frame not in self.frames_left or saved.frame < self.saved.depth:
                refuse("a generator has no frame of its own")
            self.frames_left.discard(saved.frame)
            self.suspended.append((saved.frame, operand, generator, saved.emitting))
            return generator
        refuse("an iterator is of another kind than the code opens")

    def resume(self, number: int, script: Script, generator: GeneratorIterator, emitting: int) -> None:
        """Fill a suspended generator's frame."""
        frame = generator.frame
        assert frame is not None
        op, _, _, operand = self.fill(frame, number)
        if op == _EMIT_QUERY:
            saved = self.taken(emitting)
            if type(saved) is not SavedSpool or saved.opened_at != frame.pc - 1:
                refuse("a generator emits rows that it did not read")
            generator.emitting = self.spool(saved, operand.columns)
        elif op != _EMIT or emitting != -1:
            refuse("a generator is suspended where it emits nothing")

    def spool(self, saved: SavedSpool, names: tuple[str, ...]) -> SpoolIterator:
        if not 0 <= saved.position <= INT_MAX:
            refuse("a loop is before its first row")
        rows = self.kept.spool(saved.number, len(names))
        return SpoolIterator(rows, names, 0, self.release, saved.opened_at, saved.position)

    def taken(self, number: Any) -> SavedList | SavedSpool | SavedGenerator:
        if type(number) is not int or number not in self.iterators_left:
            refuse("an iterator is not there, or has two places")
        self.iterators_left.discard(number)
        return self.saved.iterators[number]

    def value(self, value: Any) -> Any:
        if type(value) is Reference:
            value = self.kept.value(value.number)
        check_value(value)
        return value


_SUSPENDING: Final = frozenset({_ASK, _COMMIT, _CALL, _NEXT, _EMIT, _EMIT_QUERY})


def check_value(root: Any) -> None:
    """V0602 for what is no value of the language."""
    pending = [root]
    while pending:
        value = pending.pop()
        kind = type(value)
        if kind is list:
            pending += value
        elif kind is dict:
            if not all(type(name) is str for name in value):
                refuse("a record has a field without a name")
            pending += value.values()
        elif not _is_scalar(value, kind):
            refuse(f"it holds a {kind.__name__} that no variable can")


def _is_scalar(value: Any, kind: type) -> bool:
    if kind is int:
        return INT_MIN <= int(value) <= INT_MAX
    if kind is float:
        return isfinite(value)
    if kind is datetime:
        return bool(value.tzinfo is UTC or value.utcoffset() == timedelta(0))
    try:
        if kind is Decimal:
            return bool(value.is_finite() and -400 < value.adjusted() < 400 and checked_decimal(value) == value)
        if kind is timedelta:
            return bool(checked_duration(value) == value)
    except SopError:
        return False
    return value is None or kind in (bool, str, date)
