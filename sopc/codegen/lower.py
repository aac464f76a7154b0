"""Typed program → one module a script: folds expressions, builds and optimizes blocks, assembles code words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import UNSET

from runtime.bytecode.module import Call, Compared, Debug, Module, Position, Signature, StepInfo, Use
from runtime.bytecode.parts import MAX_DEPTH, depth_of
from sopc.checker import typed
from sopc.checker.field_values import FieldValues
from sopc.codegen.assemble import Assembly, assemble
from sopc.codegen.blocks import CodeBuilder, Origin
from sopc.codegen.columns import Columns
from sopc.codegen.limits import QUERY_TOO_DEEP, Limit
from sopc.codegen.optimize import optimize
from sopc.codegen.pure import value_of
from sopc.codegen.registers import Registers
from sopc.codegen.steps import Steps
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source, Span
from sopc.tree import nodes

MAX_LINE: Final = 200
"""Characters of a step's line that are kept for listings: many steps may stand on one line."""


def lower(program: typed.Program, source: Source, file: nodes.File, sentences: Sequence[str]) -> list[Module]:
    """Compile a typed program.

    Args:
        program: The scripts of one file.
        source: The text that spans point into.
        file: The tree that the program was checked from, with the same scripts.
        sentences: The English sentences that the file was translated from, in order.

    Returns:
        The modules, in the order of the scripts.

    Raises:
        CompileError: E06xx, a script exceeds a limit.
    """
    modules, findings = [], []
    for script, node in zip(program.scripts, file.scripts, strict=True):
        try:
            modules.append(_module(script, node, source, tuple(sentences)))
        except Limit as limit:
            findings.append(Diagnostic(limit.code, limit.message, limit.span or script.span, limit.hint))
    if findings:
        raise CompileError(source, findings)
    return modules


def _module(script: typed.Script, node: nodes.Script, source: Source, sentences: tuple[str, ...]) -> Module:
    from sopc.syntax.format import format_script

    steps = list(all_steps(script.steps))
    try:
        lowered, assembly = _assembled(script, steps, lifting=True)
    except Limit:  # the loops that are one statement take room too
        lowered, assembly = _assembled(script, steps, lifting=False)
    registers = lowered.registers
    for fetch in assembly.tables.queries:
        check_depth(fetch.query)
    for write in assembly.tables.writes:
        check_depth(write)
    value = value_of(script)
    named = [*lowered.called, *(value[1] if value is not None else ())]
    return Module(
        signature=script.signature,
        effects=script.effects,
        registers=assembly.registers,
        code=assembly.code,
        constants=tuple(assembly.tables.constants),
        shapes=tuple(assembly.tables.shapes),
        types=tuple(assembly.tables.types),
        functions=tuple(assembly.tables.functions),
        calls=all_calls(assembly.tables.calls, named),
        queries=tuple(assembly.tables.queries),
        writes=tuple(assembly.tables.writes),
        asks=tuple(assembly.tables.asks),
        handlers=assembly.handlers,
        schema=script.schema,
        doc=script.doc,
        lifts=tuple(assembly.tables.lifts) or UNSET,
        value=UNSET if value is None else value[0],
        debug=Debug(
            source=format_script(node),
            file=source.name,
            steps=tuple(step_info(step, source) for step in steps),
            positions=tuple(positions(assembly, steps, source)) if steps else (),
            sentences=sentences,
            registers=tuple("/".join(names) for names in registers.names),
            uses=tuple(uses(script, source)),
            compared=tuple(compared_parameters(script)),
            loops=tuple(lowered.loops),
        ),
    )


def _assembled(script: typed.Script, steps: Sequence[typed.Step], *, lifting: bool) -> tuple[Steps, Assembly]:
    """The lowered steps and their code. Raises Limit."""
    builder, registers = CodeBuilder(), Registers()
    numbers = {step.path: number for number, step in enumerate(steps)}
    lowered = Steps(builder, registers, numbers, Columns(script), script, lifting=lifting)
    try:
        lowered.script(script)
    except Limit as limit:
        raise Limit((limit.code, limit.message, limit.hint), limit.span or builder.origin.span) from limit
    return lowered, assemble(optimize(builder.layout()), registers.variables, registers.temporaries)


def all_calls(calls: Sequence[Call], named: Sequence[Signature]) -> tuple[Call, ...]:
    """The calls of the code, and of scripts that it does not call although their values are named: a step that is never
    reached has no code."""
    known = {call.signature.name: call for call in calls}
    for signature in named:
        known.setdefault(signature.name, Call(signature))
    return tuple(known.values())


def check_depth(root: object) -> None:
    if depth_of(root) >= MAX_DEPTH:
        raise Limit(QUERY_TOO_DEEP)


def all_steps(steps: Sequence[typed.Step]) -> Iterator[typed.Step]:
    """Every step in source order, including those inside blocks."""
    stack = list(reversed(steps))
    while stack:
        step = stack.pop()
        yield step
        blocks: list[tuple[typed.Step, ...]] = []
        if isinstance(step, typed.If):
            blocks = [*(body for _, body in step.branches), step.otherwise]
        elif isinstance(step, typed.Try):
            blocks = [step.body, step.handler]
        elif isinstance(
            step,
            typed.ForQuery | typed.ForList | typed.ForRange | typed.ForCall | typed.While | typed.Transaction,
        ):
            blocks = [step.body]
        stack.extend(inner for block in reversed(blocks) for inner in reversed(block))


def step_info(step: typed.Step, source: Source) -> StepInfo:
    if step.span is None:
        return StepInfo(step.path, step.sentence, 1, 1, "")
    line, column = source.position(step.span.start)
    text = source.line(line).strip()
    shown = text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"
    return StepInfo(step.path, step.sentence, line, column, shown)


def positions(assembly: Assembly, steps: Sequence[typed.Step], source: Source) -> Iterator[Position]:
    """Yield a position at each word whose origin differs from that of the word before."""
    last: Origin | None = None
    for pc, origin in enumerate(assembly.origins):
        if origin == last:
            continue
        last = origin
        span = origin.span or steps[origin.step].span or Span(0, 0)
        yield Position(pc, origin.step, *_columns(span, source))


def uses(script: typed.Script, source: Source) -> Iterator[Use]:
    for (store, field), (span, sentence) in sorted(script.used.items(), key=lambda item: item[1][0].start):
        yield Use(store, field, *_columns(span, source), sentence)


def compared_parameters(script: typed.Script) -> Iterator[Compared]:
    """Yield the text fields that the script's parameters are compared with, each once."""
    found = (Compared(one.parameter, *one.field) for one in FieldValues(script).compared() if one.parameter is not None)
    yield from dict.fromkeys(found)


def _columns(span: Span, source: Source) -> tuple[int, int, int]:
    """The line and columns of a span, 1-based; for a span of several lines, the part on its first line."""
    line, column = source.position(span.start)
    end_line, end_column = source.position(max(span.end, span.start))
    return line, column, end_column if end_line == line else len(source.line(line)) + 1
