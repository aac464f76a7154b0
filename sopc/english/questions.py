"""An ambiguity that a translator found → a question to the author of the text, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runtime.errors import SopError
from sopc.diagnostics import CompileError
from sopc.english.lock import Answer
from sopc.english.model.reply import CANNOT
from sopc.english.sentences import Workflow

MAX_QUESTIONS: Final = 20  # in one translation


@dataclass(frozen=True)
class Question:
    """A question of a translator.

    Attributes:
        sentence: Its number, from 1; 0 for the whole text.
        about: The sentence.
        text: Of the question.
        choices: The possible answers; none if any text is accepted.
        said: The choices in words.
    """

    sentence: int
    about: str
    text: str
    choices: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    def answered(self, text: str) -> Answer | None:
        """Parse an answer: the number of a choice, or its words. None for an invalid answer."""
        text = text.strip()
        if not self.choices:
            return Answer(self.about, self.text, text) if text else None
        if text.isascii() and text.isdigit() and 1 <= int(text) <= len(self.choices):
            return Answer(self.about, self.text, self.choices[int(text) - 1])
        for choice, said in zip(self.choices, self.said, strict=True):
            if text in (choice, said):
                return Answer(self.about, self.text, choice)
        return None

    def to_json(self, file: str) -> dict[str, Any]:
        """The question as an `ask` line."""
        result: dict[str, Any] = {"question": self.text}
        if self.choices:
            result["choices"] = self.said
        return {"type": "ask", "file": file, "sentence": self.sentence, "result": result}

    def lines(self) -> list[str]:
        """The question as lines for a terminal."""
        head = [f"Sentence {self.sentence}: “{self.about}”"] if self.sentence else []
        return [*head, f"  {self.text}", *(f"    {number}. {said}" for number, said in enumerate(self.said, 1))]


def question_in(error: Exception, workflow: Workflow) -> Question | None:
    """The question that the author can answer to resolve an error; None if no answer helps.

    Only the first finding counts, since later ones may follow from it.
    """
    if isinstance(error, CompileError):
        first = error.diagnostics[0]
        if not first.choices or first.sentence is None:
            return None
        about = workflow.sentences[first.sentence - 1].text
        shown = tuple(map(said, first.choices))
        asked = "which of these is meant?" if len(shown) > 1 else "is this what is meant?"
        return Question(first.sentence, about, asked, first.choices, shown)
    if isinstance(error, SopError) and error.code == "T0311" and error.message.rstrip().endswith("?"):
        return Question(0, "", error.message.removeprefix(CANNOT))
    return None


def said(choice: str) -> str:
    """A choice in words: steps in DSL are explained in English, on one line; other choices stay as they are."""
    from sopc.explainer.steps import steps_of
    from sopc.source import Source
    from sopc.syntax.parse import parse
    from sopc.tree import nodes

    try:
        steps = parse(Source("reading", f"script reading()\n{choice}\nend\n")).scripts[0].steps
    except CompileError:
        return choice
    lines = steps_of(nodes.Script(name="reading", steps=steps))
    return " ".join(" ".join([line.text, *line.parts]) for line in lines)


def kept(answers: Sequence[Answer], workflow: Workflow) -> list[Answer]:
    """The answers to sentences that are still in the text."""
    sentences = {"", *(sentence.text for sentence in workflow.sentences)}
    return [answer for answer in answers if answer.sentence in sentences]


def by_sentence(answers: Sequence[Answer]) -> Mapping[str, str]:
    return {answer.sentence: answer.answer for answer in answers}
