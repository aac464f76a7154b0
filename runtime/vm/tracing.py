"""The next instruction of a machine → a trace line with the values it reads, and assertions on its operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from runtime.bytecode.disasm import format_instruction
from runtime.bytecode.opcodes import BY_NUMBER
from runtime.values.conversion import to_text
from runtime.vm.frame import Frame, Iterator
from runtime.vm.machine import Machine

MAX_SHOWN = 40


class Tracing:
    """Called before every instruction. stream: where lines go; None to check only (SOP_DEBUG=1). hide: takes secrets
    out of a text."""

    def __init__(self, stream: TextIO | None, hide: Callable[[str], str] = str) -> None:
        self._hide = hide
        self._stream = stream
        self._texts: dict[tuple[str, int], str] = {}

    def __call__(self, machine: Machine, frame: Frame) -> None:
        script, pc = frame.script, frame.pc
        values = check_operands(frame)
        if self._stream is None:
            return
        text = self._texts.get((script.name, pc))
        if text is None:
            text = self._texts[script.name, pc] = format_instruction(script.module, pc)
        shown = "  # " + self._hide(", ".join(map(_short, values))) if values else ""
        place = f"{'  ' * min(len(machine.stack) - 1, 20)}{script.name} {script.path_at(pc)}"
        print(f"{place:<24} {pc:>5}  {text}{shown}", file=self._stream)


def check_operands(frame: Frame) -> list[Any]:
    """Return the values of the registers that the next instruction reads. AssertionError for an invalid operand."""
    script, registers = frame.script, frame.registers
    assert 0 <= frame.pc < len(script.code), f"{script.name} has no instruction {frame.pc}"
    assert len(registers) == script.module.registers + len(script.module.constants)
    op, *operands = script.code[frame.pc]
    row = BY_NUMBER[op]
    read = []
    for place, kind in enumerate(row.operands):
        operand = operands[1 if row.format == "AX" else place]
        if kind in ("r", "k", "rw"):
            value = registers[operand]
            assert not isinstance(value, Iterator), f"{row.name} at {frame.pc} reads an iterator as a value"
            read.append(value)
        elif kind == "i":
            assert isinstance(registers[operand], Iterator), f"{row.name} at {frame.pc} finds no iterator"
        elif kind == "s":
            window = slice(operand, operand + 1) if isinstance(operand, int) else operand
            assert window.stop <= script.module.registers, f"{row.name} at {frame.pc} reads past the registers"
            read += registers[window]
        elif kind == "w":
            assert 0 <= operand < script.module.registers, f"{row.name} at {frame.pc} writes past the registers"
        elif kind == "jump":
            assert 0 <= operand < len(script.code), f"{row.name} at {frame.pc} jumps out of the code"
    return read


def _short(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else to_text(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
