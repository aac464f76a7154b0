"""One case and a translator → a program, its run on fresh data, and the verdict."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from benchmarks.english.cases import Case, Schema
from benchmarks.english.judge import Did, difference, rows_of, shows_rows
from runtime.errors import SopError, UsageError
from runtime.runs.capture import Ran
from runtime.vm.output import Question
from sopc import pipeline
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.english.doubts.check import doubts
from sopc.english.questions import question_in
from sopc.english.sentences import read_workflow
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.workflow.sampler import sampler_of
from tests.sandbox import Sandbox

Verdict = Literal["right", "wrong", "asked", "refused"]

_SECONDS = 10.0
_NO_TRANSLATOR = ("T0304", "T0305", "T0335", "T0336")  # not reached, key refused, not installed, not served
_ROWS = 100_000
_STOPPED = ("V0401", "V0402")  # by `fail`, by `assert`


@dataclass
class Spent:
    """What a translation has cost so far: rounds of asking a model, and the tokens of their requests and replies."""

    rounds: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Outcome:
    """verdict: right, wrong (the program does something else, or fails), asked (the author has to choose) or refused
    (no program). why: how it is wrong, or the message. warnings: what a compile would warn of. seconds: of the
    translation. lenient: right, or wrong only in that it shows more columns or another order. offered: whether a right
    reading is among those that the author is asked about."""

    case: Case
    verdict: Verdict
    why: str = ""
    program: str = ""
    warnings: tuple[str, ...] = ()
    spent: Spent = field(default_factory=Spent)
    seconds: float = 0.0
    lenient: bool = False
    offered: bool = False

    @property
    def is_silent(self) -> bool:
        """Whether it is wrong and nobody is told: neither a question nor a warning."""
        return self.verdict == "wrong" and not self.warnings


Translate = Callable[[Case, Sandbox, Spent], str]  # → the .sop text


@dataclass
class Workspace:
    """A schema's database and library, for all its cases."""

    folder: Path
    schema: Schema
    sandbox: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.schema.make(self.fresh)
        shutil.copy(self.fresh, self.main)
        self.sandbox = Sandbox(self.folder, {"main": "sqlite:///main.db"})
        if self.schema.scripts:
            self.sandbox.compile(self.schema.scripts, "scripts.sop")

    @property
    def fresh(self) -> Path:
        return self.folder / "fresh.db"

    @property
    def main(self) -> Path:
        return self.folder / "main.db"

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *error: object) -> None:
        self.sandbox.library.close()

    def renew(self) -> None:
        for old in self.folder.glob("main.db*"):
            old.unlink()
        shutil.copy(self.fresh, self.main)


def judge(case: Case, workspace: Workspace, translate: Translate) -> Outcome:
    """Translate one case, run its program on fresh data, and compare. Raises SopError where there is no translator to
    measure: none that is configured, or none that answers."""
    workspace.renew()
    spent = Spent()
    began = perf_counter()
    try:
        sop_text = translate(case, workspace.sandbox, spent)
    except (SopError, CompileError) as error:
        if isinstance(error, UsageError) or (isinstance(error, SopError) and error.code in _NO_TRANSLATOR):
            raise
        asked = question_in(error, read_workflow(case.english, "asked"))
        verdict: Verdict = "asked" if asked else "refused"
        seconds = perf_counter() - began
        offered = asked is not None and any(_is_right(case, workspace, choice) for choice in asked.choices)
        return Outcome(case, verdict, _message(error), "", (), spent, seconds, offered=offered)
    seconds = perf_counter() - began
    why, lenient = _tried(case, workspace, sop_text)
    warnings = doubted(case, workspace, sop_text)
    return Outcome(case, "wrong" if why else "right", why or "", sop_text, warnings, spent, seconds, lenient)


def _is_right(case: Case, workspace: Workspace, steps: str) -> bool:
    """Whether the steps of a reading are a right program by themselves."""
    workspace.renew()
    return _tried(case, workspace, f"script offered()\n{steps}\nend\n")[0] is None


def doubted(case: Case, workspace: Workspace, sop_text: str) -> tuple[str, ...]:
    """What a compile would warn of; nothing for a program that does not compile."""
    with Context(workspace.sandbox.config, workspace.sandbox.library) as context:
        try:
            compiled = pipeline.built(Source("asked.sop", sop_text), context)
        except (SopError, CompileError):
            return ()
        schemas = pipeline.usable_schemas(context)
        values = sampler_of(context, ProgressListener())
        found = doubts(read_workflow(case.english, "asked"), compiled.program.scripts[-1], schemas, values)
    return tuple(one.message for one in found)


def _tried(case: Case, workspace: Workspace, sop_text: str) -> tuple[str | None, bool]:
    """How the program is wrong, None where it is right; and whether it is right by the lenient measure."""
    try:
        (name, *_) = workspace.sandbox.compile(sop_text, "asked.sop")
        ran = run(case, workspace, name)
    except (SopError, CompileError) as error:
        return _message(error), False
    why = _ended_otherwise(case.expected.fails, ran)
    if why is not None:
        return why, False
    lines = _kept(ran.lines)
    says = tuple(str(line["result"]) for line in lines if line["type"] == "say")
    rows = tuple(tuple(line["result"].values()) for line in lines if line["type"] == "record")
    result = ran.lines[-1].get("result")
    did = Did(rows, says, result, workspace.main)
    why = difference(case.expected, did, workspace.fresh, workspace.folder / "wanted.db")
    wanted = [] if why is None or case.steps else [rows_of(workspace.fresh, sql) for sql in case.expected.queries]
    return why, why is None or any(shows_rows(rows, each) for each in wanted)


def _ended_otherwise(fails: str, ran: Ran) -> str | None:
    """How the run's end differs from the one wanted. fails: see Expected."""
    end = ran.lines[-1]
    failed = next((line for line in ran.lines if line["type"] == "error"), end).get("result")
    if not fails:
        return None if end.get("status") == "ok" else f"ends {end.get('status')}: {failed}"
    if end.get("status") != "failed":
        return f"ends {end.get('status')}, not failed with the message {fails!r}"
    told = failed if isinstance(failed, dict) else {}
    # what a run has committed is said behind the message
    stopped = told.get("code") in _STOPPED and str(told["message"]).partition("; committed before")[0] == fails
    return None if stopped else f"fails with {failed}, not with the message {fails!r}"


def _kept(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a run without those that a later `rollback` line voids."""
    kept: list[dict[str, Any]] = []
    for line in lines:
        if line["type"] == "rollback":
            kept = [one for one in kept if one.get("seq", 0) <= line["to"]]
        kept.append(line)
    return kept


def run(case: Case, workspace: Workspace, name: str) -> Ran:
    answers = iter(case.answers)

    def prompt(question: Question) -> str | None:
        return None if question.problem else next(answers, None)

    return workspace.sandbox.run(name, case.args, prompt=prompt, max_seconds=_SECONDS, max_rows=_ROWS)


def _message(error: SopError | CompileError) -> str:
    if isinstance(error, CompileError):
        return "; ".join(
            f"{one.code} {one.message}" + (f" ({one.hint})" if one.hint else "") for one in error.diagnostics
        )
    return f"{error.code} {error.message}"
