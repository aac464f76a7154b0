"""A program or an English text → its errors, warnings and open questions, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from runtime.errors import SopError
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.english.sentences import Sentence, Workflow, read_workflow
from sopc.english.settings import configured_models
from sopc.english.translate import PATTERNS, choose
from sopc.source import Source, Span
from sopc.workflow.answers import Answers, NeedsAnswer
from sopc.workflow.prepared import Options, Prepared
from sopc.workflow.sources import prepare

_NOT_READ: Final = "T02"  # a sentence that no pattern reads
_ASKED: Final = "no pattern reads this, so the model is asked"

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True)
class Finding:
    """What is shown at a place. choices: the answers to a question, to choose from."""

    span: Span
    code: str
    message: str
    severity: Severity = "error"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """program: the file beside the text, and what is to be written to it, where the text has a new program."""

    findings: list[Finding] = field(default_factory=list)
    program: tuple[Path, str] | None = None


def check(source: Source, context: Context, answers: Mapping[str, str]) -> Checked:
    """Find what `sopc check` finds. A text is read by patterns alone: a model is never asked.

    Args:
        source: A program, or an English text.
        context: The databases and scripts that it can use.
        answers: Numbers of choices, by the sentence that the question is about.
    """
    is_text = pipeline.kind_of(source) == "english"
    findings: list[Finding] = []
    program = None
    try:
        workflow = read_workflow(source.text, pipeline.stem(source)) if is_text else None
        given = {str(each.number): answers[each.text] for each in _sentences(workflow) if each.text in answers}
        prepared = prepare(source, context, Options(translator=PATTERNS, answers=Answers(given)))
        findings = list(_warnings(source, workflow, prepared))
        if prepared.write_to is not None:
            program = prepared.write_to, prepared.compiled.source.text
    except NeedsAnswer as error:
        findings = list(_open(source, error))
    except CompileError as error:
        findings = [_finding(source, error.source, each) for each in error.diagnostics]
    except SopError as error:
        findings = [whole(source, error)]
    return Checked(_of_a_model(findings, context) if is_text else findings, program)


def whole(source: Source, error: SopError) -> Finding:
    """Return the finding for an error that has no place: it is on the first line."""
    return Finding(_first_line(source), error.code, _told(error.message, error.hint))


def _sentences(workflow: Workflow | None) -> tuple[Sentence, ...]:
    return workflow.sentences if workflow else ()


def _open(source: Source, error: NeedsAnswer) -> Iterator[Finding]:
    """The question with its choices in words, and what else is wrong with the text."""
    question = error.question
    for each in error.findings.diagnostics if error.findings else ():
        found = _finding(source, source, each)
        if question is None or each.sentence != question.sentence:
            yield found
        else:
            message = "\n".join([each.message, *(f"{n}. {said}" for n, said in enumerate(question.said, 1))])
            yield Finding(found.span, found.code, message, choices=question.said)
    if error.findings is None:
        yield whole(source, error)


def _finding(source: Source, of: Source, each: Diagnostic) -> Finding:
    """of: the source that the diagnostic is about; where it is another, the finding is at the head of this one."""
    span, where = each.span or _first_line(source), ""
    if of.text != source.text:
        line = of.position(span.start)[0] if each.span else 1
        span, where = _first_line(source), f"{of.name}:{line}: "
    return Finding(span, each.code, _told("\n".join([where + each.message, *each.lines]), each.hint))


def _told(message: str, hint: str | None) -> str:
    return f"{message}\ntry: {hint}" if hint else message


def _warnings(source: Source, workflow: Workflow | None, prepared: Prepared) -> Iterator[Finding]:
    for each in prepared.warnings:
        span = _first_line(source)
        for sentence in _sentences(workflow)[each.sentence - 1 : each.sentence] if each.sentence else ():
            span = Span(sentence.start, sentence.end)
        tag = re.search(rf"@{each.sentence}\b[^\n]*", source.text) if workflow is None and each.sentence else None
        if tag is not None:
            span = Span(*tag.span())
        yield Finding(span, each.code, f"{each.message}: “{each.about}”", "warning")


def _of_a_model(findings: list[Finding], context: Context) -> list[Finding]:
    """The findings; where a model translates, a sentence that no pattern reads is no error."""
    config = context.config
    try:
        by_patterns = choose(config.setting("use"), configured_models(config)) == PATTERNS
    except SopError:  # the settings have an error, which is told when something is translated
        by_patterns = False
    return [
        each
        if by_patterns or not each.code.startswith(_NOT_READ)
        else Finding(each.span, each.code, f"{_ASKED}: {each.message}", "information")
        for each in findings
    ]


def _first_line(source: Source) -> Span:
    return Span(0, len(source.line(1)))
