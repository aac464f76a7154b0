"""Questions of `ask` → answers: given beforehand, asked of a person, or the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from runtime.errors import RunError, SopError
from runtime.runs.arguments import typed
from runtime.values.conversion import convert, to_text
from runtime.values.operators import same
from runtime.vm.output import Question, Waiting

Prompt = Callable[[Question], "str | None"]


def answer(question: Question, given: Mapping[str, str], prompt: Prompt | None, *, may_wait: bool = False) -> Any:
    """The answer as a value of the question's type.

    given: by step, as `--answer` names it; a wrong one is an error, V0404. prompt: asks a person, and again with
    `problem` set while the answer is wrong; None or an empty text stands for no answer, so the default. Waiting when
    there is none, and (may_wait: the run is kept) before the deadline of a question that has one.
    """
    began = monotonic()
    if question.has_default and question.default is not None:
        _check_choice(question, question.default, f'the default "{to_text(question.default)}"')
    if question.step in given:
        try:
            return accepted(question, given[question.step])
        except RunError as error:
            raise SopError("V0404", f"the answer to step {question.step}: {error.message}") from error
    while prompt is not None:
        text = prompt(question)
        if not text:
            break
        try:
            value = accepted(question, text)
        except RunError as error:
            question.problem = error.message
            continue
        if question.within is not None and monotonic() - began > question.within.total_seconds():
            return overdue(question)
        return value
    if question.has_default and (question.within is None or not may_wait):
        return question.default
    raise Waiting(question)


def overdue(question: Question) -> Any:
    """The default of a question whose deadline has passed; RunError V0406 when it has none."""
    if question.has_default:
        return question.default
    raise RunError("V0406", f"nobody answered step {question.step} in time: {question.text}", "a `default`")


def accepted(question: Question, text: str) -> Any:
    """The text as an answer; RunError V0105 when it is not of the type, or none of the choices."""
    return checked(question, typed(text, question.type), f'"{text}"')


def checked(question: Question, value: Any, said: str = "the answer") -> Any:
    """The value as one of the question's type; RunError V0105 as `accepted`."""
    value = convert(value, question.type)
    _check_choice(question, value, said)
    return value


def _check_choice(question: Question, value: Any, said: str) -> None:
    if question.choices is not None and not any(same(value, choice) for choice in question.choices):
        choices = ", ".join(to_text(choice) for choice in question.choices)
        raise RunError("V0105", f"{said} is none of the choices: {choices}")


def describe(question: Question) -> dict[str, Any]:
    """The result of an `ask` line."""
    result: dict[str, Any] = {"question": question.text, "type": str(question.type)}
    if question.choices is not None:
        result["choices"] = question.choices
    if question.within is not None:
        result["within"] = question.within
    if question.has_default:
        result["default"] = question.default
    return result
