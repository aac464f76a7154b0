"""Which unchanged sentences a new translation says otherwise."""

from __future__ import annotations

import pytest

from sopc.english.lock import write_sop
from sopc.english.unchanged import touched

OLD = """script s()
  @1 query found_1 = from items where size > 3
  @2 for each item in from found_1 do
    @3 say "{item.name}"
  end
  @4 emit from found_1
end
"""
SENTENCES = ["Find the items.", "For each:", "Say it.", "Show them."]


def compared(new: str, sentences: list[str]) -> list[int]:
    return touched(write_sop(OLD, "old", "hand", SENTENCES), write_sop(new, "new", "hand", sentences))


@pytest.mark.parametrize(
    ("replaced", "by", "numbers"),
    [
        ("size > 3", "size > 3", []),
        ("size > 3", "size > 4", [1]),
        ("found_1", "large_ones", []),
        ("item.name", "item.size", [3]),
        ("emit from found_1", "emit from items", [4]),
        ('    @3 say "{item.name}"\n', "", [2, 3]),
        ('@3 say "{item.name}"', '@3 say "{item.name}" @3 commit', [3]),
    ],
)
def test_the_same_sentences(replaced: str, by: str, numbers: list[int]) -> None:
    assert replaced in OLD
    assert compared(OLD.replace(replaced, by), SENTENCES) == numbers


def test_a_changed_sentence_may_say_anything() -> None:
    assert compared(OLD.replace("size > 3", "size > 4"), ["Find the large items.", *SENTENCES[1:]]) == []


def test_sentences_that_moved_are_followed() -> None:
    new = OLD.replace("found_1", "found_2")
    for number in (4, 3, 2, 1):
        new = new.replace(f"@{number}", f"@{number + 1}")
    new = new.replace("script s()", 'script s()\n  @1 say "first"')
    assert compared(new, ["Say first.", *SENTENCES]) == []
    assert compared(new.replace("size > 3", "size > 9"), ["Say first.", *SENTENCES]) == [2]
