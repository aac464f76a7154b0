"""The table of instructions' meanings by opcode number, which handlers.py and operations.py fill.

A handler is given the machine, the top frame (its pc already past the instruction) and the prepared operands; True
says that the pc moved or another frame is on top.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runtime.bytecode.opcodes import BY_NAME
from runtime.errors import SopError
from runtime.vm.frame import Frame

Handler = Callable[[Any, Frame, Any, Any, Any], bool | None]
"""The machine comes first. It is not named here, as it reads this table."""


def no_such_instruction(machine: Any, frame: Frame, a: Any, b: Any, c: Any) -> bool | None:
    raise SopError("V0206", "the module holds an unknown instruction", "compile the script again")


HANDLERS: Final[list[Handler]] = [no_such_instruction] * 256


def handles(name: str) -> Callable[[Handler], Handler]:
    """Put the decorated function in the table."""

    def register(handler: Handler) -> Handler:
        HANDLERS[BY_NAME[name].number] = handler
        return handler

    return register
