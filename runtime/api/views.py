"""A module → its program and its bytecode line by line, each line with its step, to show them side by side."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from runtime.bytecode.disasm import Formatter
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER


def linked_views(module: Module) -> dict[str, Any]:
    """`steps`: path (null for a named query, which is part of its use), sentence (or null), first and last line in
    `source`, from 1. `code`: pc, text, and the index of its step in `steps` (or null)."""
    known = [(step.path, step.sentence, step.line, step.line) for step in module.debug.steps]
    steps = _written_steps(module) or known
    places = {path: index for index, (path, *_) in enumerate(steps)}
    return {
        "source": module.debug.source,
        "sentences": module.debug.sentences,
        "steps": [
            {"path": path, "sentence": sentence, "line": first, "last_line": last}
            for path, sentence, first, last in steps
        ],
        "code": [
            {"pc": pc, "text": text, "step": None if step is None else places.get(module.debug.steps[step].path)}
            for pc, text, step in _code(module)
        ],
    }


_Step = tuple["str | None", "int | None", int, int]
"""Path, sentence, first and last line."""


def _written_steps(module: Module) -> list[_Step]:
    """Every step of the formatted script, in order, a block's before the next; none if the compiler is not
    installed."""
    try:
        from sopc.source import Source
        from sopc.syntax.parse import parse
        from sopc.tree import nodes
        from sopc.tree.visit import walk
    except ImportError:
        return []
    source = Source("script", module.debug.source)
    compiled = iter(module.debug.steps)
    found: list[_Step] = []
    for node in walk(parse(source)):
        if not isinstance(node, nodes.Step) or node.span is None:
            continue
        first, _ = source.position(node.span[0])
        last, _ = source.position(max(node.span[1] - 1, node.span[0]))
        path = None if isinstance(node, nodes.NameQuery) else next(compiled).path
        found.append((path, node.sentence, first, last))
    return found


def _code(module: Module) -> Iterator[tuple[int, str, int | None]]:
    """pc, text and step index of every instruction; a test and its jump are one."""
    formatter = Formatter(module)
    positions = module.debug.positions
    starts = [position.pc for position in positions]
    skip = False
    for pc, (op, *_) in enumerate(formatter.code):
        if not skip:
            index = bisect_right(starts, pc) - 1
            yield pc, formatter.instruction(pc), positions[index].step if index >= 0 else None
        skip = BY_NUMBER[op].flow == "test"
