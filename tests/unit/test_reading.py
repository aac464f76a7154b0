"""Questions read by their evidences: what each comes to in the language, what is not certain, what is not read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, DATE, FLOAT, INT, TEXT
from sopc.english.patterns.finish import Unqualifier
from sopc.english.reading.reader import HIGH, LOW, Read, Reader
from sopc.syntax.format import format_step
from sopc.tree import nodes

SCHEMA = Schema(
    {
        "clinic": Store(
            "clinic",
            (Field("clinic_id", INT), Field("clinic_name", TEXT), Field("city", TEXT), Field("opened_year", INT)),
            ("clinic_id",),
        ),
        "doctor": Store(
            "doctor",
            (
                Field("doctor_id", INT), Field("fname", TEXT), Field("lname", TEXT), Field("age", INT),
                Field("salary", FLOAT), Field("gender", TEXT), Field("clinic_id", INT), Field("is_retired", BOOL),
            ),
            ("doctor_id",),
            foreign_keys=(ForeignKey(("clinic_id",), "clinic", ("clinic_id",)),),
        ),
        "patient": Store(
            "patient",
            (Field("id", INT), Field("name", TEXT), Field("birth_date", DATE), Field("city", TEXT)),
            ("id",),
        ),
        "visit": Store(
            "visit",
            (
                Field("visit_id", INT), Field("doctor_id", INT), Field("patient_id", INT), Field("visit_date", DATE),
                Field("cost", FLOAT), Field("reason", TEXT.or_null()),
            ),
            ("visit_id",),
            foreign_keys=(
                ForeignKey(("doctor_id",), "doctor", ("doctor_id",)),
                ForeignKey(("patient_id",), "patient", ("id",)),
            ),
        ),
    }
)  # fmt: skip
HELD = {
    ("clinic", "clinic_name"): ("Riverside", "Hill House"),
    ("clinic", "city"): ("Basel", "Ulm"),
    ("patient", "city"): ("Bern",),
    ("doctor", "gender"): ("F", "M"),
    ("visit", "reason"): ("flu", "check up"),
}


class Held:
    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        plain = " ".join(text.lower().split())
        return [("main", *place, value) for place, values in HELD.items() for value in values if value.lower() == plain]


READER = Reader({"main": SCHEMA}, Held())
MUSIC = Schema(
    {
        "band": Store(
            "band",
            (Field("band_id", INT), Field("name", TEXT), Field("genre", TEXT), Field("founded", INT)),
            ("band_id",),
        ),
        "album": Store(
            "album",
            (
                Field("album_id", INT), Field("band_id", INT), Field("title", TEXT), Field("release_year", INT),
                Field("copies_sold", INT), Field("track_count", INT), Field("producer", TEXT),
            ),
            ("album_id",),
            foreign_keys=(ForeignKey(("band_id",), "band", ("band_id",)),),
        ),
        "concert": Store(
            "concert",
            (
                Field("concert_id", INT), Field("band_id", INT), Field("venue", TEXT), Field("held_on", DATE),
                Field("ticket_price", FLOAT),
            ),
            ("concert_id",),
        ),
    }
)  # fmt: skip


class HeldMusic:
    def lookup(self, text: str) -> Sequence[tuple[str, str, str, str]]:
        held = {
            "jazz": ("band", "genre"), "folk": ("band", "genre"), "old mill": ("concert", "venue"),
            "blue hour": ("album", "title"), "city hall": ("concert", "venue"),
        }  # fmt: skip
        plain = " ".join(text.lower().split())
        return [("main", *held[plain], plain.title() if " " in plain else plain)] if plain in held else []


READERS = {"questions.txt": (READER, SCHEMA), "music.txt": (Reader({"main": MUSIC}, HeldMusic()), MUSIC)}


def dsl(one: Read, schema: Schema = SCHEMA) -> str:
    steps = Unqualifier(lambda origin: schema.stores.get(origin.store), frozenset()).steps(
        (nodes.Emit(query=one.query),)
    )
    return " ".join(format_step(steps[0]).split()).removeprefix("emit ")


def _read_lines(name: str) -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [(name, question, query.strip()) for question, query in zip(lines[::2], lines[1::2], strict=True)]


@pytest.mark.parametrize(("name", "question", "query"), [one for name in READERS for one in _read_lines(name)])
def test_questions_are_read(name: str, question: str, query: str) -> None:
    reader, schema = READERS[name]
    found = reader.read(question)
    assert found
    assert dsl(found[0], schema) == query
    assert found[0].cost < HIGH


@pytest.mark.parametrize(
    "question",
    [
        "What are the names of the patients?", "How many doctors are there?",
        "What is the average salary of the doctors?", "Show the city and the opened year of the clinics.",
    ],
)  # fmt: skip
def test_plain_questions_are_certain(question: str) -> None:
    assert READER.read(question)[0].cost < LOW


@pytest.mark.parametrize(
    "question",
    [
        "Show the purple names of the patients.",  # an unknown word
        "How many doctors who are acting are there?",
        "What is the name of the patient with the highest name?",  # texts have no highest
        "Show the doctors whose salary is not above 10 or below 5.",  # two ways
        "Show the first 3 patients.",  # of no order
        "Show the patients in Bern and Ulm.",  # no row holds both
        "Which doctors have both flu and check up?",
        "Delete the doctors older than 60.",
        "Show the patients whose city is above 5.",
        "How much is Riverside?",
        "Show the name of the patients and the names of their doctors.",  # doctors have no one name
        "Show the number of doctors by clinic.",
        "Show the cost of the visits rounded.",
        "How many doctors and patients are there?",
        "Show only the female doctors.",
        "What is the second highest salary?",
    ],
)
def test_what_is_not_read(question: str) -> None:
    assert not [one for one in READER.read(question) if one.cost < LOW]


def test_the_same_words_give_the_same_readings() -> None:
    question = "What are the names of the patients who visited doctors in Basel?"
    first = READER.read(question)
    assert [READER.read(question) for _ in range(3)] == [first] * 3
