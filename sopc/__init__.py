"""English → DSL → tree → bytecode: everything the runtime does not need.

The names in `__all__` are the public API (API.md). Inside this repository, modules of this package that have an
`__all__` may be used by `runtime/commands`, `runtime/api` and `runtime/record`; every other name is private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.embedding import RunError, Waiting
    from runtime.errors import Error
    from runtime.results import Result
    from runtime.vm.output import Question
    from sopc.embedding import (
        Compilation,
        CompileError,
        Finding,
        Library,
        Refused,
        Script,
        check,
        compile,
        explain,
        format,
        open,
        parse,
        prepare,
    )

__all__ = (
    "Compilation",
    "CompileError",
    "Error",
    "Finding",
    "Library",
    "Question",
    "Refused",
    "Result",
    "RunError",
    "Script",
    "Waiting",
    "check",
    "compile",
    "explain",
    "format",
    "open",
    "parse",
    "prepare",
)
__getattr__ = lazy(
    __name__,
    Compilation="sopc.embedding",
    CompileError="sopc.embedding",
    Error="runtime.errors",
    Finding="sopc.embedding",
    Library="sopc.embedding",
    Question="runtime.vm.output",
    Refused="sopc.embedding",
    Result="runtime.results",
    RunError="runtime.embedding",
    Script="sopc.embedding",
    Waiting="runtime.embedding",
    check="sopc.embedding",
    compile="sopc.embedding",
    explain="sopc.embedding",
    format="sopc.embedding",
    open="sopc.embedding",
    parse="sopc.embedding",
    prepare="sopc.embedding",
)
