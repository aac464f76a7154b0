"""A text on its way to a program → a draft, after what it leaves open was asked or told by flag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from runtime.commands.app import Console
from runtime.errors import SopError, UsageError
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.source import Source

if TYPE_CHECKING:
    from sopc.commands.prepare import Settings
    from sopc.english.lock import Answer
    from sopc.english.questions import Question
    from sopc.english.sentences import Workflow
    from sopc.english.translate import Draft


class NeedsAnswer(SopError):
    """The text leaves something open that only its author can say."""

    exit_code = 3


def drafted(
    source: Source,
    workflow: Workflow,
    context: Context,
    settings: Settings,
    console: Console,
    command: str,
    *,
    answers: Sequence[Answer] = (),
    previous: str | None = None,
) -> tuple[Draft, list[Answer]]:
    """A translation, and the answers that it needed. workflow: of the source. command: how to say it again with an
    answer, `{}` standing for that. answers: known before. previous: of Task.

    Raises CompileError, SopError, NeedsAnswer T0210 where nobody can be asked, UsageError C0102 for no answer.
    """
    from sopc.english.model.repair import Watch
    from sopc.english.questions import MOST_QUESTIONS, question_in

    watch = Watch(console.note, console.note) if settings.show_work else Watch(console.note)
    known = list(answers)
    for _ in range(MOST_QUESTIONS):
        try:
            told = (settings.translator, settings.model, watch)
            return pipeline.draft(source, context, *told, answers=known, previous=previous), known
        except (CompileError, SopError) as error:
            question = question_in(error, workflow)
            if question is None:
                if isinstance(error, CompileError):
                    console.unreadable(context.failures)  # which may be why a name is not known
                raise
            if not question.choices and question.text in [each.question for each in known]:
                message = f"the model asks again what was answered: {question.text}"
                raise SopError("T0311", message, "say it in the text, in other words") from None
            answer = _told(question, known, settings) or _asked(question, settings, console)
            if answer is None:
                raise _unanswered(question, error, source, console, command) from None
            known.append(answer)
    raise NeedsAnswer("T0210", f"{source.name} leaves too much open", "say more in the text")


def _told(question: Question, known: Sequence[Answer], settings: Settings) -> Answer | None:
    """As told by flag, once."""
    given = settings.answers.get(str(question.sentence))
    asked_before = any(answer.question == question.text and answer.sentence == question.about for answer in known)
    if given is None or asked_before:
        return None
    settings.used.add(str(question.sentence))
    answer = question.answered(given)
    if answer is None:
        hint = f"a number from 1 to {len(question.choices)}" if question.choices else "some words"
        raise UsageError("C0102", f"{given!r} is no answer to the question about {_about(question.sentence)}", hint)
    return answer


def _asked(question: Question, settings: Settings, console: Console) -> Answer | None:
    """As a person says, who is asked until it is an answer."""
    if not settings.asks:
        return None
    for line in question.lines():
        console.note(line)
    while True:
        answer = question.answered(click.prompt("Answer", err=True))
        if answer is not None:
            return answer


def _unanswered(
    question: Question, error: CompileError | SopError, source: Source, console: Console, command: str
) -> NeedsAnswer:
    """The error, after the question was written out as an `ask` line."""
    import msgspec

    if isinstance(error, CompileError):
        console.findings(error)
    click.echo(msgspec.json.encode(question.to_json(source.name)))
    again = command.replace("{}", f"--answer {question.sentence}=…", 1)
    return NeedsAnswer("T0210", f"{source.name} leaves open: {question.text}", f"{again}, or say it in the text")


def check_answers(settings: Settings, hint: str = "leave it out") -> None:
    """UsageError T0211 for an answer to a question that was not asked."""
    for number in settings.answers.keys() - settings.used:
        raise UsageError("T0211", f"no question about {_about(number)} was open", hint)


def _about(number: str | int) -> str:
    return "the text" if str(number) == "0" else f"sentence {number}"
