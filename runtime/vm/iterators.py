"""Iterators in registers: over a list, a query's rows, spooled rows; and copies of whole frames."""

from __future__ import annotations

from collections.abc import Iterator as PythonIterator
from copy import copy
from itertools import chain
from typing import Any, TypeVar

from runtime.databases.protocol import Spool
from runtime.errors import SopError
from runtime.values.batches import Row
from runtime.vm.frame import END, Frame, Frames, GeneratorFrame, GeneratorIterator, Iterator, iterators_of

AnyIterator = TypeVar("AnyIterator", bound="Iterator")


class ListIterator(Iterator):
    """Items of a list as it was when the loop began (lists are never changed in place while something holds them)."""

    __slots__ = ("items", "position")

    def __init__(self, items: list[Any], opened_at: int) -> None:
        self.items = items
        self.position = 0
        self.opened_at = opened_at

    def advance(self) -> Any:
        position = self.position
        if position >= len(self.items):
            return END
        self.position = position + 1
        return self.items[position]

    def copy(self) -> ListIterator:
        other = ListIterator(self.items, self.opened_at)
        other.position = self.position
        return other


class RowIterator(Iterator):
    """Records of a query, streamed from the engine's cursor."""

    __slots__ = ("batches", "names", "rows")

    def __init__(self, batches: PythonIterator[list[Row]], names: tuple[str, ...], opened_at: int) -> None:
        self.batches = batches
        self.rows: PythonIterator[Row] = chain.from_iterable(batches)
        self.names = names
        self.opened_at = opened_at

    def advance(self) -> Any:
        for row in self.rows:
            return dict(zip(self.names, row, strict=True))
        return END

    def close(self) -> None:
        self.rows = iter(())
        close = getattr(self.batches, "close", None)
        if close is not None:
            close()

    def copy(self) -> RowIterator:
        raise SopError(
            "V0207",
            "the segment ends inside a loop whose rows are streamed",
            "compile the script and its callers again",
        )


class SpoolIterator(Iterator):
    """Records of spooled rows. Its position is a row number, so it survives the end of the segment.

    release: called once with the spool when the loop is over.
    """

    __slots__ = ("batches", "names", "position", "release", "rows", "segment", "spool")

    def __init__(
        self, spool: Spool, names: tuple[str, ...], segment: int, release: Any, opened_at: int, position: int = 0
    ) -> None:
        self.spool = spool
        self.names = names
        self.segment = segment
        self.release = release
        self.opened_at = opened_at
        self.position = position
        self.batches: PythonIterator[list[Row]] | None = None
        self.rows: PythonIterator[Row] = iter(())

    def advance(self) -> Any:
        while True:
            for row in self.rows:
                self.position += 1
                return dict(zip(self.names, row, strict=True))
            if self.batches is None:
                self.batches = self.spool.batches(self.position)
            batch = next(self.batches, None)
            if batch is None:
                return END
            self.rows = iter(batch)

    def pause(self) -> None:
        """Close the cursor; `advance` opens another after the rows at hand."""
        batches, self.batches = self.batches, None
        close = getattr(batches, "close", None)
        if close is not None:
            close()

    def close(self) -> None:
        self.pause()
        self.rows = iter(())
        release, self.release = self.release, None
        if release is not None:
            release(self.spool, self.segment)

    def copy(self) -> SpoolIterator:
        self.pause()
        twin = SpoolIterator(self.spool, self.names, self.segment, self.release, self.opened_at, self.position)
        twin.rows = copy(self.rows)  # of the same batch: a loop that commits each time round reads it once
        return twin


def close_iterators(frame: Frame) -> None:
    for iterator in iterators_of(frame):
        iterator.close()


def close_opened(frame: Frame, start: int, end: int) -> None:
    """Close the iterators that instructions from pc start to before end made, and take them out of the frame."""
    for register, value in enumerate(frame.registers if frame.script.iterates else ()):
        if isinstance(value, Iterator) and start <= value.opened_at < end:
            value.close()
            frame.registers[register] = None


def copy_frames(frames: Frames) -> Frames:
    """Independent frames in the same state: the machine goes back to them when a segment has to be run again.

    Values are shared, as they are never changed in place while two hold them.
    """
    return _Copier().copy(frames)


class _Copier:
    """Copies without recursion: frames hold iterators, and generators' iterators hold frames, as deep as calls nest."""

    def __init__(self) -> None:
        self.copies: dict[int, Iterator] = {}
        self.left: list[tuple[GeneratorIterator, GeneratorIterator]] = []

    def copy(self, frames: Frames) -> Frames:
        twins = {id(frame): self.frame(frame) for frame in frames}
        while self.left:
            original, twin = self.left.pop()
            if original.frame is not None:
                running = twins.get(id(original.frame))
                twin.frame = running if running is not None else self.frame(original.frame)
            if original.emitting is not None:
                twin.emitting = self.iterator(original.emitting)
        return list(twins.values())

    def frame(self, frame: Frame) -> Frame:
        registers = frame.registers[:]
        for index, value in enumerate(registers if frame.script.iterates else ()):
            if isinstance(value, Iterator):
                registers[index] = self.iterator(value)
        twin: Frame
        if frame.generator is not None:
            twin = GeneratorFrame(frame.script, registers, self.iterator(frame.generator))
        else:
            twin = Frame(frame.script, registers, frame.target)
        twin.pc, twin.savepoints = frame.pc, frame.savepoints
        return twin

    def iterator(self, iterator: AnyIterator) -> AnyIterator:
        twin = self.copies.get(id(iterator))
        if twin is None:
            if isinstance(iterator, GeneratorIterator):
                twin = GeneratorIterator(iterator.opened_at)
                self.left.append((iterator, twin))
            else:
                twin = iterator.copy()
            self.copies[id(iterator)] = twin
        return twin  # type: ignore[return-value]  # a copy is of its original's class
