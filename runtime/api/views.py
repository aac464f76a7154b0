"""A module → its program and its bytecode line by line, each with the step it belongs to, for a page that shows them
side by side."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from runtime.bytecode.disasm import Formatter
from runtime.bytecode.module import Module
from runtime.bytecode.opcodes import BY_NUMBER


def linked_views(module: Module) -> dict[str, Any]:
    """steps: path (null for a named query, which is part of where it is used), sentence (or null), and first and last
    line in `source`, from 1. code: pc, text, and the index of its step among `steps` (or null)."""
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
    """Every step as it stands in the formatted script, a block's before what follows it; none where the compiler is not
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
    """pc, text and index of the step of every instruction; a test's jump is part of it."""
    formatter = Formatter(module)
    positions = module.debug.positions
    starts = [position.pc for position in positions]
    skip = False
    for pc, (op, *_) in enumerate(formatter.code):
        if not skip:
            index = bisect_right(starts, pc) - 1
            yield pc, formatter.instruction(pc), positions[index].step if index >= 0 else None
        skip = BY_NUMBER[op].flow == "test"
