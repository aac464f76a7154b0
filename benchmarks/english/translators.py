"""A translator's name and settings → what the evaluation calls for each case."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from benchmarks.english.cases import Case
from benchmarks.english.trial import Spent, Translate
from sopc.context import Context
from sopc.english.local.files import find, use
from sopc.english.translate import TRANSLATORS as TRANSLATORS
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.workflow import translation
from tests.sandbox import Sandbox

_TOKENS = re.compile(r"^=== round \d+: reply, ([\d,]+) tokens \(([\d,]+) cached\) \+ ([\d,]+)", re.MULTILINE)


def translator(name: str, settings: Mapping[str, str]) -> Translate:
    """settings: of the [translator] table of sop.toml; for "local", `file` names the model."""
    table = {key: value for key, value in settings.items() if key != "file"}

    def translate(case: Case, sandbox: Sandbox, spent: Spent) -> str:
        def told(round_: str) -> None:
            spent.rounds += 1
            spent.tokens += sum(
                int(count.replace(",", "")) for found in _TOKENS.findall(round_) for count in (found[0], found[2])
            )

        if "file" in settings:
            use(sandbox.config.home, find(settings["file"]))
        config = msgspec.structs.replace(sandbox.config, translator=table)
        with Context(config, sandbox.library) as context:
            source = Source("asked.txt", case.english)
            return translation.draft(source, context, name, listener=ProgressListener(work=told)).sop_text

    return translate
