"""The explanation of a script and the sentences of its author → both side by side, as text or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from sopc.explainer.script import Explanation
from sopc.explainer.steps import Line

__all__ = ("to_json", "to_text")

_NOTHING = "(no step of its own)"


def to_text(explanation: Explanation, sentences: Sequence[str] = (), width: int = 100) -> str:
    """Lay out an explanation as text.

    Args:
        explanation: Of one script.
        sentences: Those of its author, in order; each is printed above the lines of its steps.
        width: Of the lines, in characters.

    Returns:
        Lines, each with a line end.
    """
    lines = [explanation.name, *_wrapped(" ".join(explanation.head), "  ", width), ""]
    if not sentences:
        lines += [row for line in explanation.lines for row in _line(line, "", width)]
    for number, text, steps in _pairs(explanation.lines, sentences):
        if text is not None:
            lines += _wrapped(f"“{text}”", f"{number:>3}  ", width)
        lines += [row for step in steps for row in _line(step, "       ", width)]
        if not steps:
            lines.append(f"       {_NOTHING}")
    return "\n".join(lines) + "\n"


def to_json(explanation: Explanation, sentences: Sequence[str] = ()) -> dict[str, Any]:
    """Turn an explanation into a JSON object.

    Args:
        explanation: Of one script.
        sentences: Those of its author, in order.

    Returns:
        `script`: its name; `about`: sentences about the whole; `steps`: every line; `sentences`: each with the numbers
        of its steps.
    """
    steps = [
        {**asdict(line), "step": line.step or None}  # null for a line such as `Otherwise:`, which is no step
        for line in explanation.lines
    ]
    beside = [
        {"number": number, "text": text, "steps": [line.step for line in _of(explanation, number) if line.step]}
        for number, text in enumerate(sentences, 1)
    ]
    return {"script": explanation.name, "about": explanation.head, "steps": steps, "sentences": beside}


def _of(explanation: Explanation, sentence: int) -> list[Line]:
    return [line for line in explanation.lines if line.sentence == sentence]


def _pairs(lines: Sequence[Line], sentences: Sequence[str]) -> Iterator[tuple[int, str | None, list[Line]]]:
    """(number, sentence, its lines) in the order of the program.

    A sentence is repeated where the program returns to it; one without steps comes in the order of its number. Lines
    without a sentence have the number 0 and None.
    """
    if not sentences:
        return
    seen = 0
    group: list[Line] = []
    groups: list[tuple[int, list[Line]]] = []
    for line in lines:
        number = line.sentence if line.sentence is not None and line.sentence <= len(sentences) else 0
        if not groups or groups[-1][0] != number:
            group = []
            groups.append((number, group))
        group.append(line)
    met = {number for number, _ in groups}
    for number, group in groups:
        for missing in range(seen + 1, number):
            if missing not in met:
                yield missing, sentences[missing - 1], []
        seen = max(seen, number)
        yield number, sentences[number - 1] if number else None, group
    for missing in range(seen + 1, len(sentences) + 1):
        if missing not in met:
            yield missing, sentences[missing - 1], []


def _line(line: Line, margin: str, width: int) -> list[str]:
    mark = f"{line.step}. " if line.step else ""
    indent = margin + "  " * line.depth
    rows = _wrapped(line.text, indent + mark, width)
    for part in line.parts:
        rows += _wrapped(part, f"{indent}{' ' * len(mark)}- ", width)
    return rows


def _wrapped(text: str, first: str, width: int) -> list[str]:
    """Wraps words to lines of `width` characters; further lines are indented as far as the first one's text."""
    rest = " " * len(first)
    return wrap(text, max(width, len(first) + 20), initial_indent=first, subsequent_indent=rest, break_long_words=False)
