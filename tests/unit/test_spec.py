"""Every example of grammar/SPEC.md is written in the one form of the formatter, and does what it says it does."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from sopc.source import Source
from sopc.syntax.format import format_file, format_source
from sopc.syntax.grammar import grammar_text
from sopc.syntax.parse import parse
from tests.harness import problems, read_case, run_case

SPEC = files("grammar").joinpath("SPEC.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```sop\n(.*?)^```", SPEC, re.MULTILINE | re.DOTALL)


def heading(example: str) -> str:
    found = re.findall(r"^script (\w+)", example, re.MULTILINE)
    return found[-1] if found else example[:20]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 15
    assert SPEC.count("```") == 2 * len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=heading)
def test_an_example_is_in_its_one_form(example: str) -> None:
    assert format_source(Source("SPEC.md", example)) == example
    without_comments = format_file(parse(Source("SPEC.md", example)))
    assert format_source(Source("SPEC.md", without_comments)) == without_comments


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "# expect" in e], ids=heading)
def test_an_example_does_what_it_says(example: str, tmp_path: Path) -> None:
    (tmp_path / "example.sop").write_text(example, encoding="utf-8")
    case = read_case(tmp_path / "example.sop")
    (tmp_path / "run").mkdir()
    assert problems(case, run_case(case, tmp_path / "run")) == []


def test_the_examples_use_every_keyword() -> None:
    words = set(re.findall(r'"([a-z]{2,})"', re.sub(r"//.*", "", grammar_text())))
    written = set(re.findall(r"[a-z]+", "\n".join(EXAMPLES)))
    units = {"second", "seconds", "minute", "minutes", "hour", "hours", "day", "week"}
    assert words - units - {"asc"} <= written  # the formatter leaves `asc` away
