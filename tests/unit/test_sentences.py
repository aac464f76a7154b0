"""A workflow's text: its title, its sentences, its limits."""

from __future__ import annotations

import pytest

from runtime.errors import SopError
from sopc.english.sentences import MAX_CHARACTERS, read_workflow, script_name, turned
from sopc.source import BIDI_CONTROLS
from sopc.tree.nodes import MAX_SENTENCES


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in read_workflow(text, "file").sentences]


@pytest.mark.parametrize(
    "text",
    [
        "Check the boxes\n\nShow all.",
        "# Check the boxes\nShow all.",
        "Title: Check the boxes.\nShow all.",
        "Check the boxes\n===============\nShow all.",
        "\n\n  Check the boxes\n\nShow all.",
        "\ufeffCheck the boxes\n\nShow all.",
    ],
)
def test_a_title_names_the_script(text: str) -> None:
    workflow = read_workflow(text, "file")
    assert workflow.name == "check_the_boxes"
    assert [one.text for one in workflow.sentences] == ["Show all."]


@pytest.mark.parametrize("text", ["Show the boxes", "Show the boxes.\n\nThen the lids.", "Show the\nboxes and lids"])
def test_without_a_title_the_file_names_it(text: str) -> None:
    assert read_workflow(text, "my file-2").name == "my_file_2"


def test_a_name_begins_with_a_letter_and_needs_one() -> None:
    assert script_name("2024: Ä b's plan!") == "ä_bs_plan"
    with pytest.raises(SopError, match="no script name"):
        script_name("2024 – 7")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Show those above 1.5. Show the rest.", ["Show those above 1.5.", "Show the rest."]),
        ('Say "a. B? c!" now. Stop.', ['Say "a. B? c!" now.', "Stop."]),
        ("Say 'it. Is' now. Stop.", ["Say 'it. Is' now.", "Stop."]),
        ("Ask “Go on?” and stop. Stop.", ["Ask “Go on?” and stop.", "Stop."]),
        ('Say "done." Then stop.', ['Say "done."', "Then stop."]),
        ("Show e.g. the boxes, i.e. all. Stop.", ["Show e.g. the boxes, i.e. all.", "Stop."]),
        ("Show box no. 5. If the answer is no. Stop.", ["Show box no. 5.", "If the answer is no.", "Stop."]),
        ("Show the box's lid. It isn't open.", ["Show the box's lid.", "It isn't open."]),
        ("How many?  Show\nthem all.", ["How many?", "Show them all."]),
        ("Use `a. b` here. Stop.", ["Use `a. b` here.", "Stop."]),
        ("Visit example.com now. Stop", ["Visit example.com now.", "Stop"]),
        ("Call J. Smith now. Stop.", ["Call J. Smith now.", "Stop."]),
    ],
)
def test_sentences_end_where_a_reader_sees_the_end(text: str, wanted: list[str]) -> None:
    assert sentences(text) == wanted


def test_list_items_are_sentences_with_a_level() -> None:
    text = "Do this:\n- one\n  goes on\n  * deeper\n- two. And three.\nOutside.\n\n1. first\n2) second\n(a) third"
    found = read_workflow(text, "file").sentences
    assert [(one.text, one.level, one.opens) for one in found] == [
        ("Do this:", 0, True),
        ("one goes on", 1, False),
        ("deeper", 2, False),
        ("two.", 1, False),
        ("And three.", 1, False),
        ("Outside.", 0, False),
        ("first", 1, False),
        ("second", 1, False),
        ("third", 1, False),
    ]


def test_sentences_are_numbered_and_know_their_place() -> None:
    text = "Title\n\nShow  one.\nShow two."
    found = read_workflow(text, "file").sentences
    assert [one.number for one in found] == [1, 2]
    assert [text[one.start : one.end] for one in found] == ["Show  one.", "Show two."]


@pytest.mark.parametrize("text", ["", "  \n\t\n", "\ufeff", "...", "- \n-\n"])
def test_a_text_without_a_sentence_is_an_error(text: str) -> None:
    with pytest.raises(SopError) as error:
        read_workflow(text, "file")
    assert error.value.code == "T0101"


def test_a_text_of_more_than_a_million_characters_is_an_error() -> None:
    read_workflow("a" * MAX_CHARACTERS, "file")
    with pytest.raises(SopError) as error:
        read_workflow("a" * (MAX_CHARACTERS + 1), "file")
    assert error.value.code == "T0102"


@pytest.mark.parametrize("title", ["2024 / 07", "価格" * 40])
def test_a_title_that_can_name_no_script_is_an_error(title: str) -> None:
    with pytest.raises(SopError) as error:
        read_workflow(f"{title}\n\nShow the boxes.", "file")
    assert error.value.code == "T0103"


@pytest.mark.parametrize(("title", "name"), [("Sum", "sum"), ("Count", "count"), ("Starts with", "starts_with")])
def test_a_title_that_is_a_function_gets_a_script_of_another_name(title: str, name: str) -> None:
    workflow = read_workflow(f"{title}\n\nShow the boxes.", "file")
    assert workflow.name == f"{name}_script"
    assert workflow.renamed == f"`{name}` is a function, so the script is called {name}_script"
    assert read_workflow("Boxes\n\nShow the boxes.", "file").renamed is None


def test_a_text_of_more_than_two_thousand_sentences_is_an_error() -> None:
    assert len(read_workflow("Show. " * MAX_SENTENCES, "file").sentences) == MAX_SENTENCES
    with pytest.raises(SopError) as error:
        read_workflow("Show. " * (MAX_SENTENCES + 1), "file")
    assert error.value.code == "T0102"


@pytest.mark.parametrize("control", BIDI_CONTROLS)
def test_bidirectional_characters_are_in_no_sentence(control: str) -> None:
    text = f"Open{control} tasks\n\nShow all {control}tasks."
    workflow = read_workflow(text, "file")
    assert (workflow.name, workflow.title) == ("open_tasks", "Open tasks")
    assert [sentence.text for sentence in workflow.sentences] == ["Show all tasks."]
    assert [text[at] for at in turned(text)] == [control, control]
