"""A recording's steps and parameters as immutable data: each change makes a new value."""

from __future__ import annotations

from datetime import datetime

import msgspec

from runtime.errors import UsageError

MAX_UNDONE = 100


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step that took effect.

    Attributes:
        text: as it was typed.
        code: its DSL, one or several steps of the script.
        answers: to its questions, in order; None where the default was taken.
        lines: how many lines it gave.
        digest: a sum over their content (see runtime/record/replay.py).
    """

    text: str
    code: str
    english: bool = False
    answers: tuple[str | None, ...] = ()
    lines: int = 0
    digest: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the script, as DSL: name `dept`, type `text`, default `"Sales"`."""

    name: str
    type: str
    default: str


class State(msgspec.Struct, frozen=True):
    """The program so far."""

    steps: tuple[Step, ...] = ()
    parameters: tuple[Parameter, ...] = ()


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A recording.

    Attributes:
        name: of the script that it becomes.
        uses: the databases it may use; empty for all.
        past: the states before each change, the latest last.
        given: values for parameters that sentences name without one.
    """

    name: str
    started: datetime
    uses: tuple[str, ...] = ()
    state: State = State()
    past: tuple[State, ...] = ()
    given: dict[str, str] = {}
    paused: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.state.steps

    def changed(self, state: State) -> Session:
        """With a new state; the present one can be restored with `undone`."""
        return msgspec.structs.replace(self, state=state, past=(*self.past, self.state)[-MAX_UNDONE:])

    def undone(self) -> Session:
        """Without its latest change.

        Raises:
            UsageError: C0304 when there was none.
        """
        if not self.past:
            raise UsageError("C0304", f"the recording {self.name} holds no change to undo", "/steps shows its steps")
        return msgspec.structs.replace(self, state=self.past[-1], past=self.past[:-1])

    def index(self, number: int) -> int:
        """The 0-based index of a step.

        Raises:
            UsageError: C0304 when there is no step of that number.
        """
        if not 1 <= number <= len(self.steps):
            known = f"its steps are 1 to {len(self.steps)}" if self.steps else "it has no step yet"
            raise UsageError("C0304", f"the recording {self.name} has no step {number}", known)
        return number - 1
