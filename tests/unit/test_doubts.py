"""Doubts about a valid program: each kind of mistake in one place is noticed, another wording of the same is not."""

from __future__ import annotations

import pytest

from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, DATE, INT, TEXT
from sopc.checker.program import check
from sopc.english.doubts.check import doubts
from sopc.english.reading.evidence import Values
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
                Field("packed", INT),
            ),
        ),
        "labels": Store(
            "labels",
            (Field("box_id", INT), Field("words", TEXT)),
            foreign_keys=(ForeignKey(("box_id",), "boxes", ("id",)),),
        ),
    }
)


class Names:
    """A lexicon's words as values."""

    def lookup(self, text: str) -> list[tuple[str, str, str, str]]:
        return [("main", "boxes", "colour", value) for value in ("Max", "No Name") if value.lower() == text.lower()]


def said(english: str, steps: str, parameters: str = "", values: Values | None = None) -> list[str]:
    source = Source("asked.sop", f"script asked({parameters})\n{steps}\nend\n")
    script = check(parse(source), source, {"main": SCHEMA}, lambda name: None).scripts[0]
    found = doubts(read_workflow(english, "asked"), script, {"main": SCHEMA}, values)
    return [f"{each.code} {each.sentence}: {each.message}" for each in found]


@pytest.mark.parametrize(
    ("english", "steps", "warning"),
    [
        (
            "Show the minimum and the maximum size of the boxes.",
            "@1 emit from boxes select max(size) as one, max(number) as two",
            "T0601 1: it says both ends, and no step takes the lowest",
        ),
        (
            "Which boxes have been packed?",
            "@1 emit from boxes where packed = 0",
            "T0602 1: its steps leave out rows by packed, and no sentence says not",
        ),
        (
            "Show the size of the boxes that are not sold.",
            "@1 emit from boxes select size except (from boxes where sold select number)",
            "T0604 1: its steps tie boxes.size to boxes.number, which is no key of both",
        ),
        (
            "Show the colour of the red boxes.",
            '@1 emit from boxes join labels on boxes.id = box_id where colour = "red" select words',
            "T0603 1: it asks for colour, and its steps show words",
        ),
        (
            "Count the boxes of each size.",
            "@1 emit from boxes group by colour select colour, count() as many",
            "T0601 1: it says size, and its steps do not use it",
        ),
        (
            "Show the words with the boxes.",
            "@1 emit from boxes as a join boxes as b on true join labels on b.id = box_id select words",
            "T0604 1: it asks for each row of boxes the same of boxes",
        ),
        (
            "Show the colour of the boxes.",
            "@1 emit from boxes",
            "T0601 1: it asks for the colour, and its steps show whole rows",
        ),
        (
            "Show the boxes by size.",
            "@1 emit from boxes select id, colour",
            "T0603 1: it says size, and its steps use id instead",
        ),
        ("Which boxes have few words?", "@1 emit from boxes", "T0601 1: it says words, and its steps do not use it"),
        ("Show a box above 10.", "@1 emit from boxes where size > 1", "T0601 1: it says 10, and no step does"),
        ("Show boxes.", "@1 emit from boxes where size > 7", "T0602 1: its steps say 7, and no sentence does"),
        (
            "Show the red boxes.",
            '@1 emit from boxes where colour = "red" or colour = "blue"',
            'T0602 1: its steps say "blue", and no sentence does',
        ),
        ("Show the boxes.", "@1 emit from boxes where size = 0", "T0602 1: its steps say 0, and no sentence does"),
        (
            "Show the boxes with labels.",
            "@1 emit from boxes where exists(from labels)",
            "T0604 1: it asks for each row of boxes the same of labels",
        ),
        ('Say "all done".', '@1 say "done"', 'T0601 1: it says "all done", and no step does'),
        (
            "If boxes are left, count the boxes.",
            "@1 let n = count(from boxes)",
            "T0601 1: it names a condition, and no step of it depends on one",
        ),
        (
            "Delete the sold boxes.",
            "@1 emit from boxes where sold",
            "T0601 1: it asks for a change, and no step of it makes one",
        ),
        (
            "Mark the boxes as sold.",
            "@1 update boxes set sold = true",
            "T0602 1: it does not say all, and its steps change every row of boxes",
        ),
        (
            "Show boxes of more than 5.",
            "@1 emit from boxes where size < 5",
            "T0603 1: it says more than 5, and its steps ask for less than 5",
        ),
        (
            "Show boxes of at least 5.",
            "@1 emit from boxes where size > 5",
            "T0603 1: it says at least 5, and its steps ask for more than 5",
        ),
        (
            "Show the boxes made before 2020.",
            '@1 emit from boxes where made_on > date "2020-01-01"',
            "T0603 1: its steps compare with 2020-01-01 in another way than it says",
        ),
        (
            "Show the boxes made in the last 7 days.",
            "@1 emit from boxes where made_on < today() - 7 days",
            "T0603 1: it says inside the 7 days, and its steps take the other side",
        ),
        (
            "Show the boxes by size, largest first.",
            "@1 emit from boxes order by size",
            "T0603 1: it says the highest first, and its steps sort the other way",
        ),
        (
            "Show the three largest boxes.",
            "@1 emit from boxes order by size desc limit 4",
            "T0602 1: its steps take 4 rows, and no sentence does",
        ),
        (
            "Show the largest box.",
            "@1 emit from boxes order by size desc",
            "T0601 1: it says largest, and its steps keep all rows",
        ),
        (
            "Show the average size of the boxes.",
            "@1 emit from boxes select sum(size) as size",
            "T0601 1: it says average, and no step works one out",
        ),
        (
            "Show the boxes without labels.",
            "@1 emit from boxes where exists(from labels where box_id = boxes.id)",
            "T0601 1: it says without, and no step leaves anything out",
        ),
        (
            "Show the boxes with labels.",
            "@1 emit from boxes where exists(from labels where box_id = boxes.size)",
            "T0604 1: its steps tie labels.box_id to boxes.size, which is no key of both",
        ),
        (
            "Delete the sold boxes.",
            "@1 update boxes where sold set size = 0",
            "T0603 1: it says to delete, and its steps only update",
        ),
        (
            "Show the boxes.",
            "@1 delete from boxes where sold",
            "T0320 1: its steps write boxes, and no sentence asks for a change",
        ),
        (
            "Set the size of the sold boxes to 5 for each label.",
            "@1 for each label in from labels do update boxes set size = 5 end",
            "T0604 1: for each row of a loop, its steps update every row of boxes",
        ),
    ],
)
def test_a_program_that_leaves_out_or_makes_up_something_gets_a_warning(english: str, steps: str, warning: str) -> None:
    assert warning in said(english, steps)


@pytest.mark.parametrize(
    ("english", "steps"),
    [
        ("Show the id, colour, size, number, made on, sold and packed of the boxes.", "@1 emit from boxes"),
        ("Which boxes have been packed?", "@1 emit from boxes where packed = 1"),
        ("Show the boxes that are not packed.", "@1 emit from boxes where packed = 0"),
        ("Show the boxes of colour Comp. Sci. with a size.", '@1 emit from boxes where colour = "Comp. Sci."'),
        ("Show the boxes of size 9 or 10.", "@1 emit from boxes where size = 9 or size = 10"),
        (
            "Show the boxes larger than the box with id 5.",
            "@1 emit from boxes where size > (from boxes as b where b.id = 5 select b.size)",
        ),
        ("Show the boxes that have no colour.", '@1 emit from boxes where colour = "null"'),
        ("Show the boxes whose colour is not null.", '@1 emit from boxes where colour != "null"'),
        ("Which boxes have a sold value of 1?", "@1 emit from boxes where sold"),
        ("Show the boxes that can take 50 labels.", "@1 emit from boxes where size >= 50"),
        ("Show the boxes listed in both colours.", "@1 emit from boxes"),
        ("Show the boxes that didnt sell.", "@1 emit from boxes where not sold"),
        ("Show the boxes whose colour is 'No Response'.", '@1 emit from boxes where colour = "No Response"'),
        ("Which boxes passed the test?", '@1 emit from boxes where colour = "yes"'),
        ("Which boxes did not pass the test?", '@1 emit from boxes where colour = "no"'),
        ("Show the boxes whose colour is F.", '@1 emit from boxes where colour = "F"'),
        ("Show the boxes of the colour 'No'.", '@1 emit from boxes where colour = "No"'),
        ("How many different boxes are there?", "@1 emit from boxes select count() as many"),
        (
            "Show the boxes smaller than at least one red box.",
            '@1 emit from boxes where size < (from boxes as b where b.colour = "red" select max(b.size) as most)',
        ),
        ("Show the size of the colour that was made first.", "@1 emit from boxes order by made_on select size limit 1"),
        ("Show the boxes in LA.", '@1 emit from boxes where colour = "Los Angeles"'),
        ("Show the words of the boxes.", "@1 emit from boxes join labels on boxes.id = box_id select words"),
        (
            "Show the words with the boxes.",
            "@1 emit from boxes as a join boxes as b on true join labels on b.id = box_id and a.id = b.id select words",
        ),
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
    assert said(english, steps, "size: int") == ["T0601 3: nothing comes of it"]
    assert said(english, f"{steps} @3 say text(size)", "size: int") == []
    assert said(english, "emit from boxes") == []  # no step says which sentence it comes from


class Held:
    """The colours that the boxes have."""

    def lookup(self, text: str) -> list[tuple[str, str, str, str]]:
        return [("main", "boxes", "colour", text.lower())] if text.lower() in ("the", "red") else []


def test_a_word_without_meaning_is_no_value_unless_it_is_quoted() -> None:
    source = Source("asked.sop", "script asked()\n@1 emit from boxes\nend\n")
    script = check(parse(source), source, {"main": SCHEMA}, lambda name: None).scripts[0]

    def doubted(english: str) -> list[str]:
        found = doubts(read_workflow(english, "asked"), script, {"main": SCHEMA}, Held())
        return [each.message for each in found]

    assert doubted("Show all the boxes.") == []
    assert doubted("Show all the red boxes.") == ["it says red, and no step does"]
    assert doubted('Show all the boxes whose colour is "the".') == ['it says "the", and no step does']


@pytest.mark.parametrize(
    ("english", "steps"),
    [
        ("Show the size of the boxes called Max.", '@1 emit from boxes where colour = "Max" select size'),
        ("Which boxes are No Name?", '@1 emit from boxes where colour = "No Name"'),
    ],
)
def test_names_of_the_data_are_no_words_of_the_lexicon(english: str, steps: str) -> None:
    assert said(english, steps, values=Names()) == []


def test_a_word_that_the_data_hold_too_keeps_its_meaning() -> None:
    found = said("Show the max size of the boxes.", "@1 emit from boxes select size", values=Names())
    assert found == ["T0601 1: it says max, and no step sorts, ranks or takes an extreme"]
