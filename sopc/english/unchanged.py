"""An old and a new translation of a text → the sentences that stayed as they were and whose steps did not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, ndiff

from sopc.dsl.explain.steps import steps_of
from sopc.dsl.parse import parse
from sopc.english.lock import split_sop
from sopc.source import Source
from sopc.tree import nodes

Words = tuple[str, ...]


def touched(old_sop: str, new_sop: str) -> list[int]:
    """Numbers, in the new text, of unchanged sentences whose steps say something else than before. Variables may have
    other names. Raises CompileError for a program that can't be read."""
    old, new = _Said(old_sop), _Said(new_sop)
    pairs = list(_kept(old.sentences, new.sentences))
    renamed = _renamed(old, new, pairs)
    return [other for one, other in pairs if _with(old.words.get(one, ()), renamed) != new.words.get(other, ())]


def changes(old_sop: str, new_sop: str) -> list[str]:
    """What the new program says that the old one does not, as lines with `+`, and the other way round, with `-`. Raises
    CompileError as above."""
    old, new = _Said(old_sop), _Said(new_sop)
    renamed = _renamed(old, new, list(_kept(old.sentences, new.sentences)))
    lines = ndiff([*_with(old.lines, renamed)], [*new.lines])
    return [line for line in lines if line[0] in "+-"]


def _renamed(old: _Said, new: _Said, pairs: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Variables that sentences make under another name than before."""
    return {
        before: after
        for one, other in pairs
        for before, after in zip(old.names.get(one, ()), new.names.get(other, ()), strict=False)
        if before != after
    }


class _Said:
    """A program in words. words, names: what each sentence became, and the variables that it makes, by its number.
    lines: everything, in order."""

    def __init__(self, sop: str) -> None:
        header, body = split_sop(sop)
        self.sentences = header.sentences if header else ()
        self.words: dict[int, Words] = {}
        self.names: dict[int, Words] = {}
        script = parse(Source("program", body)).scripts[0]
        said = steps_of(script)
        self.lines = tuple(" ".join([line.text, *line.parts]) for line in said)
        for line in said:
            number = line.sentence or 0
            self.words[number] = (*self.words.get(number, ()), line.text, *line.parts)
        for number, name in _made(script.steps, None):
            self.names[number] = (*self.names.get(number, ()), name)


def _made(steps: Sequence[nodes.AnyStep], around: int | None) -> Iterator[tuple[int, str]]:
    """(sentence, name) of each variable, in order."""
    for step in steps:
        number = step.sentence or around
        if isinstance(step, nodes.Let | nodes.NameQuery | nodes.Ask | nodes.ForEach):
            yield number or 0, step.name
        for inner in _bodies(step):
            yield from _made(inner, number)


def _bodies(step: nodes.AnyStep) -> list[tuple[nodes.AnyStep, ...]]:
    match step:
        case nodes.If():
            return [*(branch.steps for branch in step.branches), step.otherwise or ()]
        case nodes.Try():
            return [step.steps, step.handler]
        case nodes.ForEach() | nodes.While() | nodes.Transaction():
            return [step.steps]
    return []


def _kept(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(old number, new number) of the sentences that are in both, in order."""
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        for place in range(block.size):
            yield block.a + place + 1, block.b + place + 1


def _with(words: Words, renamed: dict[str, str]) -> Words:
    if not renamed:
        return words
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, renamed))})\b")
    return tuple(pattern.sub(lambda match: renamed[match[1]], text) for text in words)
