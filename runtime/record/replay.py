"""Steps of a recording, run again in a transaction that is always rolled back → their lines, step by step.

An open recording holds no transaction. Its state is its steps, and every new step runs all of them again in a new
transaction. So it locks nothing while a person thinks, it survives its connection and its process, and no other run
sees it or is seen half way. (On SQLite, an open transaction that has written keeps out every other writer.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import msgspec

from runtime.bytecode.module import Module
from runtime.databases.protocol import Database
from runtime.library.overlay import Overlay
from runtime.library.records import Provenance
from runtime.library.store import Library
from runtime.output.records import encode, json_record
from runtime.output.sink import Sink
from runtime.output.writer import Writer
from runtime.record.program import Group, marked, script_of
from runtime.record.session import Parameter
from runtime.runs.answers import Prompt
from runtime.runs.run import Outcome, RunOptions, run
from runtime.values.ids import new_id
from runtime.vm.output import Output, Question
from sopc import pipeline
from sopc.context import Context
from sopc.source import Source
from sopc.syntax.format import format_script

_LIMIT = 1 << 128
Allow = Callable[[Module, bool], None]
"""Raises if a module may not be run or, with True, not be stored."""


@dataclass
class Told:
    """What a step gave.

    Attributes:
        lines: how many lines.
        digest: a sum over their content that does not depend on their order.
        answers: the answers to its questions, in order.
    """

    lines: int = 0
    digest: int = 0
    answers: list[str | None] = field(default_factory=list)

    def add(self, content: bytes) -> None:
        self.lines += 1
        self.digest = (self.digest + int.from_bytes(hashlib.sha256(content).digest()[:16])) % _LIMIT

    @property
    def hex_digest(self) -> str:
        return f"{self.digest:032x}"


@dataclass(frozen=True)
class Replayed:
    """What a replay gave.

    Attributes:
        outcome: of the run.
        told: by step number.
        failed_at: the step at which it ended; 0 before the first.
    """

    outcome: Outcome
    told: dict[int, Told]
    failed_at: int


def replay(
    name: str,
    parameters: Sequence[Parameter],
    uses: tuple[str, ...],
    groups: Sequence[Group],
    context: Context,
    library: Library,
    databases: Callable[[str], Database],
    *,
    output: Output | None = None,
    shown_from: int = 1,
    answers: dict[int, Sequence[str | None]] | None = None,
    prompt: Prompt | None = None,
    options: RunOptions | None = None,
    compiling: AbstractContextManager[Any] | None = None,
    allow: Allow | None = None,
) -> Replayed:
    """Run the groups of steps, and roll everything back.

    Args:
        output: gets the lines of the steps from number `shown_from` on.
        answers: given before, by step.
        prompt: asked when `answers` has none.
        compiling: held while compiling, because the compiler runs on one thread at a time.
        allow: raises if these steps may not be run.

    Raises:
        CompileError: for steps that don't compile.
        SopError: when the run can't start.
    """
    mark = f"recorded step {new_id()}"
    script = script_of(name, parameters, uses, marked(groups, mark))
    with compiling or nullcontext():
        compiled = pipeline.compile_source(Source(f"{name} (recording)", format_script(script)), context)
    if allow is not None:
        allow(compiled.modules[0], False)
    overlay = Overlay(library, compiled.items(Provenance("recording")))
    writer = _StepLines(mark, groups, output, shown_from)
    given = {number: list(texts) for number, texts in (answers or {}).items()}

    def answer(question: Question) -> str | None:
        waiting = given.get(writer.number)
        if question.problem is None and waiting:
            text = waiting.pop(0)
        elif prompt is not None:
            text = prompt(question)
        elif question.has_default:
            text = None
        else:
            raise Unanswered(question)
        told = writer.told[writer.number]
        if question.problem is not None:
            told.answers.pop()
        told.answers.append(text)
        return text

    chosen = msgspec.structs.replace(options or RunOptions(), dry_run=True, prompt=answer)
    outcome = run(overlay, name, {}, databases, writer, chosen)
    return Replayed(outcome, writer.told, writer.number)


class Unanswered(Exception):
    """A step asks a question, and nobody is there to answer."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.text)
        self.question = question


class _StepLines(Writer):
    """Splits the lines of a run by step and passes them on. `number`: of the current step; 0 before the first."""

    voids = True
    writes_json = False  # since some of the outputs that lines are passed on to do not

    def __init__(self, mark: str, groups: Sequence[Group], output: Output | None, shown_from: int) -> None:
        super().__init__(Sink(BytesIO()), False)
        self.number = 0
        self.told = {group.number: Told() for group in groups}
        self._mark = mark
        self._waiting = [group.number for group in groups]
        self._output = output
        self._shown_from = shown_from
        self._names = _step_names(groups)

    @property
    def _shown(self) -> Output | None:
        """Where lines go now."""
        return self._output if self.number >= self._shown_from else None

    def _named(self, step: str, within: str | None) -> str:
        if within is not None:
            return step
        head, dot, rest = step.partition(".")
        return self._names.get(head, head) + dot + rest

    def record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self.told[self.number].add(encode(json_record(record)))
        if self._shown is not None:
            self._shown.record(self._named(step, within), within, record)

    def rows(self, step: str, within: str | None, names: tuple[str, ...], batch: Sequence[Sequence[Any]]) -> None:
        told = self.told[self.number]
        for row in batch:
            told.add(encode(json_record(dict(zip(names, row, strict=True)))))
        if self._shown is not None:
            self._shown.rows(self._named(step, within), within, names, list(map(tuple, batch)))

    def command(self, step: str, within: str | None, command: str, store: str, rows: int) -> None:
        self.told[self.number].add(encode([command, store, rows]))
        if self._shown is not None:
            self._shown.command(self._named(step, within), within, command, store, rows)

    def say(self, step: str, within: str | None, text: str) -> None:
        if text == self._mark:
            self.number = self._waiting.pop(0)
            return
        self.told[self.number].add(encode(text))
        if self._shown is not None:
            self._shown.say(self._named(step, within), within, text)

    def ask(self, step: str, within: str | None, question: dict[str, Any]) -> None:
        if self._shown is not None:
            self._shown.ask(self._named(step, within), within, question)

    def tick(self) -> None:
        if self._output is not None:
            self._output.tick()

    def _line(self, line: Any) -> None:
        """The lines of the run itself (start, error, end) belong to no step."""


def _step_names(groups: Sequence[Group]) -> dict[str, str]:
    """Step numbers in the program with marks → names in the recording: `3`, or `3.2` for the second of several steps
    from one sentence."""
    names: dict[str, str] = {}
    place = 0
    for group in groups:
        place += 1  # the mark
        for index in range(1, len(group.steps) + 1):
            place += 1
            names[str(place)] = str(group.number) if len(group.steps) == 1 else f"{group.number}.{index}"
    return names
