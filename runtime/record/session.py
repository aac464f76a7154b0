"""A recording's steps and parameters, as data that is replaced as a whole with every change."""

from __future__ import annotations

from datetime import datetime

import msgspec

from runtime.errors import UsageError

MOST_UNDONE = 100


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done and took effect. text: as it was typed. code: its DSL, one step of the script or several.

    answers: to its questions, in order, None where the default was taken. lines, digest: how many lines it gave, and
    what was in them (runtime/record/replay.py).
    """

    text: str
    code: str
    english: bool = False
    answers: tuple[str | None, ...] = ()
    lines: int = 0
    digest: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the script, as DSL: `dept`, `text`, `"Sales"`."""

    name: str
    type: str
    default: str


class State(msgspec.Struct, frozen=True):
    """The program so far."""

    steps: tuple[Step, ...] = ()
    parameters: tuple[Parameter, ...] = ()


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A recording. name: of the script it becomes. uses: database names it sees, empty for all there are.

    past: the states before each change, the latest last. given: values for parameters that sentences name without one.
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
        """With another program, and this one to go back to."""
        return msgspec.structs.replace(self, state=state, past=(*self.past, self.state)[-MOST_UNDONE:])

    def undone(self) -> Session:
        """Without its latest change. UsageError C0304 when there was none."""
        if not self.past:
            raise UsageError("C0304", f"the recording {self.name} holds no change to undo", "/steps shows its steps")
        return msgspec.structs.replace(self, state=self.past[-1], past=self.past[:-1])

    def index(self, number: int) -> int:
        """0-based place of a step. UsageError C0304 when there is none of that number."""
        if not 1 <= number <= len(self.steps):
            known = f"its steps are 1 to {len(self.steps)}" if self.steps else "it has no step yet"
            raise UsageError("C0304", f"the recording {self.name} has no step {number}", known)
        return number - 1
