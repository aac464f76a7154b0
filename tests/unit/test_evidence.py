"""Evidences: what each span of a sentence may mean, with its cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, DATE, INT, TEXT
from sopc.english.reading import aliases, evidence
from sopc.english.reading.evidence import evidences
from sopc.english.reading.tokens import amounts, moments, tokenize

SCHEMA = Schema(
    {
        "people": Store(
            "people",
            (Field("id", INT), Field("fname", TEXT), Field("home_town", TEXT), Field("is_active", BOOL)),
            ("id",),
        ),
        "product_reviews": Store(
            "product_reviews",
            (Field("review_id", INT), Field("person_id", INT), Field("review_text", TEXT), Field("written_on", DATE)),
            ("review_id",),
            foreign_keys=(ForeignKey(("person_id",), "people", ("id",)),),
        ),
    }
)
HELD = {"new york": "New York", "york": "York"}


class Held:
    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        value = HELD.get(" ".join(text.lower().split()))
        return [("main", "people", "home_town", value)] if value else []


def said(sentence: str, kind: type[Any], **more: Any) -> list[tuple[str, Any]]:
    """The words of each evidence of a kind, with it."""
    tokens = tokenize(sentence)
    return [
        (sentence[tokens[one.start].start : tokens[one.end - 1].end], one)
        for one in evidences(sentence, {"main": SCHEMA}, Held(), **more)
        if isinstance(one, kind)
    ]


@pytest.mark.parametrize(
    ("words", "store", "cost"),
    [("person", "people", 0), ("People", "people", 0), ("product reviews", "product_reviews", 0),
     ("reviews", "product_reviews", aliases.LAST_WORD), ("products", "product_reviews", aliases.FIRST_WORD)],
)  # fmt: skip
def test_stores_by_their_aliases(words: str, store: str, cost: float) -> None:
    assert (words, store, cost) in [(text, one.store, one.cost) for text, one in said(words, evidence.Store)]


@pytest.mark.parametrize(
    ("words", "field", "cost"),
    [("first name", "fname", 0), ("first names", "fname", 0), ("town", "home_town", aliases.ONLY_LAST),
     ("hometown", None, 0), ("active", "is_active", aliases.WITHOUT_STORE), ("written date", "written_on", 0.1),
     ("review", "review_text", aliases.WITHOUT_TAIL), ("text", "review_text", aliases.WITHOUT_STORE),
     ("town of home", "home_town", aliases.WITHOUT_STORE), ("`home_town`", "home_town", 0)],
)  # fmt: skip
def test_fields_by_their_aliases(words: str, field: str | None, cost: float) -> None:
    found = [(one.field, one.cost) for text, one in said(words, evidence.Field) if text == words]
    assert (field, cost) in found if field else not found


def test_values_whole_and_as_the_data_spell_them() -> None:
    found = [(text, one.value, one.quoted) for text, one in said("those from  NEW york", evidence.Value)]
    assert ("NEW york", "New York", False) in found
    assert [one.quoted for _, one in said('those from "york"', evidence.Value)] == [True]
    assert [one.text for _, one in said('those from "Jork"', evidence.Text)] == ["Jork"]


def test_variables_and_scripts_by_their_words() -> None:
    assert [one.name for _, one in said("below the low limit", evidence.Variable, variables=["low_limit"])] == [
        "low_limit"
    ]
    assert [one.name for _, one in said("run pay day", evidence.Script, scripts=["pay_day"])] == ["pay_day"]


def test_senses_with_their_degree() -> None:
    found = [(text, one.name, one.degree) for text, one in said("the oldest of more than 5", evidence.Sense)]
    assert ("oldest", "old", "superlative") in found
    assert ("more than", "more", "positive") in found


@pytest.mark.parametrize(
    ("text", "value", "unit", "ordinal"),
    [("5k", "5000", "", False), ("1,250.50", "1250.50", "", False), ("$100", "100", "money", False),
     ("12%", "12", "percent", False), ("12 percent", "12", "percent", False), ("1.5 million", "1500000", "", False),
     ("twenty five", "25", "", False), ("two hundred", "200", "", False), ("a dozen", "12", "", False),
     ("third", "3", "", True), ("22nd", "22", "", True)],
)  # fmt: skip
def test_amounts(text: str, value: str, unit: str, ordinal: bool) -> None:
    (found,) = amounts(tokenize(text), text)
    assert (found.value, found.unit, found.ordinal) == (Decimal(value), unit, ordinal)


@pytest.mark.parametrize(
    ("text", "year", "month", "day"),
    [("2026-01-31", 2026, 1, 31), ("31 January 2026", 2026, 1, 31), ("Jan 31st, 2026", 2026, 1, 31),
     ("the 31st of January", None, 1, 31), ("March 2026", 2026, 3, None), ("in May", None, 5, None),
     ("2007", 2007, None, None)],
)  # fmt: skip
def test_moments(text: str, year: int | None, month: int | None, day: int | None) -> None:
    (found,) = moments(tokenize(text))
    assert (found.year, found.month, found.day) == (year, month, day)


@pytest.mark.parametrize("text", ["it may fail", "12345", "31 boxes"])
def test_what_is_no_moment(text: str) -> None:
    assert not moments(tokenize(text))


def test_a_weekday() -> None:
    (found,) = moments(tokenize("on Fridays"))
    assert found.weekday == 4
