"""A text on its way to a program → its draft, once everything it leaves open was answered beforehand or asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from runtime.errors import SopError, UsageError
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.lock import Answer
from sopc.english.questions import MAX_QUESTIONS, Question, question_in
from sopc.english.sentences import Workflow
from sopc.english.translate import Draft
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.workflow.readings import MayRead, compared
from sopc.workflow.translation import draft

__all__ = ("Answers", "AskPerson", "NeedsAnswer")

AskPerson = Callable[[Question], Answer]


class NeedsAnswer(SopError):
    """The text leaves something open that only its author can decide.

    Args:
        source: The text.
        question: What to ask.
        findings: Why it is asked, if that is known.
    """

    exit_code = 3

    def __init__(self, source: Source, question: Question | None, findings: CompileError | None = None) -> None:
        asked = "too much open" if question is None else f"open: {question.text}"
        super().__init__("T0210", f"{source.name} leaves {asked}", "say it in the text")
        self.source = source
        self.question = question
        self.findings = findings


class Answers:
    """Answers that the author gave beforehand; each is used once.

    Args:
        given: Sentence number → number of a choice, or words.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._given: Final = dict(given or {})
        self._used: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._given)

    def to(self, question: Question, known: Sequence[Answer]) -> Answer | None:
        """Return the answer to a question; None if none was given or it was used already.

        Args:
            question: The question.
            known: Answers that the program holds already.

        Raises:
            UsageError: C0102 for a number that is not one of the choices.
        """
        number = str(question.sentence)
        given = self._given.get(number)
        asked_before = any(each.question == question.text and each.sentence == question.about for each in known)
        if given is None or asked_before:
            return None
        self._used.add(number)
        answer = question.answered(given)
        if answer is None:
            hint = f"a number from 1 to {len(question.choices)}" if question.choices else "some words"
            raise UsageError("C0102", f"{given!r} is no answer to the question about {_about(number)}", hint)
        return answer

    def check_used(self, hint: str = "leave it out") -> None:
        """Check that every answer was used.

        Raises:
            UsageError: T0211 for an answer to a question that was not asked.
        """
        for number in self._given.keys() - self._used:
            raise UsageError("T0211", f"no question about {_about(number)} was open", hint)


def translate(
    source: Source,
    workflow: Workflow,
    context: Context,
    translator: str | None,
    model: str | None,
    listener: ProgressListener,
    *,
    given: Answers,
    ask: AskPerson | None,
    known: Sequence[Answer] = (),
    previous: str | None = None,
    may_read: MayRead | None = None,
) -> tuple[Draft, list[Answer]]:
    """Translate a text, and have everything answered that it leaves open.

    Args:
        given: answers given beforehand.
        ask: asks a person; None if nobody can be asked.
        known: answers that the last translation used.
        previous: the last translation, as for `translation.draft`.
        may_read: whether the caller may see rows of databases, which show in what readings differ; None if of all.

    Returns:
        The draft, and the answers it was made with.

    Raises:
        CompileError, SopError: as `translation.draft`.
        NeedsAnswer: T0210 when nobody can be asked.
    """
    answers = list(known)
    for _ in range(MAX_QUESTIONS):
        try:
            made = draft(
                source, context, translator, model, listener, workflow=workflow, answers=answers, previous=previous
            )
            return made, answers
        except (CompileError, SopError) as error:
            question = question_in(error, workflow)
            if question is None:
                raise
            if not question.choices and question.text in [each.question for each in answers]:
                message = f"the model asks a question that was already answered: {question.text}"
                raise SopError("T0311", message, "say it in the text, in other words") from None
            answer = given.to(question, answers)
            if answer is None:
                question = compared(question, context, may_read)
                if len(question.distinct) == 1:  # whatever is chosen does the same
                    listener.note(f"{source.name}: the readings of {_about(str(question.sentence))} do the same")
                    answer = question.answered("1")
                elif ask:
                    answer = ask(question)
            if answer is None:
                raise NeedsAnswer(source, question, error if isinstance(error, CompileError) else None) from None
            answers.append(answer)
    raise NeedsAnswer(source, None)


def _about(number: str) -> str:
    return "the text" if number == "0" else f"sentence {number}"
