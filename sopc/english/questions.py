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
_MAX_SHOWN: Final = 100  # letters of a row


@dataclass(frozen=True)
class Reading:
    """What one reading of a sentence does on the data.

    Attributes:
        number: With which it is chosen.
        said: In words.
        does: shows, finds, goes through, adds, changes, deletes.
        rows: How many; None if that could not be found out in time.
        only: Some that no other reading has.
        first: The first one, where only the order differs.
        same_as: The number of an earlier reading that does the same.
    """

    number: int
    said: str
    does: str
    rows: int | None
    only: tuple[dict[str, Any], ...] = ()
    first: dict[str, Any] | None = None
    same_as: int | None = None

    def to_json(self) -> dict[str, Any]:
        result: dict[str, Any] = {"number": self.number, "said": self.said, "does": self.does, "rows": self.rows}
        result["only"] = list(self.only)
        return result if self.first is None else {**result, "first": self.first}

    def lines(self) -> list[str]:
        """What it does, for a terminal."""
        rows = "many rows" if self.rows is None else f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"
        told = [f"{self.does} {rows}"]
        if self.first is not None:
            told.append(f"the first: {_row(self.first)}")
        return [", ".join(told), *(f"only this one: {_row(row)}" for row in self.only)]


def _row(row: dict[str, Any]) -> str:
    text = ", ".join(f"{name} {value}" for name, value in row.items())
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


@dataclass(frozen=True)
class Question:
    """A question of a translator.

    Attributes:
        sentence: Its number, from 1; 0 for the whole text.
        about: The sentence.
        text: Of the question.
        choices: The possible answers; none if any text is accepted.
        said: The choices in words.
        readings: What each choice does on the data; none if that was not tried.
    """

    sentence: int
    about: str
    text: str
    choices: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()

    @property
    def distinct(self) -> tuple[Reading, ...]:
        """The readings that do not do the same as an earlier one."""
        return tuple(one for one in self.readings if one.same_as is None)

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
        if self.readings:
            result["readings"] = [one.to_json() for one in self.distinct]
        return {"type": "ask", "file": file, "sentence": self.sentence, "result": result}

    def lines(self) -> list[str]:
        """The question as lines for a terminal."""
        head = [f"Sentence {self.sentence}: “{self.about}”"] if self.sentence else []
        if not self.readings:
            return [*head, f"  {self.text}", *(f"    {number}. {said}" for number, said in enumerate(self.said, 1))]
        listed = [
            line
            for one in self.distinct
            for line in (f"    {one.number}. {one.said}", *(f"       {told}" for told in one.lines()))
        ]
        return [*head, f"  {self.text}", *listed]


def question_in(error: Exception, workflow: Workflow) -> Question | None:
    """The question that the author can answer to resolve an error; None if no answer helps.

    Only the first finding counts, since later ones may follow from it.
    """
    if isinstance(error, CompileError):
        first = error.diagnostics[0]
        if first.sentence is None:
            return None
        about = workflow.sentences[first.sentence - 1].text
        if first.code == "T0205":
            return Question(first.sentence, about, first.message.partition(": ")[2])
        if not first.choices:
            return None
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
