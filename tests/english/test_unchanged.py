"""Sentence patterns judge what is restored: their program of a text is right, before and after a change.

So no right change may be undone. And if a program was changed without need in an unchanged sentence, only that change
may be undone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from runtime.errors import SopError
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.incremental.blocks import Body, bodies, with_bodies, within
from sopc.english.incremental.compare import Before, script_of
from sopc.english.incremental.reasons import Reasons
from sopc.english.incremental.restore import put_back
from sopc.english.lock import split_sop
from sopc.english.sentences import read_workflow
from sopc.source import Source
from sopc.syntax.format import format_script
from sopc.tree import nodes
from tests.english.patterns.cases import read_cases
from tests.english.patterns.workspace import Workspace

SWAPPED = {"above": "below", "highest": "lowest", "more": "less", "before": "after", "first": "last"}
SWAPPED |= {after: before for before, after in SWAPPED.items()}
TEXTS = [
    (case.schema, case.english)
    for case in read_cases()
    if case.program and len(read_workflow(case.english, "asked").sentences) > 1
]


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workspace]:
    return {schema: Workspace(tmp_path_factory.mktemp(schema), schema, 0) for schema in {schema for schema, _ in TEXTS}}


def edits(english: str) -> Iterator[str]:
    """The text with one sentence changed, taken away or added."""
    for sentence in read_workflow(english, "asked").sentences:
        before, text, after = english[: sentence.start], sentence.text, english[sentence.end :]
        number = re.search(r"\b\d+\b", text)
        if number:
            yield f"{before}{text[: number.start()]}{int(number[0]) + 1}{text[number.end() :]}{after}"
        swapped = re.sub(r"\w+", lambda found: SWAPPED.get(found[0], found[0]), text)
        if swapped != text:
            yield before + swapped + after
        yield re.sub(r"[-\s]+$", "\n", before) + after
        between = "\n- " if sentence.level else " "
        yield f'{before}Say "extra".{between}{text}{after}'


def changed_without_need(new: nodes.Script, kept: set[int], chance: random.Random) -> nodes.Script | None:
    """With a step of one of these sentences dropped, one too many, or another query."""
    steps = [step for step in within(new.steps) if step.sentence in kept]
    if not steps:
        return None
    victim, needless = chance.choice(steps), nodes.Say(text=nodes.TextLiteral(parts=("needless",)))
    limit = nodes.Limit(count=nodes.IntLiteral(value=7))

    def changed(step: nodes.AnyStep) -> Body:
        if step is not victim:
            return (with_bodies(step, [block(body) for body in bodies(step)]),)
        if isinstance(step, nodes.Emit | nodes.NameQuery) and step.query and chance.random() < 0.5:
            query = step.query.model_copy(update={"stages": (*step.query.stages, limit)})
            return (step.model_copy(update={"query": query}),)
        if not bodies(step) and chance.random() < 0.5:
            return ()
        return needless.model_copy(update={"sentence": step.sentence}), step

    def block(body: Body) -> Body:
        return tuple(other for step in body for other in changed(step))

    return new.model_copy(update={"steps": block(new.steps)})


@pytest.mark.parametrize("schema", sorted({schema for schema, _ in TEXTS}))
def test_right_changes_stay_and_needless_ones_are_undone(schema: str, workspaces: dict[str, Workspace]) -> None:
    workspace, chance = workspaces[schema], random.Random(4)
    came_back = unexplained = 0

    def drafted(english: str) -> str | None:
        try:
            return workspace.draft(english)
        except (CompileError, SopError):
            return None

    with Context(workspace.sandbox.config, workspace.sandbox.library) as context:

        def holds(script: nodes.Script) -> bool:
            try:
                pipeline.built(Source("asked.sop", format_script(script)), context)
            except CompileError:
                return False
            return True

        for english in [english for each, english in TEXTS if each == schema]:
            old = drafted(english)
            assert old is not None
            for edited in edits(english):
                sop = drafted(edited)
                if sop is None:
                    continue
                text = split_sop(sop)[1]
                before, new = Before(old, read_workflow(edited, "asked").sentences), script_of(sop)
                assert put_back(before, text, holds)[1] == [], edited
                kept = set(before.sentences.kept.values()) - set(before.touched(new))
                worse = changed_without_need(new, kept, chance)
                if worse is None or not holds(worse):
                    continue
                mended = format_script(put_back(before, format_script(worse), holds)[0] or worse)
                right = format_script(before.recalled(new))
                assert mended in (right, format_script(before.recalled(worse))), edited
                came_back += mended == right
                reasons = Reasons(before, worse)
                touched = before.touched(script_of(mended))
                unexplained += any(reasons.against(each) is None for each in touched)
    assert came_back > 5 * unexplained
