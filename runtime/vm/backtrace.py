"""Frames of a machine → where something happened: script, step, line, and the calls that led there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from runtime.vm.frame import Frame
from runtime.vm.script import Script

SHOWN: Final = 8  # calls shown at each end of a longer chain


class Location(NamedTuple):
    """line and columns are 1-based; 0 when the module carries no positions. source: the step's first line."""

    script: str
    step: str
    line: int
    column: int
    end_column: int
    sentence: int | None
    source: str
    file: str

    def named_step(self, root: str) -> str:
        """The step as `--answer` and caught errors name it: `2.1`, or `callee/2.1` in a called script."""
        return self.step if self.script == root else f"{self.script}/{self.step}"


class Trace(NamedTuple):
    """place: where it happened. path: names of the scripts, outermost first, when it was in a called one.
    calls: the calling places, innermost first. elided: how many in their middle were left out."""

    place: Location
    path: str | None
    calls: tuple[Location, ...]
    elided: int

    def to_json(self) -> dict[str, Any]:
        """The parts of an error line's result that say where."""
        place = self.place
        result: dict[str, Any] = {"script": place.script}
        if place.line:
            result |= {"line": place.line, "column": place.column}
        if place.sentence is not None:
            result["sentence"] = place.sentence
        if self.calls:
            backtrace: list[dict[str, Any]] = [
                {"script": call.script, "step": call.step, "line": call.line} for call in self.calls
            ]
            if self.elided:
                backtrace.insert(SHOWN, {"elided": self.elided})
            result["backtrace"] = backtrace
        return result


def location_of(script: Script, pc: int) -> Location:
    """Where the instruction at pc comes from."""
    position, step, file = script.position_at(pc), script.step_at(pc), script.module.debug.file
    if position is None or step is None:
        return Location(script.name, "", 0, 0, 0, None, "", file)
    return Location(
        script.name,
        step.path,
        position.line,
        position.column,
        position.end_column,
        step.sentence,
        step.text,
        file,
    )


def path_of(stack: Sequence[Frame]) -> str | None:
    """ "root/callee" for the top frame, its middle left out when long; None in the root itself."""
    depth = len(stack)
    if depth == 1:
        return None
    if depth <= 2 * SHOWN:
        return "/".join([frame.script.name for frame in stack])
    names = [frame.script.name for frame in stack[:SHOWN]] + ["…"] + [frame.script.name for frame in stack[-SHOWN:]]
    return "/".join(names)


class StackLocation(NamedTuple):
    """Positions of a stack's frames, cheap to take; `trace_at` resolves them later. frames: each script and its pc,
    innermost first, without the elided middle of a long chain."""

    frames: tuple[tuple[Script, int], ...]
    path: str | None
    elided: int


def stack_location(stack: Sequence[Frame]) -> StackLocation:
    """The stack's position. Every frame's pc is already past its instruction, so 1 is subtracted."""
    if len(stack) == 1:
        script, pc = stack[0].script, stack[0].pc - 1
        known: StackLocation | None = script.places.get(pc)
        if known is None:
            known = script.places[pc] = StackLocation(((script, pc),), None, 0)
        return known
    frames = [*reversed(stack)]
    elided = max(0, len(frames) - 1 - 2 * SHOWN)
    if elided:
        frames = [*frames[: SHOWN + 1], *frames[-SHOWN:]]
    return StackLocation(tuple((frame.script, frame.pc - 1) for frame in frames), path_of(stack), elided)


def trace_at(where: StackLocation) -> Trace:
    place, *calls = [location_of(script, pc) for script, pc in where.frames]
    return Trace(place, where.path, tuple(calls), where.elided)
