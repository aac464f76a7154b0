"""Warnings about a valid program: a field, a number or words of its sentence that its steps lack,
and values that no sentence names. The sentences of `tests/english` check that right programs get no warning."""

from __future__ import annotations

import pytest

from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, DATE, INT, TEXT
from sopc.english.lint import lint
from sopc.english.sentences import read_workflow
from sopc.source import Source
from sopc.syntax.parse import parse

SCHEMA = Schema(
    {
        "boxes": Store(
            "boxes",
            (
                Field("id", INT),
                Field("colour", TEXT),
                Field("size", INT),
                Field("number", INT),
                Field("made_on", DATE),
                Field("sold", BOOL),
            ),
        ),
        "labels": Store(
            "labels",
            (Field("box_id", INT), Field("words", TEXT)),
            foreign_keys=(ForeignKey(("box_id",), "boxes", ("id",)),),
        ),
    }
)


def said(english: str, steps: str, parameters: str = "") -> list[str]:
    script = parse(Source("asked.sop", f"script asked({parameters})\n{steps}\nend\n")).scripts[0]
    return [
        f"{each.sentence}: {each.message}" for each in lint(read_workflow(english, "asked"), script, {"main": SCHEMA})
    ]


@pytest.mark.parametrize(
    ("english", "steps", "warning"),
    [
        ("Show the colour of the boxes.", "@1 emit from boxes", "1: it names boxes.colour, and its steps do not"),
        (
            "Show the boxes by size.",
            "@1 emit from boxes select id, colour",
            "1: it names boxes.size, and its steps do not",
        ),
        ("Which boxes have few words?", "@1 emit from boxes", "1: it names labels.words, and its steps do not"),
        ("Show a box above 10.", "@1 emit from boxes where size > 1", "1: it says 10, and no step does"),
        ("Show boxes.", "@1 emit from boxes where size > 7", "1: its steps say 7, and no sentence does"),
        (
            "Show the red boxes.",
            '@1 emit from boxes where colour = "red" and colour != "blue"',
            '1: its steps say "blue", and no sentence does',
        ),
        ("Show the boxes.", "@1 emit from boxes where size = 0", "1: its steps say 0, and no sentence does"),
        (
            "Show the boxes with labels.",
            "@1 emit from boxes where exists(from labels)",
            "1: it asks for each row of boxes the same of labels",
        ),
        ('Say "all done".', '@1 say "done"', '1: it says "all done", and no step does'),
        (
            "If boxes are left, count the boxes.",
            "@1 let n = count(from boxes)",
            "1: it names a condition, and no step of it depends on one",
        ),
        (
            "Delete the sold boxes.",
            "@1 emit from boxes where sold",
            "1: it asks for a change, and no step of it makes one",
        ),
        (
            "Mark the boxes as sold.",
            "@1 update boxes set sold = true",
            "1: it does not say all, and its steps change every row of boxes",
        ),
    ],
)
def test_a_program_that_leaves_out_or_makes_up_something_gets_a_warning(english: str, steps: str, warning: str) -> None:
    assert said(english, steps) == [warning]


@pytest.mark.parametrize(
    ("english", "steps"),
    [
        ("Show the boxes with their colour and size.", "@1 emit from boxes"),
        ("Show the number of boxes.", "@1 emit from boxes select count() as many"),
        ("Show the boxes made in the last two years.", "@1 emit from boxes where made_on > add_months(today(), -24)"),
        (
            "Show the boxes made between 2017 and 2019.",
            '@1 emit from boxes where made_on < date "2020-01-01" and made_on >= date "2017-01-01"',
        ),
        ("Make all boxes 5% bigger.", "@1 update boxes set size = int(size * 1.05)"),
        ("Show the boxes above 20k.", "@1 emit from boxes where size > 20000"),
        (
            "Show twice the size of the boxes above a dozen.",
            "@1 emit from boxes where size > 12 select 2 * size as double_size",
        ),
        (
            'For each box, say "{colour}: {its size}".',
            '@1 for each box in from boxes do say "{box.colour}: {box.size}" end',
        ),
        ("Show the boxes with labels.", "@1 emit from boxes where exists(from labels where box_id = boxes.id)"),
        ("Show the boxes with no size.", "@1 emit from boxes where size = 0"),
        ('For each box, say "Made" and its size.', '@1 for each box in from boxes do say "Made {box.size}" end'),
        ("Give me the boxes, please.", "@1 emit from boxes"),
        (
            "Ask whether to delete them.\nIf yes, delete the sold boxes.\nOtherwise, say so.",
            '@1 ask "Delete?" into yes: bool @2 if yes then delete from boxes where sold else @3 say "so" end',
        ),
    ],
)
def test_a_different_wording_of_the_same_gets_no_warning(english: str, steps: str) -> None:
    assert said(english, steps) == []


def test_a_sentence_without_steps_gets_a_warning_unless_it_describes_a_parameter() -> None:
    english = "The size is a parameter.\nShow the boxes of that size.\nSay so."
    steps = "@2 emit from boxes where boxes.size = $size"
    assert said(english, steps, "size: int") == ["3: nothing comes of it"]
    assert said(english, f"{steps} @3 say size", "size: int") == []
    assert said(english, "emit from boxes") == []  # no step says which sentence it comes from
