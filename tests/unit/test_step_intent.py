"""The words of a text, and the grammar narrowed to them: a step can be decoded only if a word asks for it, and then it
can."""

from __future__ import annotations

import pytest
from llguidance import LLMatcher, LLTokenizer

from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, INT, TEXT
from sopc.english.constrain.derive import workflow_grammar
from sopc.english.constrain.step_intent import step_intents
from sopc.english.constrain.vocabulary import Vocabulary, text_words
from sopc.english.sentences import read_workflow

BYTES = LLTokenizer("byte")
BOXES = Store("boxes", (Field("id", INT), Field("colour", TEXT), Field("size", INT), Field("sold", BOOL)), ("id",))
LABELS = Store(
    "labels",
    (Field("box_id", INT), Field("words", TEXT)),
    foreign_keys=(ForeignKey(("box_id",), "boxes", ("id",)),),
)
SCHEMA = Schema({"boxes": BOXES, "labels": LABELS})
SCRIPTS = {"pack": ("size",)}


def decoded(english: str, body: str) -> str:
    """As much of a script as can be decoded for a text."""
    workflow = read_workflow(english, "asked")
    words = text_words(each.text for each in workflow.sentences)
    intents = step_intents(workflow, SCRIPTS)
    vocabulary = Vocabulary("asked", {"main": SCHEMA}, SCRIPTS, frozenset(), words, len(workflow.sentences), intents)
    matcher = LLMatcher(BYTES, workflow_grammar(vocabulary))
    data = f"script asked{body}\nend\n".encode()
    count = matcher.try_consume_tokens(list(data))
    assert not matcher.get_error()
    return data[:count].decode()


@pytest.mark.parametrize(
    ("english", "body"),
    [
        ("Show the red boxes.", '()\n  @1 emit from boxes where colour = "red"'),
        ("Which boxes are sold?", "()\n  @1 emit from boxes where sold"),
        ("Show the boxes of a given colour.", "(colour: text)\n  @1 emit from boxes where boxes.colour = $colour"),
        (
            "Show the boxes with labels.",
            "()\n  @1 emit from boxes where exists(from labels where box_id = boxes.id and words != boxes.colour)",
        ),
        ("Delete the sold boxes.", "()\n  @1 delete from boxes where sold"),
        ("Add a label.", '()\n  @1 insert into labels { box_id: 1, words: "x" }'),
        (
            "Show each label with its colour.",
            "()\n  @1 emit from labels join boxes on labels.box_id = boxes.id select labels.words, boxes.colour",
        ),
        ('For each box, say "{colour}".', '()\n  @1 for each box in from boxes do say "{box.colour}" end'),
        ("Return the number of boxes.", "() -> int\n  @1 return count(from boxes)"),
        ("Call pack with 3.", "()\n  @1 call pack(size: 3)"),
        ("Hire Bo.", '()\n  @1 insert into boxes { id: 1, colour: "Bo" }'),  # a verb that no list has
        (
            "Count the boxes.\nIf there are more than 3, stop.\nOtherwise, mark all as sold.",
            '()\n  @1 let many = count(from boxes)\n  @2 if many > 3 then fail "many" else '
            "@3 update boxes set sold = true end",
        ),
        (
            "The colour is a parameter.\nShow the boxes of that colour.",
            "(colour: text)\n  @2 emit from boxes where boxes.colour = $colour",
        ),
        (
            'For each box:\n- Say "{colour}".\nShow all boxes.',
            '()\n  @1 for each box in from boxes do @2 say "{box.colour}" end\n  @3 emit from boxes',
        ),
        ("Zeige alle Kisten.", '()\n  @1 let n = count(from boxes)\n  @1 say "{n}"'),  # not English: anything
    ],
)
def test_what_a_text_speaks_of_can_be_decoded(english: str, body: str) -> None:
    whole = f"script asked{body}\nend\n"
    assert decoded(english, body) == whole


@pytest.mark.parametrize(
    ("english", "body", "until"),
    [
        ("Which boxes are sold?", "()\n  @1 let many = 3", "()\n  @1 "),
        ("Which boxes are sold?", "() -> int\n  @1 return 3", "() "),
        ("Which boxes are sold?", "(n: int)\n  @1 emit from boxes", "("),
        (
            "Which boxes are sold?",
            "()\n  @1 emit from boxes where size > $size",
            "()\n  @1 emit from boxes where size > ",
        ),
        ("Which boxes are sold?", "()\n  @1 emit from boxes where zzz > 1", "()\n  @1 emit from boxes where "),
        ("Show the boxes.", "()\n  @1 emit from boxes where labels.words", "()\n  @1 emit from boxes where l"),
        ("Show the boxes.", "()\n  @1 emit from boxes where sum(size) > 1", "()\n  @1 emit from boxes where su"),
        (
            "Show the boxes.",
            "()\n  @1 emit from boxes where size in (from labels)",
            "()\n  @1 emit from boxes where size in (from labels",
        ),
        ("Add a label.", "()\n  @1 insert into labels { box_id: 1 }", "()\n  @1 insert into labels { box_id: 1 "),
        (
            "Add a label.",
            '()\n  @1 insert into labels { box_id: 1, words: "x", words: "y" }',
            '()\n  @1 insert into labels { box_id: 1, words: "x"',
        ),
        (
            "Show the labels.",
            "()\n  @1 emit from labels join boxes on words",
            "()\n  @1 emit from labels join boxes on ",
        ),
        ("Show the sold boxes.", "()\n  @1 delete from boxes", "()\n  @1 "),
        ("Delete the sold boxes.", "()\n  @1 ask", "()\n  @1 "),
        ("Count the boxes.\nShow them.", "()\n  @2 emit from boxes", "()\n  @"),
        (
            "Find the boxes.\nShow them.",
            "()\n  @1 query chosen = from boxes\nend",
            "()\n  @1 query chosen = from boxes\ne",  # which `except` begins with
        ),
        (
            'Say "a" to all.\nSay "b".',
            '()\n  @1 say "a"\n  @2 say "b"\n  @1 say "c"',
            '()\n  @1 say "a"\n  @2 say "b"\n  @',
        ),
    ],
)
def test_what_it_does_not_speak_of_can_not(english: str, body: str, until: str) -> None:
    assert decoded(english, body) == f"script asked{until}"


NO_KEY = Store("notes", (Field("words", TEXT),))
SHAPES = [
    {},
    {"main": Schema({})},
    {"main": Schema({"notes": NO_KEY})},
    {"main": Schema({"boxes": BOXES, "labels": LABELS, "notes": NO_KEY})},
    {"main": Schema({"labels": LABELS})},  # its key points at a store that is not shown
    {"main": Schema({"old": Store("old", (Field("id", INT),), read_only=True)})},
    {"a": Schema({"boxes": BOXES}), "b": Schema({"boxes": BOXES, "labels": LABELS})},
]


@pytest.mark.parametrize("schemas", SHAPES, ids=range(len(SHAPES)))
@pytest.mark.parametrize(
    "english", ["Show the notes.", "The size is a parameter.", "Add a note.\nFor each note:\n- Say it."]
)
def test_a_grammar_is_made_of_any_schema(schemas: dict[str, Schema], english: str) -> None:
    workflow = read_workflow(english, "asked")
    intents = step_intents(workflow, ())
    words = text_words(each.text for each in workflow.sentences)
    vocabulary = Vocabulary("asked", schemas, {}, frozenset(), words, len(workflow.sentences), intents)
    matcher = LLMatcher(BYTES, workflow_grammar(vocabulary))
    assert matcher.try_consume_tokens(list(b"script asked()")) == 14, matcher.get_error()[:200]
