"""A stack whose top frame has come to an ASK → its question."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from runtime.bytecode.opcodes import BY_NAME
from runtime.errors import RunError
from runtime.values import value_types
from runtime.values.conversion import convert, to_text
from runtime.vm.frame import Frames
from runtime.vm.output import Question

ASK: Final = BY_NAME["ASK"].number
LONGEST: Final = timedelta(days=36_525)


def asks(stack: Frames) -> bool:
    """Whether the top frame, suspended, waits for an answer."""
    frame = stack[-1]
    return frame.pc > 0 and frame.script.code[frame.pc - 1][0] == ASK


def question_of(stack: Frames) -> Question:
    """Of the ASK that the top frame's pc has just passed."""
    frame = stack[-1]
    _, _, window, ask = frame.script.code[frame.pc - 1]
    given = frame.registers[window]
    choices = given[1] if ask.has_choices else None
    if choices is not None and type(choices) is not list:
        raise RunError("V0106", f"choices are {value_types.an(value_types.type_name(choices))}, not a list")
    default = convert(given[1 + ask.has_choices], ask.type.or_null()) if ask.has_default else None
    within = given[-1] if ask.has_within else None
    if ask.has_within and not (type(within) is timedelta and timedelta(0) < within <= LONGEST):
        raise RunError("V0405", f"a question can't wait for {to_text(within)}", "a time of a second to 100 years")
    step = ask.step if frame.script is stack[0].script else f"{frame.script.name}/{ask.step}"
    return Question(step, to_text(given[0]), ask.type, choices, default, ask.has_default, within)
