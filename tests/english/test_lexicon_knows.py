"""What two parts of the code know of English, grammar/english.toml knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import msgspec
import pytest

from sopc.english import changes
from sopc.english.examples import words as examples
from sopc.english.lexicon import bases, lexicon
from sopc.english.patterns.grammar import grammar

WORD = re.compile(r"[a-z]+")


def words_in(value: Any) -> Iterable[str]:
    """The words of every text in a value, however nested."""
    if isinstance(value, str):
        yield from WORD.findall(value.lower())
    elif isinstance(value, dict):
        yield from words_in((*value, *value.values()))
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            yield from words_in(each)


PARTS = {
    "patterns": {word for word in grammar().words if word.isalpha()},
    "changes": {*words_in(changes._ALL.split("|")), *words_in(changes._IDIOMS)},
    "examples": {*words_in([examples._NULLS, tuple(examples._DAYS)])},
}
KNOWN = {*words_in(msgspec.to_builtins(lexicon()))}


def is_known(word: str) -> bool:
    stems = {mark[:-1] for marks in lexicon().marks.values() for mark in marks if mark.endswith("*")}
    return bool(KNOWN & bases(word)) or any(word.startswith(stem) for stem in stems if len(stem) > 2)


@pytest.mark.parametrize(("one", "other"), list(combinations(PARTS, 2)))
def test_no_word_is_known_to_two_parts_and_not_to_the_lexicon(one: str, other: str) -> None:
    assert {word for word in PARTS[one] & PARTS[other] if not is_known(word)} == set()


def test_a_word_that_the_lexicon_lacks_is_noticed() -> None:
    assert not is_known("frobnicate")
    assert is_known("delete")
