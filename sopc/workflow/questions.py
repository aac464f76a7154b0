"""A text on its way to a program → its draft, once everything it leaves open was answered beforehand or asked."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.errors import SopError
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.lock import Answer
from sopc.english.questions import MAX_QUESTIONS, question_in
from sopc.english.sentences import Workflow
from sopc.english.translate import Draft
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.workflow.answers import Answers, AskPerson, NeedsAnswer, place_of
from sopc.workflow.readings import MayRead, compared
from sopc.workflow.translation import draft

__all__ = ("translate",)


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
                    listener.note(f"{source.name}: the readings of {place_of(str(question.sentence))} do the same")
                    answer = question.answered("1")
                elif ask:
                    answer = ask(question)
            if answer is None:
                raise NeedsAnswer(source, question, error if isinstance(error, CompileError) else None) from None
            answers.append(answer)
    raise NeedsAnswer(source, None)
