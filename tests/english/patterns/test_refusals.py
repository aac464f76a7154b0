"""Sentences that patterns don't read give an error with the sentence and the words; two readings give a question."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sopc.context import Context
from sopc.diagnostics import CompileError, Diagnostic
from sopc.source import Source
from sopc.workflow import translation
from tests.english.patterns.workspace import schema_sql
from tests.sandbox import Sandbox

SQL = schema_sql("shop")
TWO_MEASURES = """
CREATE TABLE parcels (id INTEGER PRIMARY KEY, width INTEGER, weight INTEGER, sender TEXT, receiver TEXT,
                      sent_on DATE, received_on DATE);
INSERT INTO parcels VALUES (1, 10, 20, 'Ann', 'Bob', '2024-01-01', '2024-01-03'), (2, 5, 7, 'Bob', 'Cy', NULL, NULL);
"""


def findings(folder: Path, sql: str, english: str) -> list[Diagnostic]:
    with closing(sqlite3.connect(folder / "main.db")) as connection, connection:
        connection.executescript(sql)
    connection.close()
    with Sandbox(folder, {"main": "sqlite:///main.db"}) as sandbox, Context(sandbox.config, sandbox.library) as context:
        with pytest.raises(CompileError) as error:
            translation.draft(Source("asked.txt", english), context, "patterns")
        assert not list(sandbox.library.names())
    return error.value.diagnostics


@pytest.mark.parametrize(
    ("english", "word"),
    [
        ("Show the biggest fish.", "fish"),
        ("Show the sales in Atlantis.", "Atlantis"),
        ("Show the nice sales in Europe.", "nice"),
        ("Show the sales in Europe, darling.", "darling"),
        ("Show the salse in Europe.", "salse"),
        ("Wipe the sales.", "Wipe"),
        ("Show the sales in Europe unless it rains.", "rains"),
        ("Which products has Acme reviewed?", "reviewed"),
        ('For each customer say "hello", and finally say "end".', "finally"),
        ("Show the customers who stole a kettle.", "stole"),
        ("Show the customers who bought a spoon.", "spoon"),
        ("Show the products that cost more than 10 per night.", "night"),
    ],
)
def test_a_word_that_means_nothing_is_named(english: str, word: str, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, SQL, english)
    assert found.code == "T0201"
    assert f'"{word}"' in found.message
    assert found.hint


@pytest.mark.parametrize(
    ("english", "reason"),
    [
        ("Show 3 sales.", "sorted"),
        ("Show the customers, largest first.", "nothing of that kind"),
        ('Create a product with label "mug".', "needs family and price too"),
        ("Show the customers without a title.", "never missing"),
        ("Find the sales in Asia. Delete them. Show them.", "sentence 2 changes the data"),
        ("Otherwise stop.", "follows no condition"),
        ("Show them.", "no pattern"),
        ('Say "{what is left}".', "not understood"),
        ("Show the sales sold on 2024-02-30.", "no day of the calendar"),
        ("Show the sales whose region is above 10.", "region holds no numbers"),
        ("Show the customers with sales in Asia and Europe.", "one of each, or any of them"),
        ("Show the sales whose amount is not above 100 or below 50.", "read in two ways"),
        ('While there are sales, say "more".', "would never end"),
        ("Try to delete the sales in Asia. Show the sales.", "what is done where it fails is not said"),
        ("Try to delete the sales in Asia.", "what is done where it fails is not said"),
        ('If that fails, say "kept".', "no step stands right before it"),
        ('Find the sales in Asia. If that fails, say "none".', "spoken of later"),
        ('Try to delete the sales in Asia and commit; if that fails, say "kept".', "can't be undone"),
        ("Show the error.", "nothing has failed here"),
        ("Which customers weigh more than 70?", "which field tells it is not clear"),
        ("Show the customers who sold a kettle.", "not in this order"),
        ("Show the customers bought by Acme.", "no pattern"),
        ("If there are more than 2 products sold in Asia, stop.", "once or twice"),
        ("For each sale from 1 to 3, show the products.", "is what rows are called"),
    ],
)
def test_known_words_that_do_not_fit_are_explained(english: str, reason: str, tmp_path: Path) -> None:
    found = findings(tmp_path, SQL, english)
    assert found[-1].code == "T0202"
    assert reason in found[-1].message


@pytest.mark.parametrize(
    ("english", "readings"),
    [
        ("Show the parcels, largest first.", ("order by width desc", "order by weight desc")),
        ("Show the parcels of Bob.", ('sender = "Bob"', 'receiver = "Bob"')),
        ("Show the parcels in 2024.", ("sent_on >=", "received_on >=")),
        ("Show the parcels below 10.", ("width < 10", "weight < 10")),
        (
            "Show the parcels whose width is above 1 and whose weight is above 2 or whose sender is Ann.",
            ('width > 1 and weight > 2 or sender = "Ann"', 'width > 1 and (weight > 2 or sender = "Ann")'),
        ),
        (
            "Find the parcels sent in 2024. Show the width of the parcels.",
            ("emit from found_1 select width", "emit from parcels select width"),
        ),
    ],
)
def test_two_readings_are_listed_and_none_is_taken(english: str, readings: tuple[str, ...], tmp_path: Path) -> None:
    (found,) = findings(tmp_path, TWO_MEASURES, english)
    assert found.code == "T0203"
    for reading in readings:
        assert reading in (found.hint or "")


@pytest.mark.parametrize(
    "english",
    ["Show the total price of the products sold in 2024.", "Count the products that Acme bought."],
)
def test_a_reading_that_is_not_certain_is_asked_about(english: str, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, SQL, english)
    assert found.code == "T0203"
    assert len(found.choices) >= 1


def test_every_sentence_that_fails_is_named_with_its_place(tmp_path: Path) -> None:
    english = "Show the fish. Show the sales in Europe. Show the birds."
    found = findings(tmp_path, SQL, english)
    assert [one.sentence for one in found] == [1, 3]
    assert [english[one.span.start : one.span.end] for one in found if one.span] == [
        "Show the fish.",
        "Show the birds.",
    ]


def test_a_parameter_is_declared_once(tmp_path: Path) -> None:
    english = "Show the sales above a size (default 10) and below a size (default 20)."
    (found,) = findings(tmp_path, SQL, english)
    assert found.code == "T0204"
