"""Words that are no names of the schema, and what a program took them for."""

from __future__ import annotations

import pytest

from runtime.query.schema import Field, Schema, Store
from runtime.values.types import DATE, INT, TEXT
from sopc.checker.program import check
from sopc.english.doubts.taken import taken
from sopc.english.sentences import read_workflow
from sopc.source import Source
from sopc.syntax.parse import parse

SCHEMA = Schema(
    {
        "customers": Store(
            "customers",
            (
                Field("id", INT),
                Field("name", TEXT),
                Field("fee", INT),
                Field("joined_on", DATE),
                Field("homepage", TEXT),
            ),
            ("id",),
        )
    }
)


@pytest.mark.parametrize(
    ("english", "steps", "told"),
    [
        (
            "Show the most expensive customer.",
            "@1 emit from customers order by fee desc limit 1",
            ['"most expensive" is taken as the fee'],
        ),
        (
            "Show the newest clients.",
            "@1 emit from customers order by joined_on desc",
            ['"newest" is taken as the joined_on', '"clients" is taken as rows of customers'],
        ),
        (
            "Show the website of the customers.",
            "@1 emit from customers select homepage",
            ['"website" is taken as the homepage'],
        ),
        ("Show the customers with the highest fee.", "@1 emit from customers order by fee desc limit 1", []),
        ("Show the customers by name.", "@1 emit from customers order by name", []),
        ("Show the most expensive customer.", "@1 emit from customers order by name limit 1", []),
    ],
)
def test_what_a_word_is_taken_for(english: str, steps: str, told: list[str]) -> None:
    source = Source("asked.sop", f"script asked()\n{steps}\nend\n")
    script = check(parse(source), source, {"main": SCHEMA}, lambda name: None).scripts[0]
    assert taken(read_workflow(english, "asked"), script, {"main": SCHEMA}) == [(1, one) for one in told]
