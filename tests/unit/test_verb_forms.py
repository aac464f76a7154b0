"""Which words are forms of a verb, and which only look like one."""

from __future__ import annotations

import pytest

from sopc.english.patterns.words import is_form


@pytest.mark.parametrize(
    ("written", "verb"),
    [("shipped", "ship"), ("created", "create"), ("tried", "try"), ("arriving", "arrive"), ("bought", "buy"),
     ("ordered", "order"), ("stopping", "stop"), ("filled", "fill")],
)  # fmt: skip
def test_forms_of_a_verb(written: str, verb: str) -> None:
    assert is_form(written, verb)


@pytest.mark.parametrize(
    ("written", "verb"), [("ordered", "orde"), ("lettered", "lette"), ("numbered", "numbe"), ("shipped", "shop")]
)
def test_a_stem_that_loses_a_letter_is_no_verb_of_it(written: str, verb: str) -> None:
    """An order is nobody who "ordes", so that "Who ordered the chair?" asks for no orders."""
    assert not is_form(written, verb)
