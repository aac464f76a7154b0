"""A program and a place in it → what stands there in English, and where a name in it is defined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime.bytecode.module import Effects
from runtime.config import MAIN
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.lock import split_sop
from sopc.english.sentences import read_workflow
from sopc.explainer.script import explain
from sopc.source import Source, Span
from sopc.tree import nodes
from sopc.tree.visit import walk

_BINDING: Final = (nodes.Let, nodes.ForEach, nodes.NameQuery, nodes.Ask, nodes.Try, nodes.ParameterNode)


def explained(source: Source, offset: int, context: Context) -> tuple[str, Span] | None:
    """Say the step at an offset in English.

    Args:
        source: A program.
        offset: In it.
        context: With its databases.

    Returns:
        The words and the step's place; None where no step stands, or the program can't be parsed.
    """
    script = _script_at(source, offset)
    if script is None:
        return None
    schemas = context.readable_schemas(script.uses or (MAIN,))
    stores = {f"{name}.{key}": store for name, schema in schemas.items() for key, store in schema.stores.items()}
    lines = [line for line in explain(script, Effects(), stores).lines if line.step]
    steps = [node for node in walk(script.steps) if isinstance(node, nodes.Step)]
    around = [pair for pair in zip(steps, lines, strict=True) if _holds(pair[0], offset)]
    if not around:
        return None
    step, line = around[-1]
    assert step.span is not None
    return "\n".join([line.text, *(f"- {part}" for part in line.parts)]), Span(*step.span)


def definition(source: Source, offset: int) -> tuple[Path, Span] | None:
    """Find where the name at an offset is defined.

    Args:
        source: A program.
        offset: In it.

    Returns:
        A file and a place in it: of a script, here or in the file NAME.sop beside this one; of a variable; of the
        English sentence for `@n`. None for other names.
    """
    word = next((match for match in re.finditer(r"@?\w+", source.text) if match.start() <= offset <= match.end()), None)
    if word is None:
        return None
    if word[0].startswith("@"):
        return _sentence(source, int(word[0][1:])) if word[0][1:].isdigit() else None
    script = _script_at(source, offset)
    for node in reversed(list(walk(script)) if script else []):
        if isinstance(node, _BINDING) and node.name == word[0] and node.span and node.span[0] <= offset:
            return Path(source.name), _name_in(source.text, Span(*node.span), word[0])
    return _script_named(source, word[0])


def _script_at(source: Source, offset: int) -> nodes.Script | None:
    try:
        scripts = pipeline.parse(source).scripts
    except CompileError:
        return None
    return next((script for script in scripts if _holds(script, offset)), None)


def _holds(node: nodes.Node, offset: int) -> bool:
    return node.span is not None and node.span[0] <= offset <= node.span[1]


def _name_in(text: str, span: Span, name: str) -> Span:
    found = re.compile(rf"\b{re.escape(name)}\b").search(text, span.start, span.end)
    return Span(*found.span()) if found else span


def _files(source: Source, name: str) -> Iterator[Source]:
    """This one, then the file of the name beside it."""
    yield source
    beside = Path(source.name).with_name(f"{name}.sop")
    if beside.is_file():
        yield pipeline.read(str(beside))


def _script_named(source: Source, name: str) -> tuple[Path, Span] | None:
    for file in _files(source, name):
        head = re.search(rf"^[ \t]*script\s+({re.escape(name)})\s*\(", file.text, re.MULTILINE)
        if head is not None:
            return Path(file.name), Span(*head.span(1))
    return None


def _sentence(source: Source, number: int) -> tuple[Path, Span] | None:
    header, _ = split_sop(source.text)
    text = Path(source.name).with_name(header.source) if header and header.source else None
    if text is None or not text.is_file():
        return None
    sentences = read_workflow(pipeline.read(str(text)).text, text.stem).sentences
    found = next((each for each in sentences if each.number == number), None)
    return None if found is None else (text, Span(found.start, found.end))
