"""Listing text ↔ code, for code that tests write by hand.

One instruction a line, `NAME operand …`, with unused operands left out; `name:` on a line of its own is a label and
`#` starts a comment. Operands: `R3` a register, `K0` a constant, `@name` or `@12` a jump's target, a plain number
anything else.
"""

from __future__ import annotations

from runtime.bytecode.decode import join, split, words
from runtime.bytecode.flow import operands_of
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NAME, BY_NUMBER, Opcode


def listing(module: Module) -> str:
    """The code alone, one instruction a line, as `assemble` reads it."""
    lines = []
    for pc, word in enumerate(words(module.code)):
        op, a, b, c = split(word, pc)
        row = BY_NUMBER[op]
        parts = [row.name]
        for kind, value in zip(row.operands, operands_of(row, a, b, c), strict=True):
            if kind in ("r", "w", "rw", "i", "s", "range") or (kind == "k" and value < module.registers):
                parts.append(f"R{value}")
            elif kind == "k":
                parts.append(f"K{value - module.registers}")
            elif kind != "-":
                parts.append({"const": "K", "jump": "@"}.get(kind, "") + str(value))
        lines.append(" ".join(parts))
    return "\n".join(lines)


def assemble(text: str, registers: int) -> bytes:
    """Translate a listing to code words.

    Args:
        text: One instruction a line, as `listing` writes it.
        registers: The function's register count. Constant `K0` gets this number.

    Returns:
        Little-endian 32-bit words.

    Raises:
        ValueError: The text is not a listing. Operands are checked only to fit their bits.
    """
    lines: list[list[str]] = []
    labels: dict[str, int] = {}
    for line in text.splitlines():
        parts = line.partition("#")[0].split()
        if len(parts) == 1 and parts[0].endswith(":"):
            labels[parts[0][:-1]] = len(lines)
        elif parts:
            lines.append(parts)
    code = bytearray()
    for pc, (name, *operands) in enumerate(lines):
        row = BY_NAME.get(name)
        if row is None:
            raise ValueError(f"there is no instruction {name}")
        try:
            code += join(row, pc, _operands(row, operands, registers, labels)).to_bytes(4, "little")
        except (OverflowError, KeyError) as error:
            raise ValueError(f"{' '.join([name, *operands])}: {error}") from error
    return bytes(code)


def _operands(row: Opcode, written: list[str], registers: int, labels: dict[str, int]) -> list[int]:
    kinds = [kind for kind in row.operands if kind != "-"]
    if len(kinds) != len(written):
        raise ValueError(f"{row.name} has {len(kinds)} operands, not {len(written)}")
    values = iter(_operand(kind, text, registers, labels) for kind, text in zip(kinds, written, strict=True))
    return [0 if kind == "-" else next(values) for kind in row.operands]


def _operand(kind: str, text: str, registers: int, labels: dict[str, int]) -> int:
    if text.startswith("@"):
        return int(text[1:]) if text[1:].isdigit() else labels[text[1:]]
    if text.startswith("K"):
        return int(text[1:]) + (registers if kind == "k" else 0)
    return int(text.removeprefix("R"))
