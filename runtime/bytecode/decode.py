"""Code words → (op, a, b, c) tuples with jump targets made absolute, as the machine, the verifier and listings read
them."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER, Opcode

Instruction = tuple[int, int, int, int]

_FORMATS = {number: row.format for number, row in BY_NUMBER.items()}
_JUMPS = frozenset(number for number, row in BY_NUMBER.items() if "jump" in row.operands)
_TESTS = frozenset(number for number, row in BY_NUMBER.items() if row.flow == "test")


def words(code: bytes) -> tuple[int, ...]:
    """The code's little-endian 32-bit words; a ragged end is dropped (the verifier refuses it)."""
    return tuple(int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code) - 3, 4))


def split(word: int, pc: int) -> Instruction:
    """One word at pc → (op, a, b, c). Format ABC: the operands as they are. ABX: b is X and c is 0. AX: b is X and
    a and c are 0. X of a row with a jump operand is the absolute target (maybe out of range: see verify.py).
    An unknown op comes out as if ABC."""
    op = word & 0xFF
    form = _FORMATS.get(op, "ABC")
    if form == "ABC":
        return op, word >> 8 & 0xFF, word >> 16 & 0xFF, word >> 24
    if form == "ABX":
        x = word >> 16
        if op in _JUMPS:
            x = pc + 1 + (x - 0x10000 if x & 0x8000 else x)
        return op, word >> 8 & 0xFF, x, 0
    x = word >> 8
    if op in _JUMPS:
        x = pc + 1 + (x - 0x1000000 if x & 0x800000 else x)
    return op, 0, x, 0


def join(op: Opcode, pc: int, operands: Sequence[int]) -> int:
    """The word of an instruction at pc; operands in the row's order, jumps as absolute targets. The inverse of
    `split`. Raises OverflowError when an operand does not fit its bits."""
    values = [value - pc - 1 if kind == "jump" else value for kind, value in zip(op.operands, operands, strict=True)]
    if op.format == "ABC":
        fields = [(values[0], 8, False), (values[1], 8, False), (values[2], 8, False)]
    elif op.format == "ABX":
        fields = [(values[0], 8, False), (values[1], 16, op.operands[1] == "jump")]
    else:
        fields = [(values[0], 24, op.operands[0] == "jump")]
    word, shift = op.number, 8
    for value, bits, signed in fields:
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        if not low <= value <= high:
            raise OverflowError(f"operand {value} of {op.name} does not fit {bits} bits")
        word |= (value & (1 << bits) - 1) << shift
        shift += bits
    return word


def instructions(module: Module) -> list[Instruction]:
    """(op, a, b, c) per word of a verified module, as `split` gives them, and in a word with flow `test` (TEST_*,
    NEXT) c is the absolute target of the JUMP word after it, which is listed too but never run."""
    result = [split(word, pc) for pc, word in enumerate(words(module.code))]
    for pc, (op, a, b, _) in enumerate(result):
        if op in _TESTS:
            result[pc] = op, a, b, result[pc + 1][2]
    return result
