"""A translator's name and settings → what the evaluation calls for each case."""

from __future__ import annotations

from benchmarks.english.cases import Case
from benchmarks.english.trial import Translation
from sopc import pipeline
from sopc.context import Context
from sopc.source import Source
from sopc.testing import Bench

TRANSLATORS = ("patterns",)


def translate(case: Case, bench: Bench) -> Translation:
    with Context(bench.config, bench.library) as context:
        return Translation(pipeline.draft(Source("asked.txt", case.english), context, "patterns").sop_text)
