"""The machine's interfaces to the outside: output lines, answers to questions, ends of segments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol

from runtime.errors import DatabaseError
from runtime.values.batches import RowBatch
from runtime.values.types import Type


class Output(Protocol):
    """Lines of the run, as the writer takes them. within: the path of a called script, None in the root.
    writes_json: whether `rows` takes records that are JSON already."""

    writes_json: bool

    def record(self, step: str, within: str | None, record: dict[str, Any]) -> None: ...

    def rows(self, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        """A batch of records, as rows that share the names, or as msgspec.Raw."""
        ...

    def command(self, step: str, within: str | None, command: str, store: str, rows: int) -> None: ...

    def commands(self, step: str, within: str | None, command: str, store: str, count: int) -> None:
        """As many `command` lines of one row each."""
        ...

    def say(self, step: str, within: str | None, text: str) -> None: ...

    def ask(self, step: str, within: str | None, question: dict[str, Any]) -> None: ...

    def release(self) -> None:
        """The segment has committed: its lines stand."""
        ...

    def can_void(self) -> bool:
        """Whether `rollback` can still take back what the segment has said."""
        ...

    def rollback(self, reason: str) -> None:
        """The segment was undone: its lines never happened."""
        ...

    def tick(self) -> None:
        """Show what has been waiting long enough."""
        ...

    def flush(self) -> None:
        """Show everything."""
        ...


class Question:
    """What an `ask` wants to know.

    Args:
        step: As `--answer` and `answers` name it.
        text: Of the question.
        type: Of the answer.
        choices: The possible answers; None if any is accepted.
        default: Taken where nobody answers; it can be null, so has_default says whether there is one.
        has_default: Whether there is a default.
        within: The time for an answer; then the default is taken, or the run fails. None for any time.

    Attributes:
        problem: What was wrong with the answer before; None for the first.
    """

    __slots__ = ("choices", "default", "has_default", "problem", "step", "text", "type", "within")

    def __init__(
        self,
        step: str,
        text: str,
        type: Type,
        choices: list[Any] | None,
        default: Any,
        has_default: bool,
        within: timedelta | None = None,
    ) -> None:
        self.step = step
        self.text = text
        self.type = type
        self.choices = choices
        self.default = default
        self.has_default = has_default
        self.within = within
        self.problem: str | None = None


class Host(Protocol):
    """The run around a machine."""

    @property
    def now(self) -> datetime:
        """The segment's time, UTC."""
        ...

    def begin_segment(self) -> None: ...

    def end_segment(self, status: str, said: Any) -> None:
        """Make what the segment wrote permanent. status: `running`, `waiting` (said: the Question) or `ok` (said: what
        the script returned)."""
        ...

    def can_retry(self, error: DatabaseError) -> bool:
        """Whether the segment can be run again after this error."""
        ...

    def retry_segment(self, error: DatabaseError) -> None:
        """Undo the segment and begin it again; raises when that was tried too often."""
        ...

    def put_question(self, step: str, within: str | None, question: Question) -> None:
        """Say what is asked."""
        ...

    def answer(self, question: Question) -> Any:
        """The answer as a value of the question's type; Waiting when there is none yet."""
        ...


class Waiting(Exception):
    """The run can't go on without a person's answer."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.text)
        self.question = question
