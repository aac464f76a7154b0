"""A text with examples and its compiled program → the program with the examples in it, or the examples that fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec import structs

from runtime.bytecode.module import Module
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.examples.form import Example
from sopc.english.examples.read import read_examples, section_of
from sopc.english.examples.run import try_examples
from sopc.pipeline import Compiled
from sopc.source import Source


def compile_with_examples(text: Source, program: Source, context: Context) -> Compiled:
    """Run the examples of a text, and keep them in its program.

    Returns:
        The compiled program with its examples.

    Raises:
        CompileError: T0402 or T0403 for each example that fails, T0401 for examples that can't be read.
    """
    compiled = pipeline.compile_source(program, context)
    findings = run_examples(text, compiled, context)
    if findings:
        raise CompileError(text, findings)
    return keep_examples(text, compiled)


def run_examples(text: Source, compiled: Compiled, context: Context) -> list[Diagnostic]:
    """Run the examples of a text on its program; nothing is stored.

    Returns:
        A finding for each example that fails; empty when all hold or the text has none.

    Raises:
        CompileError: T0401 for examples that can't be read.
    """
    examples = read_examples(text)
    if not examples:
        return []
    found = try_examples(examples, text, compiled.modules[-1], compiled.items(), context)
    return [finding for _, findings in found for finding in findings]


def try_kept(module: Module, context: Context) -> Iterator[tuple[Example, Source, list[Diagnostic]]]:
    """Run the examples that a stored script keeps, one by one.

    Args:
        module: The script.
        context: With the library and the databases.

    Returns:
        Each example, the source that holds it, and its findings: none if it holds.
    """
    source = Source(module.debug.examples_file, module.debug.examples)
    for example, findings in try_examples(read_examples(source), source, module, [], context):
        yield example, source, findings


def keep_examples(text: Source, compiled: Compiled) -> Compiled:
    """Return the program with the examples of its English in the module, for `sopc test`."""
    start = section_of(text.text)
    if start is None:
        return compiled
    *others, module = compiled.modules
    examples = "\n" * text.text.count("\n", 0, start) + text.text[start:]
    debug = structs.replace(module.debug, examples=examples, examples_file=text.name)
    return dataclasses.replace(compiled, modules=[*others, structs.replace(module, debug=debug)])


def with_hints(error: CompileError) -> CompileError:
    """Return the error with hints for people. A model does not get them: it can only correct the program.

    Args:
        error: Findings about examples.
    """
    hint = "correct the example, the sentence or the program"
    found = (
        dataclasses.replace(each, hint=each.hint or hint) if each.code == "T0403" else each
        for each in error.diagnostics
    )
    return CompileError(error.source, list(found))
