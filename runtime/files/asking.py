"""What a file leaves open → the answer of a person, or none where nobody can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from runtime.files.decide import Ask, Option, Question

MOST: Final = 20  # options that a person is shown


def answer(ask: Ask | None, text: str, options: Iterable[tuple[str, str]]) -> int | None:
    """Ask.

    Args:
        ask: Asks a person; None where nobody can be asked.
        text: The question.
        options: What each answer means, and what says so beforehand on the command line.

    Returns:
        The position of the answer; None where nobody was asked.
    """
    shown = tuple(Option(*option) for option in options)[:MOST]
    return None if ask is None or len(shown) < 2 else ask(Question(text, shown))
