"""What the author answered beforehand, and the error for a question that nobody can be asked now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from runtime.errors import SopError, UsageError

if TYPE_CHECKING:
    from sopc.diagnostics import CompileError
    from sopc.english.lock import Answer
    from sopc.english.questions import Question
    from sopc.source import Source

__all__ = ("Answers", "AskPerson", "NeedsAnswer", "place_of")

AskPerson = Callable[["Question"], "Answer"]


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
            raise UsageError("C0102", f"{given!r} is no answer to the question about {place_of(number)}", hint)
        return answer

    def check_used(self, hint: str = "leave it out") -> None:
        """Check that every answer was used.

        Raises:
            UsageError: T0211 for an answer to a question that was not asked.
        """
        for number in self._given.keys() - self._used:
            raise UsageError("T0211", f"no question about {place_of(number)} was open", hint)


def place_of(number: str) -> str:
    """How messages name the sentence of a question; "0" is the whole text."""
    return "the text" if number == "0" else f"sentence {number}"
