"""A text with examples and its compiled program → the same program with the examples in it, or what does not hold."""

from __future__ import annotations

import dataclasses

from msgspec import structs

from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.examples.read import read_examples, section_of
from sopc.english.examples.run import try_examples
from sopc.pipeline import Compiled
from sopc.source import Source


def tried(text: Source, program: Source, context: Context) -> Compiled:
    """The program of a text, compiled, with its examples in it. Raises CompileError T0402, T0403 where one does not
    hold."""
    compiled = pipeline.compile_source(program, context)
    findings = run_examples(text, compiled, context)
    if findings:
        raise CompileError(text, findings)
    return keep_examples(text, compiled)


def run_examples(text: Source, compiled: Compiled, context: Context) -> list[Diagnostic]:
    """Where the examples of a text do not hold for its program; none when all do, or there are none. Nothing is stored.
    Raises CompileError T0401 for examples that can't be read."""
    examples = read_examples(text)
    if not examples:
        return []
    found = try_examples(examples, text, compiled.modules[-1], compiled.items(), context)
    return [finding for _, findings in found for finding in findings]


def keep_examples(text: Source, compiled: Compiled) -> Compiled:
    """The same, with the examples of its English in the module, for `sopc test`."""
    start = section_of(text.text)
    if start is None:
        return compiled
    *others, module = compiled.modules
    examples = "\n" * text.text.count("\n", 0, start) + text.text[start:]
    debug = structs.replace(module.debug, examples=examples, examples_file=text.name)
    return dataclasses.replace(compiled, modules=[*others, structs.replace(module, debug=debug)])


def with_ways_on(error: CompileError) -> CompileError:
    """The same, saying what can be done about examples that do not hold. A model is not told: it can do but one."""
    hint = "correct the example, the sentence or the program"
    found = (
        dataclasses.replace(each, hint=each.hint or hint) if each.code == "T0403" else each
        for each in error.diagnostics
    )
    return CompileError(error.source, list(found))
