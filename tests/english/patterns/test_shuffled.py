"""Sentences with words swapped, dropped and mixed in: each is refused clearly, or its program is one that checks."""

from __future__ import annotations

import random
from pathlib import Path

from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.patterns.grammar import grammar
from sopc.source import Source
from sopc.workflow import translation
from tests.english.patterns.cases import read_cases
from tests.english.patterns.workspace import make, schema_sql
from tests.sandbox import Sandbox

SENTENCES = 300
SHOP = [case.english for case in read_cases() if case.schema == "shop" and len(case.english.splitlines()) == 1]


def shuffled(source: random.Random, vocabulary: list[str]) -> str:
    first, second = (source.choice(SHOP).rstrip(".?").split() for _ in range(2))
    words = first[: source.randint(0, len(first))] + second[source.randint(0, len(second)) :]
    for _ in range(source.randint(0, 3)):
        words.insert(source.randint(0, len(words)), source.choice(vocabulary))
        words.pop(source.randrange(len(words)))
    text = " ".join(words)
    return text if any(map(str.isalnum, text)) else "show"


def test_shuffled_sentences_are_refused_or_give_programs_that_check(tmp_path: Path) -> None:
    make(tmp_path / "main.db", schema_sql("shop"))
    source = random.Random(20)
    vocabulary = sorted(grammar().words)
    read = 0
    with (
        Sandbox(tmp_path, {"main": "sqlite:///main.db"}) as sandbox,
        Context(sandbox.config, sandbox.library) as context,
    ):
        for _ in range(SENTENCES):
            text = shuffled(source, vocabulary)
            try:
                draft = translation.draft(Source("shuffled.txt", text), context, "patterns")
            except CompileError as error:
                assert {one.code for one in error.diagnostics} <= {"T0201", "T0202", "T0203", "T0204"}, text
                continue
            read += 1
            try:
                pipeline.compile_source(Source("shuffled.sop", draft.sop_text), context)
            except CompileError as error:
                raise AssertionError(f"{text}\n{draft.sop_text}\n{error.render()}") from error
    assert 3 < read < SENTENCES
