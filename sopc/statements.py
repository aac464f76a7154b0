"""Modules → nothing, or findings: what the databases they were checked against can't say, each with its place.

What compiles is what `sopc check`, a request's `?dry_run=true` and the start of a run accept, since each makes the SQL
of every query and write with the same function; the start of a run does so for the databases that it is handed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runtime.bytecode.decode import instructions
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER
from runtime.databases.statements import limited_to_mode
from runtime.errors import DatabaseError
from runtime.query.algebra import Query, Write
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source, Span


def check_statements(modules: Sequence[Module], source: Source, context: Context) -> None:
    """Raises CompileError with a finding (D0308, D0309) for each query and write that its engine can't say."""
    findings = []
    for module in modules:
        for pc, form in _forms(module):
            try:
                context.prepare(form)
            except DatabaseError as error:
                findings.append(Diagnostic(error.code, error.message, _span(module, pc, source), error.hint))
    if findings:
        raise CompileError(source, findings)


def _forms(module: Module) -> Iterator[tuple[int, Query | Write]]:
    """Each query and write, as it is fetched, with the first instruction that uses it."""
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
    """Of what the instruction comes from."""
    found = None
    for position in module.debug.positions:
        if position.pc > pc:
            break
        found = position
    if found is None:
        return None
    start = source.line_starts[found.line - 1]
    return Span(start + found.column - 1, start + found.end_column - 1)
