"""Any text → a program or findings; never a traceback."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.query.schema import Schema
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.syntax.format import format_source
from tests.harness import cases, compile_text, make_database

TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[^\W\d]\w*|\d+|\S')
PROGRAMS = [path.read_text(encoding="utf-8") for path in cases("language")]
WORDS = sorted({token for text in PROGRAMS for token in TOKENS.findall(text) if not token.startswith("#")})
bounded = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def schema() -> Schema:
    with TemporaryDirectory() as folder:
        return make_database(Path(folder) / "main.db")


def compiles(text: str) -> bool:
    """Whether the text is a program. Findings must be renderable; anything but findings is raised."""
    try:
        compile_text(text, schema())
    except CompileError as error:
        assert error.diagnostics
        assert error.render()
        return False
    return True


@bounded
@given(st.text(max_size=200))
def test_any_characters(text: str) -> None:
    compiles(text)


@bounded
@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_any_tokens_in_a_script(words: list[str]) -> None:
    compiles("script test()\n  " + " ".join(words) + "\nend\n")


@pytest.mark.parametrize("seed", range(300))
def test_a_program_with_tokens_changed(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(PROGRAMS)
    for _ in range(chance.randint(1, 3)):
        spans = [match.span() for match in TOKENS.finditer(text)] or [(0, 0)]
        start, end = chance.choice(spans)
        other = text[slice(*chance.choice(spans))]
        text = (
            text[:start] + chance.choice(["", chance.choice(WORDS), other, f"{text[start:end]} {other}"]) + text[end:]
        )
    if compiles(text):
        assert compiles(format_source(Source("fuzz.sop", text)))


@pytest.mark.parametrize("seed", range(60))
def test_a_program_cut_off(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(PROGRAMS)
    compiles(text[: chance.randrange(len(text))])
