"""A call in progress as plain, mutable data: a frame and its iterators. A generator is a frame and an iterator."""

from __future__ import annotations

from typing import Any, Final

from runtime.vm.script import Script

Frames = list["Frame"]
END: Final = object()


class Iterator:
    """opened_at: pc of the instruction that made it, so that an error leaving a `try` body closes what it opened."""

    __slots__ = ("opened_at",)
    opened_at: int

    def advance(self) -> Any:
        """The next item, or END; never called on a GeneratorIterator, which the machine runs itself."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what it holds; a second time does nothing."""

    def copy(self) -> Iterator:
        """An independent one at the same position, made where a segment ends (so open cursors are closed)."""
        raise NotImplementedError


class Frame:
    """One call under way. pc: of the next instruction. registers: the script's, with its constants behind them.

    target: the caller's register for the result, -1 when there is none. savepoints: how many this frame has open.
    """

    __slots__ = ("pc", "registers", "savepoints", "script", "target")
    generator: GeneratorIterator | None = None

    def __init__(self, script: Script, registers: list[Any], target: int) -> None:
        self.script = script
        self.registers = registers
        self.pc = 0
        self.target = target
        self.savepoints = 0


class GeneratorFrame(Frame):
    """A call whose records a loop consumes. generator: the iterator it feeds."""

    __slots__ = ("generator",)

    def __init__(self, script: Script, registers: list[Any], generator: GeneratorIterator) -> None:
        super().__init__(script, registers, -1)
        self.generator: GeneratorIterator = generator


class GeneratorIterator(Iterator):
    """What a called script emits. frame: the call, suspended after each record; None once it is over. emitting: the
    rows of an `emit` of a query that it is in the middle of."""

    __slots__ = ("emitting", "frame")

    def __init__(self, opened_at: int) -> None:
        self.opened_at = opened_at
        self.frame: Frame | None = None
        self.emitting: Iterator | None = None

    def close(self) -> None:
        pending = [self]
        while pending:  # generators nest as deep as calls do
            generator = pending.pop()
            frame, emitting = generator.frame, generator.emitting
            generator.frame = generator.emitting = None
            if emitting is not None:
                emitting.close()
            if frame is not None:
                for iterator in iterators_of(frame):
                    if isinstance(iterator, GeneratorIterator):
                        pending.append(iterator)
                    else:
                        iterator.close()


def iterators_of(frame: Frame) -> list[Iterator]:
    """Iterators that the frame's registers hold."""
    if not frame.script.iterates:
        return []
    return [value for value in frame.registers if isinstance(value, Iterator)]
