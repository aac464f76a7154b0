"""Blocks → code words, the tables that they index, exception handlers and positions.

A jump forward becomes JUMP, a jump back LOOP; a test is followed by the JUMP that it needs. A constant whose index does
not fit an 8-bit operand is loaded into a spare register first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from runtime.bytecode.decode import join
from runtime.bytecode.flow import MAX_HANDLERS, MAX_WORDS
from runtime.bytecode.module import AskSite, Call, Fetch, Function, Handler, Lift
from runtime.bytecode.opcodes import BY_NAME, Opcode
from runtime.query.algebra import Write
from runtime.values.constants import Const
from runtime.values.types import Type
from sopc.codegen.blocks import Block, Entry, Instruction, Operand, Origin, Region, Value
from sopc.codegen.limits import CODE_TOO_LONG, Limit, too_many
from sopc.codegen.registers import TEMPORARIES
from sopc.source import Span

BYTE: Final = 256
_TABLES: Final = {
    "shape": ("shapes", "record shapes"),
    "type": ("types", "types"),
    "func": ("functions", "functions"),
    "call": ("calls", "called scripts"),
    "query": ("queries", "queries"),
    "write": ("writes", "writes"),
    "ask": ("asks", "questions"),
    "lift": ("lifts", "loops that are one statement"),
}


@dataclass
class Tables:
    """The tables of a module, each entry once, in order of first use (constants: as `order_constants` says)."""

    constants: list[Const] = field(default_factory=list)
    shapes: list[tuple[str, ...]] = field(default_factory=list)
    types: list[Type] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    queries: list[Fetch] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    asks: list[AskSite] = field(default_factory=list)
    lifts: list[Lift] = field(default_factory=list)


@dataclass
class Assembly:
    """The assembled script. registers: how many a frame needs. origins: of each word."""

    code: bytes
    registers: int
    tables: Tables
    handlers: tuple[Handler, ...]
    origins: list[Origin]


@dataclass(eq=False)
class Word:
    """One code word. operands: without unused ones and without the jump, which is still symbolic."""

    row: Opcode
    operands: tuple[int, ...]
    origin: Origin
    target: Block | None = None


def assemble(blocks: Sequence[Block], variables: int, temporaries: int) -> Assembly:
    """Assemble the blocks of one script.

    Args:
        blocks: In layout order, all reachable.
        variables: The number of registers for variables.
        temporaries: The number of registers for temporaries.

    Raises:
        Limit: The script needs more registers, words or table entries than the format allows.
    """
    instructions = [instruction for block in blocks for instruction in block.instructions]
    registers = max(variables + temporaries, 1)
    constants = order_constants(instructions, registers)
    spare = registers
    if len(constants) > BYTE - registers:
        registers += 2
    assembler = _Assembler(constants, registers, variables, spare)
    assembler.add(blocks)
    return assembler.finish(blocks)


def order_constants(instructions: Iterable[Instruction], registers: int) -> list[Const]:
    """Order constants by use, the most used first; field names come first if 8 bits can't address all constants."""
    uses: Counter[tuple[str, str, Const]] = Counter()
    names: set[tuple[str, str, Const]] = set()
    for instruction in instructions:
        row = BY_NAME[instruction.name]
        for kind, operand in paired(row, instruction.operands):
            if isinstance(operand, Entry) and isinstance(operand.value, Const):
                key = _key(operand.value)
                uses[key] += 1
                if kind == "const" and row.format == "ABC":
                    names.add(key)
    if len(names) > BYTE:
        raise Limit(too_many("field names", BYTE))
    keys = [key for key, _ in uses.most_common()]
    if len(keys) > BYTE - registers:
        keys.sort(key=lambda key: key not in names)
    return [const for _, _, const in keys]


def paired(row: Opcode, operands: tuple[Operand, ...]) -> Iterator[tuple[str, Operand]]:
    """Pairs the operands of an instruction with their kinds."""
    return zip((kind for kind in row.operands if kind not in ("-", "jump")), operands, strict=True)


def _key(const: Const) -> tuple[str, str, Const]:
    """A key that differs for values that Python considers equal: 1, 1.0 and true; 0.0 and -0.0."""
    return type(const.value).__name__, repr(const.value), const


class _Assembler:
    def __init__(self, constants: list[Const], registers: int, variables: int, spare: int) -> None:
        self.tables = Tables(constants=constants)
        self.registers = registers
        self.variables = variables
        self.spare = spare
        self.words: list[Word] = []
        self.starts: dict[Block, int] = {}
        self.numbers: dict[str, dict[Value, int]] = {kind: {} for kind in _TABLES}
        self.constants = {_key(const): number for number, const in enumerate(constants)}

    def add(self, blocks: Sequence[Block]) -> None:
        order = {block: number for number, block in enumerate(blocks)}
        for number, block in enumerate(blocks):
            self.starts[block] = len(self.words)
            for instruction in block.instructions:
                self.add_instruction(instruction)
            if block.next is not None and order[block.next] != number + 1:
                row = BY_NAME["JUMP" if order[block.next] > number else "LOOP"]
                origin = block.end or Origin(0, None)
                self.words.append(Word(row, (), origin, block.next))
        if len(self.words) > MAX_WORDS:
            raise Limit(CODE_TOO_LONG)

    def add_instruction(self, instruction: Instruction) -> None:
        row, origin = BY_NAME[instruction.name], instruction.origin
        operands: list[int] = []
        spare = self.spare
        for kind, operand in paired(row, instruction.operands):
            if isinstance(operand, Entry) and kind == "k":
                index = self.registers + self.constant(operand)
                if index >= BYTE:
                    self.words.append(Word(BY_NAME["LOAD"], (spare, index - self.registers), origin))
                    index, spare = spare, spare + 1
                operand = index
            operands.append(self.number(kind, operand, origin.span))
        if row.flow == "test":
            self.words.append(Word(row, tuple(operands), origin))
            self.words.append(Word(BY_NAME["JUMP"], (), origin, instruction.target))
        else:
            self.words.append(Word(row, tuple(operands), origin, instruction.target))

    def number(self, kind: str, operand: Operand, span: Span | None) -> int:
        """The operand as a number; a new table entry is added, and stands as its index."""
        if not isinstance(operand, Entry):
            return operand if operand < TEMPORARIES else operand - TEMPORARIES + self.variables
        if isinstance(operand.value, Const):
            return self.constant(operand)
        attribute, plural = _TABLES[kind]
        known = self.numbers[kind]
        if operand.value not in known:
            if len(known) == BYTE:
                raise Limit(too_many(plural, BYTE), span)
            known[operand.value] = len(known)
            getattr(self.tables, attribute).append(operand.value)
        return known[operand.value]

    def constant(self, entry: Entry) -> int:
        assert isinstance(entry.value, Const)
        return self.constants[_key(entry.value)]

    def finish(self, blocks: Sequence[Block]) -> Assembly:
        code = bytearray()
        for pc, word in enumerate(self.words):
            given = iter(word.operands)
            fixed = {"-": 0, "jump": 0 if word.target is None else self.starts[word.target]}
            operands = [fixed[kind] if kind in fixed else next(given) for kind in word.row.operands]
            try:
                number = join(word.row, pc, operands)
            except OverflowError as error:
                raise Limit(CODE_TOO_LONG, word.origin.span) from error
            code += number.to_bytes(4, "little")
        handlers = self.handlers(blocks)
        if len(handlers) > MAX_HANDLERS:
            raise Limit(too_many("errors to handle", MAX_HANDLERS))
        return Assembly(bytes(code), self.registers, self.tables, handlers, [word.origin for word in self.words])

    def handlers(self, blocks: Sequence[Block]) -> tuple[Handler, ...]:
        """One handler for each contiguous range of words that a `try` protects, inner ones first."""
        runs: dict[Region, list[tuple[int, int]]] = {}
        for number, block in enumerate(blocks):
            start = self.starts[block]
            end = self.starts[blocks[number + 1]] if number + 1 < len(blocks) else len(self.words)
            region = block.region
            while region is not None and start < end:
                known = runs.setdefault(region, [])
                if known and known[-1][1] == start:
                    known[-1] = known[-1][0], end
                else:
                    known.append((start, end))
                region = region.outer
        entries = [
            (region.depth, start, end, region)
            for region, known in runs.items()
            if region.handler in self.starts
            for start, end in known
        ]
        entries.sort(key=lambda entry: (-entry[0], entry[1]))
        return tuple(
            Handler(start, end, self.starts[region.handler], region.register, region.savepoints)
            for _, start, end, region in entries
        )
