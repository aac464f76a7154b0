"""Bytecode → VM → JSON lines: everything needed to run a compiled script, and nothing of the compiler.

`open` and the names in `__all__` are the public API (API.md); every other name is private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.config import MAIN, Config
    from runtime.connect import connect_to_load, connector
    from runtime.embedding import Library, RunError, Waiting, open
    from runtime.error_codes import find_code, near_codes
    from runtime.errors import DatabaseError, Error, UsageError
    from runtime.results import Result
    from runtime.vm.output import Question

__all__ = (
    "MAIN",
    "Config",
    "DatabaseError",
    "Error",
    "Library",
    "Question",
    "Result",
    "RunError",
    "UsageError",
    "Waiting",
    "connect_to_load",
    "connector",
    "find_code",
    "near_codes",
    "open",
)
__getattr__ = lazy(
    __name__,
    MAIN="runtime.config",
    Config="runtime.config",
    DatabaseError="runtime.errors",
    Error="runtime.errors",
    Library="runtime.embedding",
    Question="runtime.vm.output",
    Result="runtime.results",
    RunError="runtime.embedding",
    UsageError="runtime.errors",
    Waiting="runtime.embedding",
    connect_to_load="runtime.connect",
    connector="runtime.connect",
    find_code="runtime.error_codes",
    near_codes="runtime.error_codes",
    open="runtime.embedding",
)
