"""Compiled scripts as data: the opcode table, the module, its codec, verifier and disassembler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.bytecode.disasm import disassemble
    from runtime.bytecode.module import Effects, Module

__all__ = (
    "Effects",
    "Module",
    "disassemble",
)
__getattr__ = lazy(
    __name__,
    Effects="runtime.bytecode.module",
    Module="runtime.bytecode.module",
    disassemble="runtime.bytecode.disasm",
)
