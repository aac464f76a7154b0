"""Right programs and one-place mutants of them → how many mutants the check doubts, and how many right programs.

A mutant counts only if it runs and does something else on the data. Programs are halved by a hash of their names: one
half may be looked at while the check is written, the figures of the other are those that count.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from benchmarks.english.cases import Case, Schema
from benchmarks.english.judge import rows_of, same_rows
from benchmarks.english.mutants import mutants
from benchmarks.english.trial import Workspace
from runtime.errors import SopError
from runtime.runs.capture import Ran
from runtime.vm.output import Question
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.source import Source
from sopc.sql.convert import convert
from sopc.syntax.format import format_script
from sopc.syntax.parse import parse
from sopc.tree import nodes
from sopc.tree.visit import walk

_MOST_OF_A_KIND: Final = 2  # mutants of one program, so that no program weighs too much
_TRIED: Final = 8  # of a kind, until that many do something else
_MOST_VALUES: Final = 200
_SECONDS: Final = 1.0
_ROWS: Final = 2_000


@dataclass(frozen=True)
class Right:
    """A right program. text: with the numbers of its sentences. mutants: (kind, text) of those that do something
    else."""

    case: Case
    text: str
    mutants: tuple[tuple[str, str], ...] = ()

    @property
    def is_seen(self) -> bool:
        """Whether it is of a schema whose programs may be looked at while the check is written."""
        return crc32(self.case.schema.name.encode()) % 2 == 0


@dataclass
class Bench:
    """Databases for programs to run on, one for each schema."""

    folder: Path
    workspaces: dict[str, Workspace] = field(default_factory=dict)

    def workspace(self, schema: Schema) -> Workspace:
        if schema.name not in self.workspaces:
            self.workspaces[schema.name] = Workspace(self.folder / schema.name, schema)
        return self.workspaces[schema.name]

    def close(self) -> None:
        for workspace in self.workspaces.values():
            workspace.sandbox.library.close()

    def program(self, case: Case) -> str | None:
        """The right program of a case that asks a single question and is answered by SQL; None if there is none."""
        workspace = self.workspace(case.schema)
        expected = case.expected
        if case.steps or not expected.queries or expected.effect or expected.says:
            return None
        with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
            source = Source("asked.sql", expected.queries[0])
            try:
                script = convert(source, "sqlite", pipeline.usable_schemas(context), "asked").script
            except CompileError:
                return None
        steps = tuple(step.model_copy(update={"sentence": 1}) for step in script.steps)
        text = format_script(script.model_copy(update={"steps": steps}))
        try:
            (name, *_) = workspace.sandbox.compile(text, "asked.sop")
            rows = [tuple(record.values()) for record in _run(case, workspace, name).records]
        except (SopError, CompileError):
            return None
        wanted = rows_of(workspace.fresh, expected.queries[0])
        return text if same_rows(rows, wanted, ordered=expected.ordered) else None

    def with_mutants(self, case: Case, text: str, seed: int) -> Right | None:
        """A program with its mutants; None if it does not run to its end."""
        workspace = self.workspace(case.schema)
        script = parse(Source("asked.sop", text)).scripts[-1]
        wanted = _did(case, workspace, script)
        if wanted is None:
            return None
        with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
            schemas = pipeline.usable_schemas(context)
        chance = random.Random(f"{seed} {case.name}")
        taken: Counter[str] = Counter()
        tried: Counter[str] = Counter()
        found = []
        for mutant in mutants(script, schemas, cache(lambda name: _values(workspace.fresh, name)), chance):
            if taken[mutant.kind] >= _MOST_OF_A_KIND or tried[mutant.kind] >= _TRIED:
                continue
            tried[mutant.kind] += 1
            did = _did(case, workspace, mutant.script)
            if did is not None and did != wanted:
                taken[mutant.kind] += 1
                found.append((mutant.kind, format_script(mutant.script)))
        return Right(case, text, tuple(found))


def _did(case: Case, workspace: Workspace, script: nodes.Script) -> Any:
    """What a program does on fresh data; None if it does not compile or fails."""
    workspace.renew()
    try:
        (*_, name) = workspace.sandbox.compile(format_script(script), "asked.sop")
        ran = _run(case, workspace, name)
    except (SopError, CompileError):
        return None
    lines = ran.lines
    if lines[-1].get("status") not in ("ok", "failed") or (lines[-1].get("status") == "failed" and not _stops(lines)):
        return None
    sorts = any(isinstance(node, nodes.OrderBy | nodes.WindowSpec) for node in walk(script))
    shown = [json.dumps([line["type"], _plain(line.get("result"))]) for line in lines if line["type"] in _SEEN]
    with closing(sqlite3.connect(workspace.main)) as connection:
        data = sorted(line for line in connection.iterdump() if line.startswith("INSERT"))
    return (shown if sorts else sorted(shown), data, _plain(lines[-1].get("result")))


_SEEN: Final = ("record", "say", "error")


def _stops(lines: Sequence[dict[str, Any]]) -> bool:
    """Whether a run failed because the program says so."""
    return any(line["type"] == "error" and line["result"].get("code") in ("V0401", "V0402") for line in lines)


def _plain(result: Any) -> Any:
    if isinstance(result, dict):
        return result.get("message") if "code" in result else list(result.values())
    return result


def _run(case: Case, workspace: Workspace, name: str) -> Ran:
    answers = iter(case.answers)

    def prompt(question: Question) -> str | None:
        return None if question.problem else next(answers, "yes" if str(question.type) == "bool" else "1")

    return workspace.sandbox.run(name, case.args, prompt=prompt, max_seconds=_SECONDS, max_rows=_ROWS)


def _values(database: Path, name: str) -> list[Any]:
    """Values that the data hold in fields of a name."""
    found: list[Any] = []
    for (table,) in rows_of(database, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        for column in rows_of(database, f'PRAGMA table_info("{table}")'):
            if column[1] == name:
                found += rows_of(database, f'SELECT DISTINCT "{name}" FROM "{table}" LIMIT {_MOST_VALUES}')
    return [one for (one,) in found]
