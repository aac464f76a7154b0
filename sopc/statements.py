"""Modules → findings on what could not be loaded, and on queries and writes that databases can't express, each with its
place.

`sopc check`, compiling, a request's `?dry_run=true` and the start of a run accept the same programs, since each
decodes the modules and generates the SQL of every query and write with the same functions; a run does so for the
databases that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from runtime.bytecode.codec import decode, encode
from runtime.bytecode.decode import instructions
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER
from runtime.databases.statements import limited_to_mode
from runtime.errors import DatabaseError, SopError
from runtime.query.algebra import Query, Write
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source, Span


def check_statements(modules: Sequence[Module], source: Source, context: Context) -> None:
    """Check that the modules can be loaded, and that engines can express every query and write.

    Raises:
        CompileError: L02xx for each module that its verifier refuses; D0308 or D0309 for each query and write that its
            engine can't express.
    """
    findings = []
    for module in modules:
        try:
            decode(encode(module))
        except SopError as error:
            message = f"the compiled script {module.signature.name} can't be loaded: {error.message}"
            findings.append(Diagnostic(error.code, message, _span(module, 0, source), _FAULT))
            continue
        for pc, form in _forms(module):
            try:
                context.prepare(form)
            except DatabaseError as error:
                findings.append(Diagnostic(error.code, error.message, _span(module, pc, source), error.hint))
    if findings:
        raise CompileError(source, findings)


_FAULT: Final = "this is a fault of the compiler: report it with the script, and try several smaller scripts"


def _forms(module: Module) -> Iterator[tuple[int, Query | Write]]:
    """Each query (as it is fetched) and write, with the offset of the first instruction that uses it."""
    seen: set[tuple[str, int]] = set()
    for pc, (op, *operands) in enumerate(instructions(module)):
        row = BY_NUMBER[op]
        for place, kind in enumerate(row.operands):
            at = operands[1 if row.format == "AX" else place]
            if kind not in ("query", "write") or (kind, at) in seen:
                continue
            seen.add((kind, at))
            if kind == "write":
                yield pc, module.writes[at]
            else:
                fetch = module.queries[at]
                yield pc, limited_to_mode(fetch.query, fetch.mode, b"")[0]


def _span(module: Module, pc: int, source: Source) -> Span | None:
    """The span of the source of an instruction."""
    found = None
    for position in module.debug.positions:
        if position.pc > pc:
            break
        found = position
    if found is None:
        return None
    start = source.line_starts[found.line - 1]
    return Span(start + found.column - 1, start + found.end_column - 1)
