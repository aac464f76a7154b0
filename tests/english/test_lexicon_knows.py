"""What two parts of the code know of English, grammar/english.toml knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sopc.english import changes
from sopc.english import lexicon as lexicon_module
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
    "dates of examples": {*words_in([examples._NULLS, tuple(examples._DAYS)])},
}
SOURCES = Path(lexicon_module.__file__).parent
# What the code calls things, rather than what is said.
NAMES = {"main", "hole", "steps", "unit", "turns", "money", "while", "table", "true", "false"}
NAMES |= {"answer", "far"}  # a variable's name; "how far" and "so far", which have nothing in common
NAMES |= {"parameter", "workflow", "script", "default"}
NAMES |= {"int", "float", "decimal", "timestamp", "bool", "integer"}


def constants_of(folder: str) -> set[str]:
    """The single words among the constants of a package's modules."""
    nodes = [node for file in sorted((SOURCES / folder).glob("*.py")) for node in ast.parse(file.read_text()).body]
    assigned = [node.value for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None]
    inside = (one.value for value in assigned for one in ast.walk(value) if isinstance(one, ast.Constant))
    return {one for one in inside if isinstance(one, str) and re.fullmatch("[a-z]{2,}", one)} - NAMES


PARTS |= {folder: constants_of(folder) for folder in ("reading", "clauses", "doubts", "examples", "prompt", "by_sql")}
PARTS["patterns"] |= constants_of("patterns")
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
