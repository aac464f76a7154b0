"""Emitted instructions → basic blocks in layout order, with symbolic operands and jumps.

A block runs its instructions and continues at `next`; its last instruction may jump to a `target` instead. Blocks hold
no JUMP and LOOP words: the assembler adds one where `next` is not the following block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from runtime.bytecode.module import AskSite, Call, Fetch, Function, Lift
from runtime.query.algebra import Write
from runtime.values.constants import Const
from runtime.values.types import Type
from sopc.source import Span

Value = Const | tuple[str, ...] | Type | Function | Call | Fetch | Write | AskSite | Lift


@dataclass(frozen=True)
class Entry:
    """An operand that stands for an entry of a module table; the assembler turns it into an index."""

    value: Value


Operand = int | Entry


@dataclass(frozen=True)
class Origin:
    """The origin of an instruction. step: its number in the script. span: of the expression."""

    step: int
    span: Span | None


@dataclass(eq=False)
class Region:
    """The body of a `try`.

    An error in its blocks jumps to `handler`, with the error record in `register` and `savepoints` savepoints open.
    """

    handler: Block
    register: int
    savepoints: int
    outer: Region | None

    @property
    def depth(self) -> int:
        return 1 + (self.outer.depth if self.outer is not None else 0)


@dataclass(eq=False)
class Instruction:
    """An instruction with symbolic operands.

    operands: in the order of the opcode table, without unused ones and without the jump. target: of its jump. total:
    no operand can be null, so the opposite comparison is true exactly when this one is false.
    """

    name: str
    operands: tuple[Operand, ...]
    origin: Origin
    target: Block | None = None
    total: bool = False


@dataclass(eq=False)
class Block:
    """A basic block. region: the innermost `try` body around it. end: the origin of the jump at its end."""

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
        """Ends the block with an instruction that continues at target or next."""
        self._current.instructions.append(Instruction(name, operands, self.origin, target, total))
        self.jump(next)

    def leave(self, name: str, *operands: Operand) -> None:
        """Ends the block with an instruction that leaves the script."""
        self.emit(name, *operands)
        self._fresh()

    def jump(self, target: Block) -> None:
        """Ends the block with a jump; instructions emitted before the next `place` are unreachable."""
        self._current.next = target
        self._current.end = self.origin
        self._fresh()

    def place(self, block: Block) -> None:
        """Appends the block to the layout, and emits into it from now on."""
        block.region = self.region
        (self.cold if self._into_cold else self.blocks).append(block)
        self._current = block

    def fall_into(self, block: Block) -> None:
        """Ends the current block, and places the one at which it continues."""
        self.jump(block)
        self.place(block)

    def enter(self, region: Region | None) -> None:
        """Starts a block in another region (None: outside any `try`)."""
        block = Block()
        self.jump(block)
        self.region = region
        self.place(block)

    @contextmanager
    def at(self, span: Span | None) -> Iterator[None]:
        """Gives instructions emitted inside the `with` block this span as their origin."""
        before = self.origin
        if span is not None:
            self.origin = Origin(before.step, span)
        yield
        self.origin = before

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Lays out blocks placed inside the `with` block after all others, so that the usual path has no jumps.

        Code in a `try` keeps its place, since its handler must come after all of it.
        """
        before = self._into_cold
        self._into_cold = self.region is None
        yield
        self._into_cold = before

    def layout(self) -> list[Block]:
        return self.blocks + self.cold

    def _fresh(self) -> None:
        self.place(Block())
