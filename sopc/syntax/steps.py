"""Steps of the language without a script around them → nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lark.exceptions import UnexpectedInput, UnexpectedToken

from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source, Span
from sopc.syntax.grammar import parser
from sopc.syntax.literals import Problem
from sopc.syntax.parse import parse
from sopc.tree import nodes

__all__ = ("is_unfinished", "parse_steps")

_HEAD: Final = "script s() "
_TAIL: Final = "\nend"


def parse_steps(text: str) -> tuple[nodes.AnyStep, ...]:
    """Steps of the DSL as they stand inside a script. Raises CompileError with places in the text."""
    source = Source("step", text)
    try:
        file = parse(Source(source.name, _HEAD + text + _TAIL))
    except CompileError as error:
        findings = [replace(finding, span=_within(finding.span, len(text))) for finding in error.diagnostics]
        if is_unfinished(text):
            end = len(text.rstrip())
            findings = [Diagnostic("E0103", "the step is not finished", Span(end, end), "its blocks close with `end`")]
        raise CompileError(source, findings) from None
    if len(file.scripts) != 1:
        second = text.find("script")
        finding = Diagnostic("E0101", "a step holds no script", Span(second, second + len("script")), "its steps alone")
        raise CompileError(source, [finding])
    return file.scripts[0].steps


def is_unfinished(text: str) -> bool:
    """Whether steps have no error but end too early, as while they are being typed."""
    try:
        parser().parse(_HEAD + text + _TAIL, start="start")
    except UnexpectedToken as error:
        return error.token.type == "$END" or (error.token.start_pos or 0) >= len(_HEAD) + len(text)
    except (UnexpectedInput, Problem):
        return False
    return False


def _within(span: Span | None, size: int) -> Span | None:
    if span is None:
        return None
    start, end = span.start - len(_HEAD), span.end - len(_HEAD)
    start = max(0, min(start, size))
    return Span(start, max(start, min(end, size)))
