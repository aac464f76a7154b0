"""A nearest form keeps what a refused sentence says: its numbers, values, directions, denials, and what it does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sopc.diagnostics import CompileError
from tests.english.patterns.cases import Case, read_cases
from tests.english.patterns.workspace import Workspace

EVERY = 5  # cases; a sentence of each is made unreadable
# Any sentence of one step, whose last word is preceded by a word that means nothing.
CASES = [case for case in read_cases() if "\n" not in case.english and case.english.count(".") < 2][::EVERY]

UP = re.compile(r"\b(?:above|over|more than|at least|or more|exceeds?|greater|longer than|heavier|after|since)\b|>")
DOWN = re.compile(r"\b(?:below|under|less than|fewer than|at most|or less|shorter than|cheaper|before|until)\b|<")
MOST = re.compile(r"\b(?:highest|largest|biggest|most|top|best|latest|newest|longest|last|descending|heaviest)\b")
LEAST = re.compile(r"\b(?:lowest|smallest|fewest|least|oldest|earliest|shortest|cheapest|ascending|lightest)\b")
DENIED = re.compile(r"\b(?:not|no|never|without|except|nor|neither|outside|nobody|none|other than)\b|n't\b")
SUMMED = re.compile(r"\b(?:total|sum|average|mean|overall)\b")
COUNTED = re.compile(r"\b(?:how many|number of|count)\b")
CHANGES = re.compile(r"\b(?:delete|remove|drop|erase|set|change|update|raise|increase|reduce|create|insert|add)\b")
TIMES = re.compile(r"\b(?:today|yesterday|tomorrow|ago|week|month|year|quarter|day|january|may|june)s?\b")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
GROUPED = re.compile(r"(?<=\d),(?=\d)")  # 50,000
THOUSANDS = re.compile(r"(?<=\d)k\b")
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Workspace]]:
    made = {
        schema: Workspace(tmp_path_factory.mktemp(schema), schema, 0)
        for schema in sorted({case.schema for case in CASES})
    }
    yield made
    for workspace in made.values():
        workspace.sandbox.library.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.schema}-{case.english[:60]}")
def test_a_hint_says_what_the_sentence_says(case: Case, workspaces: dict[str, Workspace]) -> None:
    start, _, last = case.english.rpartition(" ")
    sentence = f"{start} quuxly {last}"
    try:
        workspaces[case.schema].draft(sentence)
    except CompileError as error:
        hints = [one.hint or "" for one in error.diagnostics]
    else:
        return  # the word became part of a text
    for form in (found[1] for hint in hints if (found := re.search("nearest form: (.*?); or let", hint))):
        plain = QUOTED.sub("", form).lower()
        said = THOUSANDS.sub("000", GROUPED.sub("", QUOTED.sub("", sentence).lower()))
        for kind in (UP, DOWN, MOST, LEAST, DENIED, SUMMED, COUNTED, CHANGES, TIMES):
            assert bool(kind.search(plain)) == bool(kind.search(said)), (kind.pattern, form, sentence)
        assert all(value.lower() in sentence.lower() for value in QUOTED.findall(form)), (form, sentence)
        assert all(value in form for value in QUOTED.findall(sentence)), (form, sentence)
        assert sorted(NUMBER.findall(plain)) == sorted(NUMBER.findall(said)), (form, sentence)
