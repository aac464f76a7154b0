"""A line typed while recording → its action: a `/command`, a `?` look at the data, or a step."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from runtime.errors import UsageError
from runtime.record.repl import Done, Repl


class Command(NamedTuple):
    """One `/command`.

    Attributes:
        words: its arguments, for the help.
        run: is called with the arguments as one text.
    """

    words: str
    help: str
    run: Callable[[Repl, str], None]


def _steps(repl: Repl, rest: str) -> None:
    for number, step in enumerate(repl.recorder.session.steps, 1):
        text = step.text.replace("\n", "\n     ")
        repl.say(f"{number:>3}  {text}" + (f"  ({_lines(step.lines)})" if step.lines else ""))
    if not repl.recorder.session.steps:
        repl.say("no step yet")


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _show(repl: Repl, rest: str) -> None:
    repl.say(repl.recorder.text().rstrip("\n"))


def _undo(repl: Repl, rest: str) -> None:
    repl.recorder.undo()
    _steps(repl, rest)


def _drop(repl: Repl, rest: str) -> None:
    repl.recorder.drop(_number(rest, "/drop 2"))
    _steps(repl, rest)


def _move(repl: Repl, rest: str) -> None:
    words = rest.split()
    if len(words) != 2:
        raise UsageError("C0303", "/move needs a step and its new place", "/move 3 1")
    repl.recorder.move(_number(words[0], "/move 3 1"), _number(words[1], "/move 3 1"))
    _steps(repl, rest)


def _edit(repl: Repl, rest: str) -> None:
    first, _, text = rest.partition(" ")
    number = _number(first, "/edit 2 emit from employees")
    index = repl.recorder.session.index(number)
    text = text.strip() or repl.read_again(repl.recorder.session.steps[index].text)
    repl.recorder.edit(number, text, prompt=repl.prompt)
    _steps(repl, rest)


_PARAMETER: Final = re.compile(r"(\d+|\*)\.(.+?)\s+as\s+(\w+)", re.DOTALL)


def _parameter(repl: Repl, rest: str) -> None:
    match = _PARAMETER.fullmatch(rest.strip())
    if match is None:
        raise UsageError("C0303", "/param needs a value of a step and a name", '/param 2."Sales" as dept')
    made = repl.recorder.parameter(match[1], match[2], match[3])
    repl.say(f"parameter {made.name}: {made.type} = {made.default}")


def _given(repl: Repl, rest: str) -> None:
    name, equals, value = rest.partition("=")
    if not (equals and name.strip() and value.strip()):
        raise UsageError("C0303", "/given needs a parameter and its value", "/given dept=Sales")
    repl.recorder.give(name.strip(), value.strip())


def _play(repl: Repl, rest: str) -> None:
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise UsageError("C0303", f"/play: {error}", "/play audit_salary dept=Sales") from error
    if not words:
        raise UsageError("C0303", "/play needs the name of a script", "/play audit_salary dept=Sales")
    repl.play(words[0], words[1:])


def _pause(repl: Repl, rest: str) -> None:
    repl.recorder.pause()
    repl.say("paused: steps are tried and not recorded, until /resume")


def _resume(repl: Repl, rest: str) -> None:
    repl.recorder.resume()
    repl.say("recording")


def _stop(repl: Repl, rest: str) -> None:
    words = rest.split()
    if unknown := [word for word in words if word not in ("anyway", "apply")]:
        raise UsageError("C0303", f"/stop does not know {unknown[0]}", "/stop, /stop anyway, /stop apply")
    repl.stop(anyway="anyway" in words, apply="apply" in words)
    raise Done


def _quit(repl: Repl, rest: str) -> None:
    name = repl.recorder.session.name
    repl.say(f"{name} is kept with {len(repl.recorder.session.steps)} steps; `sopvm record {name}` goes on with it")
    raise Done


def _discard(repl: Repl, rest: str) -> None:
    repl.discard()
    raise Done


def _help(repl: Repl, rest: str) -> None:
    repl.say("a step in DSL or English   runs and records it; `emit from …` shows records")
    repl.say("? query, value or question  looks at the data, and records nothing")
    width = max(len(f"/{name} {command.words}") for name, command in COMMANDS.items())
    for name, command in COMMANDS.items():
        repl.say(f"{f'/{name} {command.words}':<{width}}  {command.help}")


COMMANDS: Final[dict[str, Command]] = {
    "steps": Command("", "the steps recorded so far", _steps),
    "show": Command("", "the program so far", _show),
    "undo": Command("", "undo the latest change", _undo),
    "drop": Command("N", "remove a step", _drop),
    "move": Command("N M", "move step N to place M", _move),
    "edit": Command("N [STEP]", "replace step N", _edit),
    "param": Command(
        "N.VALUE as NAME",
        "make a value in step N (*: all) a parameter; VALUE: as written, or its field",
        _parameter,
    ),
    "given": Command("NAME=VALUE", 'the value of "a given NAME" in a sentence while recording', _given),
    "play": Command("SCRIPT [P=V]…", "run a stored script, outside this recording", _play),
    "pause": Command("", "run steps without recording them", _pause),
    "resume": Command("", "record again", _resume),
    "stop": Command("[apply] [anyway]", "check, store and end; apply: also make the changes for good", _stop),
    "quit": Command("", "leave and keep the recording", _quit),
    "discard": Command("", "leave and delete the recording", _discard),
    "help": Command("", "this list", _help),
}


def run(repl: Repl, text: str) -> None:
    """Run a `/command`.

    Raises:
        UsageError: C0303 for an unknown command.
        Done: when it ends the session.
    """
    name, _, rest = text[1:].partition(" ")
    command = COMMANDS.get(name.strip())
    if command is None:
        from difflib import get_close_matches

        near = get_close_matches(name.strip(), COMMANDS, n=1)
        raise UsageError("C0303", f"there is no /{name.strip()}", f"/{near[0] if near else 'help'}")
    command.run(repl, rest.strip())


def _number(text: str, hint: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError("C0303", f"{text or 'nothing'} is no number of a step", hint) from None


def completions(repl: Any, text: str) -> list[str]:
    """The words that may come next after the line so far."""
    if text.startswith("/") and " " not in text:
        return [f"/{name}" for name in COMMANDS if f"/{name}".startswith(text)]
    word = re.split(r"[^\w/]", text)[-1]
    return [each for each in repl.words() if word and each.startswith(word)]
