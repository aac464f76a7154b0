"""The lexicon: its file is whole, its phrases are found, and words are told to be forms of one."""

from __future__ import annotations

import pytest

from sopc.english.lexicon import bases, lexicon, phrases_at, same, same_words, singular


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("cities", "city"), ("people", "person"), ("children", "child"), ("boxes", "box"), ("buses", "bus"),
        ("statuses", "status"), ("criteria", "criterion"), ("series", "series"), ("wolves", "wolf"),
        ("movies", "movie"), ("taught", "teach"), ("rated", "rate"), ("planning", "plan"), ("studied", "study"),
        ("bought", "buy"), ("teaches", "teach"), ("flies", "fly"), ("won", "win"),
    ],
)  # fmt: skip
def test_a_form_and_its_base_are_one_word(form: str, base: str) -> None:
    assert base in bases(form)
    assert same(form, base)


@pytest.mark.parametrize(
    ("one", "other"),
    [("department", "depart"), ("organization", "organ"), ("number", "numb"), ("address", "addres"), ("bus", "bu"),
     ("analysis", "analysi"), ("his", "hi"), ("name", "names of")],
)  # fmt: skip
def test_other_words_are_not(one: str, other: str) -> None:
    assert not same(one, other)


def test_names_are_compared_word_by_word() -> None:
    assert same_words(("order", "lines"), ("order", "line"))
    assert not same_words(("order",), ("order", "line"))


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ("people", "person"),
        ("criteria", "criterion"),
        ("cities", "city"),
        ("boxes", "box"),
        ("statuses", "status"),
        ("employees", "employee"),
        ("children", "child"),
    ],
)
def test_the_singular_of_a_noun(several: str, one: str) -> None:
    assert singular(several) == one


@pytest.mark.parametrize(
    ("text", "name", "degree"),
    [
        ("more than five", "more", "positive"), ("deletes the boxes", "remove", "positive"),
        ("older boxes", "old", "comparative"), ("the oldest", None, None), ("oldest box", "old", "superlative"),
        ("for each box", "each", "positive"), ("never", "deny", "positive"), ("sorted by name", "sorted", "positive"),
        ("the percentage of boxes", "share", "positive"),
    ],
)  # fmt: skip
def test_the_longest_phrase_comes_first(text: str, name: str | None, degree: str | None) -> None:
    found = [phrase for phrase in phrases_at(text.split(), 0) if phrase.sense.kind != "filler"]
    assert (found[0].name, found[0].degree) == (name, degree) if name else not found


def test_no_form_is_listed_twice_in_a_sense() -> None:
    for name, sense in lexicon().sense.items():
        forms = [*sense.forms, *sense.comparative, *sense.superlative]
        assert len(forms) == len(set(forms)), name


def test_each_kind_holds_what_it_needs() -> None:
    for name, sense in lexicon().sense.items():
        assert sense.forms, name
        needed = {"compare": sense.op, "bound": sense.op, "aggregate": sense.fn, "write": sense.does,
                  "rank": sense.direction, "direction": sense.direction}.get(sense.kind, "-")  # fmt: skip
        assert needed, f"{name} of kind {sense.kind} lacks what it means"
        if sense.kind == "adjective":
            assert sense.larger or sense.time, name
            assert sense.comparative, name
            assert sense.superlative, name
