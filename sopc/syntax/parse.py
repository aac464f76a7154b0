"""Source text → nodes, through Lark."""

from __future__ import annotations

import re
from typing import Any, Final

from lark.exceptions import UnexpectedInput

from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import BIDI_CONTROLS, Source, Span
from sopc.syntax.errors import find_errors
from sopc.syntax.grammar import parser
from sopc.syntax.literals import Problem
from sopc.tree import nodes

__all__ = ("parse", "parse_query")

_BIDI: Final = re.compile(f"[{BIDI_CONTROLS}]")
_MAX_TURNED: Final = 20
MAX_DEPTH: Final = 180  # nested objects and lists of the tree as JSON; common JSON readers fail at 200


def parse(source: Source) -> nodes.File:
    """Parse a file of scripts.

    Args:
        source: DSL text.

    Returns:
        The tree; its spans are character offsets into the source.

    Raises:
        CompileError: E01xx, with all syntax errors.
    """
    tree: nodes.File = _parse(source, "start")
    return tree


def parse_query(source: Source) -> nodes.Query:
    """Parse a query that stands alone, `from …`, as `parse` does a file."""
    tree: nodes.Query = _parse(source, "query")
    return tree


def _parse(source: Source, start: str) -> Any:
    _check_characters(source)
    try:
        tree: Any = parser().parse(source.text, start=start)
    except Problem as problem:
        findings = [finding for finding in find_errors(source, start) if finding.span != problem.diagnostic.span]
        raise CompileError(source, [problem.diagnostic, *findings]) from None
    except UnexpectedInput as error:
        raise CompileError(source, find_errors(source, start) or [_somewhere(source, error)]) from None
    deep = _too_deep(tree)
    if deep is not None:
        hint = "split it with `let`, or put the inner part into a script of its own"
        raise CompileError(source, [Diagnostic("E0114", "this is nested too deeply", deep, hint)])
    return tree


def _check_characters(source: Source) -> None:
    """Refuses characters that no source may hold, not even in texts and comments.

    Half of a surrogate pair can't be encoded again. Characters that reorder displayed text could show a reviewer
    another program than the one that runs.
    """
    try:
        source.text.encode()
    except UnicodeEncodeError as error:
        span = Span(error.start, error.end)
        raise CompileError(source, [Diagnostic("E0108", "this is not a character", span)]) from None
    turned = [_turned(source.text, match.start()) for match in _BIDI.finditer(source.text)]
    if turned:
        raise CompileError(source, turned[:_MAX_TURNED])


def _turned(text: str, at: int) -> Diagnostic:
    number = ord(text[at])
    return Diagnostic(
        "E0121",
        f"U+{number:04X} can't be seen, and changes the order in which the text around it is shown",
        Span(at, at + 1),
        f"leave it out; in a text that needs it, write \\u{{{number:x}}}",
    )


def _somewhere(source: Source, error: UnexpectedInput) -> Diagnostic:
    offset = min(max(error.pos_in_stream or 0, 0), len(source.text))
    return Diagnostic("E0101", "this is not understood", Span(offset, offset + 1))


def _too_deep(tree: nodes.Node) -> Span | None:
    """The node at which the tree exceeds MAX_DEPTH, a limit that JSON readers and passes over the tree rely on."""
    level: list[Any] = [tree]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            for value in item if type(item) is tuple else item.__dict__.values():
                if isinstance(value, nodes.Node) or (type(value) is tuple and value and type(value[0]) is not int):
                    below.append(value)
        if not below:
            return None
        level = below
    span = next((item.span for item in level if isinstance(item, nodes.Node) and item.span), (0, 1))
    return Span(*span)
