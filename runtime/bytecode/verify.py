"""Module → nothing, or an error: the checks that every module passes before it runs.

A verified module can't read a register before it is assigned, jump anywhere but to an instruction, see an iterator as
a value, leave a savepoint open, name anything that is not in its tables, or do what its effects do not declare; its
queries and writes hold together by their types (query_check.py).
Types of values in registers are the machine's concern: each instruction checks its operands.
"""

from __future__ import annotations

from runtime.bytecode.flow import check_code
from runtime.bytecode.module import Module
from runtime.bytecode.tables import check_tables


def verify(module: Module) -> None:
    """Raises SopError L0205 (the code) or L0206 (the tables). Takes time in proportion to the module's size."""
    check_tables(module)
    check_code(module)
