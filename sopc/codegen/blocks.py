"""Instructions as they are made → basic blocks in layout order, with symbolic operands and jumps.

A block runs its instructions and then goes on to `next`; its last instruction may go to a `target` instead. JUMP and
LOOP words do not exist here: the assembler adds one wherever `next` is not the block that follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runtime.bytecode.module import Ask, Call, Fetch, Function
from runtime.query.algebra import Write
from runtime.values.constants import Const
from runtime.values.types import Type
from sopc.source import Span

Value = Const | tuple[str, ...] | Type | Function | Call | Fetch | Write | Ask


@dataclass(frozen=True)
class Entry:
    """An operand that names an entry of one of the module's tables, numbered by the assembler."""

    value: Value


Operand = int | Entry


@dataclass(frozen=True)
class Origin:
    """What an instruction comes from: the number of its step in the script, and the expression's span."""

    step: int
    span: Span | None


@dataclass(eq=False)
class Region:
    """The body of a `try`: errors in its blocks go to `handler`, with `savepoints` left open and the error in
    `register`."""

    handler: Block
    register: int
    savepoints: int
    outer: Region | None

    @property
    def depth(self) -> int:
        return 1 + (self.outer.depth if self.outer is not None else 0)


@dataclass(eq=False)
class Instruction:
    """operands: in the opcode row's order, without unused ones and the jump. target: where its jump leads. total: no
    operand can be null, so the opposite comparison holds exactly when this one does not."""

    name: str
    operands: tuple[Operand, ...]
    origin: Origin
    target: Block | None = None
    total: bool = False


@dataclass(eq=False)
class Block:
    """region: the innermost `try` body it is in. end: what the jump at its end comes from."""

    instructions: list[Instruction] = field(default_factory=list)
    next: Block | None = None
    region: Region | None = None
    end: Origin | None = None


class CodeBuilder:
    """Collects the blocks of one script."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.cold: list[Block] = []
        self.region: Region | None = None
        self.origin = Origin(0, None)
        self._into_cold = False
        self._current = Block()
        self.place(self._current)

    def emit(self, name: str, *operands: Operand) -> None:
        self._current.instructions.append(Instruction(name, operands, self.origin))

    def branch(self, name: str, *operands: Operand, target: Block, next: Block, total: bool = False) -> None:
        """Ends the block with an instruction that goes to target or on to next."""
        self._current.instructions.append(Instruction(name, operands, self.origin, target, total))
        self.jump(next)

    def leave(self, name: str, *operands: Operand) -> None:
        """Ends the block with an instruction that leaves the script."""
        self.emit(name, *operands)
        self._fresh()

    def jump(self, target: Block) -> None:
        """Ends the block; what is emitted before the next `place` can't be reached."""
        self._current.next = target
        self._current.end = self.origin
        self._fresh()

    def place(self, block: Block) -> None:
        """Goes on in the block, here in the layout."""
        block.region = self.region
        (self.cold if self._into_cold else self.blocks).append(block)
        self._current = block

    def fall_into(self, block: Block) -> None:
        """Ends the block by going on in another, placed here."""
        self.jump(block)
        self.place(block)

    def enter(self, region: Region | None) -> None:
        """What comes next is in the region (None: in no `try`)."""
        block = Block()
        self.jump(block)
        self.region = region
        self.place(block)

    @contextmanager
    def at(self, span: Span | None) -> Iterator[None]:
        """Instructions emitted inside come from this expression."""
        before = self.origin
        if span is not None:
            self.origin = Origin(before.step, span)
        yield
        self.origin = before

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is placed inside is laid out after everything else, so that the usual path runs straight on. Code in
        a `try` stays where it is: its handler must come after all of it."""
        before = self._into_cold
        self._into_cold = self.region is None
        yield
        self._into_cold = before

    def layout(self) -> list[Block]:
        return self.blocks + self.cold

    def _fresh(self) -> None:
        self.place(Block())
