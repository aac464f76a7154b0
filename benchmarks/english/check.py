"""Right programs and one-place mutants of them → how many of the mutants, and of the programs, the check doubts.

A right program is the case's SQL carried over to the language, or what the patterns translate, if either gives the
rows, messages and changes that the case asks for. A mutant counts only if it runs and does something else on the data.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final
from zlib import crc32

from benchmarks.english.cases import Case, Schema
from benchmarks.english.judge import rows_of, same_rows
from benchmarks.english.mutants import KINDS, mutants
from benchmarks.english.translators import translator
from benchmarks.english.trial import Workspace, doubted, judge
from runtime.errors import SopError
from runtime.runs.capture import Ran
from runtime.vm.output import Question
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.lock import split_sop
from sopc.source import Source
from sopc.sql.convert import convert
from sopc.syntax.format import format_script
from sopc.syntax.parse import parse
from sopc.tree import nodes
from sopc.tree.visit import walk

_MAX_OF_A_KIND: Final = 2  # mutants of one program, so that no program weighs too much
_TRIED: Final = 8  # of a kind, until that many do something else
_MAX_VALUES: Final = 200
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
        """Whether it is of the schemas whose programs may be looked at while the check is written: three in four."""
        return crc32(self.case.schema.name.encode()) % 4 != 3


@dataclass
class Figures:
    """programs, doubted: of right programs. caught, mutants: by kind of mistake."""

    programs: int = 0
    doubted: int = 0
    caught: Counter[str] = field(default_factory=Counter)
    mutants: Counter[str] = field(default_factory=Counter)

    def lines(self, name: str) -> list[str]:
        """Rows of a Markdown table."""
        kinds = [kind for kind in KINDS if self.mutants[kind]]
        shares = [100 * self.caught[kind] / self.mutants[kind] for kind in kinds]
        each = [f"{share:.0f} % of {self.mutants[kind]}" for kind, share in zip(kinds, shares, strict=True)]
        mean = f"{sum(shares) / len(shares):.1f} %" if shares else ""
        doubted = f"{100 * self.doubted / self.programs:.1f} % of {self.programs}" if self.programs else ""
        told = ", ".join(f"{kind} {share}" for kind, share in zip(kinds, each, strict=True))
        return [f"| {name} | {doubted} | {mean} | {told} |"]


def table(figures: dict[str, Figures]) -> str:
    """In Markdown. Caught is the mean of the kinds, so that each kind counts alike."""
    head = ["| programs | right ones doubted | mutants caught | by kind |", "|---|---:|---:|---|"]
    return "\n".join([*head, *(line for name, one in figures.items() for line in one.lines(name))])


def measure(cases: Iterable[Case], seed: int, minutes: float, show: str = "") -> dict[str, Figures]:
    """Check the right programs of cases, and their mutants.

    Args:
        seed: Draws the mutants.
        minutes: No case is begun after this time.
        show: "doubted" or "missed": those of the seen schemas are printed on stderr.
    """
    until = monotonic() + 60 * minutes
    figures = {"seen schemas": Figures(), "unseen schemas": Figures()}
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        try:
            for case in cases:
                if monotonic() > until:
                    break
                text = bench.program(case)
                right = None if text is None else bench.with_mutants(case, text, seed)
                if right is not None:
                    half = figures["seen schemas" if right.is_seen else "unseen schemas"]
                    bench.note(right, half, show if right.is_seen else "")
        finally:
            bench.close()
    return figures


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
        """The right program of a case; None if there is none."""
        found = self._of_sql(case)
        if found is not None or (case.schema.file is not None and not case.steps):
            return found
        outcome = judge(case, self.workspace(case.schema), translator("patterns", {}))
        return split_sop(outcome.program)[1] if outcome.verdict == "right" else None

    def _of_sql(self, case: Case) -> str | None:
        workspace = self.workspace(case.schema)
        expected = case.expected
        if case.steps or not expected.queries or expected.effect or expected.says or expected.fails:
            return None
        with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
            source = Source("asked.sql", expected.queries[0])
            try:
                script = convert(source, "sqlite", pipeline.usable_schemas(context), "asked").script
            except CompileError:
                return None
        steps = tuple(step.model_copy(update={"sentence": 1}) for step in script.steps)
        text = format_script(script.model_copy(update={"steps": steps}))
        workspace.renew()
        try:
            (*_, name) = workspace.sandbox.compile(text, "asked.sop")
            rows = [tuple(record.values()) for record in _run(case, workspace, name).records]
        except (SopError, CompileError):
            return None
        wanted = rows_of(workspace.fresh, expected.queries[0])
        return text if same_rows(rows, wanted, ordered=expected.ordered) else None

    def note(self, right: Right, figures: Figures, show: str) -> None:
        """Check a program and its mutants, and count them."""
        found = self._doubts(right.case, right.text)
        figures.programs += 1
        figures.doubted += bool(found)
        if found and show == "doubted":
            _print(right.case, right.text, *found)
        for kind, text in right.mutants:
            caught = bool(self._doubts(right.case, text))
            figures.mutants[kind] += 1
            figures.caught[kind] += caught
            if not caught and show == "missed":
                _print(right.case, right.text, kind, text)

    def _doubts(self, case: Case, text: str) -> tuple[str, ...]:
        return doubted(case, self.workspace(case.schema), text)

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
            if taken[mutant.kind] >= _MAX_OF_A_KIND or tried[mutant.kind] >= _TRIED:
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
                found += rows_of(database, f'SELECT DISTINCT "{name}" FROM "{table}" LIMIT {_MAX_VALUES}')
    return [one for (one,) in found]


def _print(case: Case, *parts: str) -> None:
    print("\n  ".join([f"{case.name}: {case.english}", *parts]), file=sys.stderr, flush=True)
