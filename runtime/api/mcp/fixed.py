"""The tools that every library has: looking for scripts, following runs. THE table of their names, schemas, rights."""

# ruff: noqa: E501 (a row is a line)
from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

import mcp_types as types

from runtime.api.audit import Who
from runtime.api.mcp.asking import ANSWER, Person
from runtime.api.mcp.calls import Calls, Progress, as_text
from runtime.api.mcp.catalog import Catalog, ScriptTool, summary
from runtime.api.mcp.values import MAX_BYTES, fitting, size
from runtime.api.problems import HttpError
from runtime.errors import UsageError

MOST_FOUND: Final = 20
ALWAYS: Final = "always"
MANY: Final = "many"  # where more scripts are there than are tools
ASKS: Final = "asks"  # where a client can't show forms
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "object": (dict,),
    "boolean": (bool,),
}
_SCALARS: Final = (str, int, float, bool)  # of an answer: agents give a number where the question is for one


class Call(NamedTuple):
    """A call of one of these tools."""

    catalog: Catalog
    calls: Calls
    args: Mapping[str, Any]
    who: Who
    person: Person
    progress: Progress

    def script(self) -> ScriptTool:
        """The script that `script` names.

        Raises:
            UsageError: L0101.
        """
        found = self.catalog.called(self.args["script"], self.who.token)
        if found is None:
            raise UsageError("L0101", f"there is no script {self.args['script'][:60]!r} here", "sop_find looks for one")
        return found


Handler = Callable[[Call], Awaitable[dict[str, Any]]]


class Fixed(NamedTuple):
    """A tool. right: that the token needs. when: ALWAYS, MANY or ASKS. args: JSON Schemas by name, the first `needed` of
    which have to be given. reads: whether it changes nothing."""

    handler: Handler
    right: str
    when: str
    said: str
    args: Mapping[str, dict[str, Any]]
    needed: int
    reads: bool = True

    def tool(self, name: str) -> types.Tool:
        """As clients see it."""
        schema: dict[str, Any] = {"type": "object", "properties": dict(self.args)}
        if self.needed:
            schema["required"] = list(self.args)[: self.needed]
        hints = types.ToolAnnotations(read_only_hint=self.reads, destructive_hint=False, open_world_hint=False)
        return types.Tool(name=name, description=self.said, input_schema=schema, annotations=hints)

    def check(self, name: str, given: Mapping[str, Any]) -> None:
        """Check the arguments of a call.

        Raises:
            UsageError: C0121, C0122, C0123 as for scripts.
        """
        hint = f"{name}({', '.join(self.args)})"
        for each in given:
            if each not in self.args:
                raise UsageError("C0122", f"`{name}` has no parameter `{each[:60]}`", hint)
        for each in list(self.args)[: self.needed]:
            if each not in given:
                raise UsageError("C0121", f"`{name}` needs a value for `{each}`", hint)
        for each, value in given.items():
            wanted = self.args[each]["type"]
            allowed = _TYPES[wanted] if each != ANSWER else _SCALARS
            if type(value) not in allowed or (wanted == "integer" and value < 0):
                raise UsageError("C0123", f"`{each}` of `{name}` is not {_SAID[wanted]}", hint)


_SAID: Final = {
    "string": "a text",
    "integer": "a whole number from 0 on",
    "object": "an object",
    "boolean": "true or false",
}


async def _find(call: Call) -> dict[str, Any]:
    words = [word for word in str(call.args.get("text", "")).lower().split() if word]
    found = []
    for script in call.catalog.scripts(call.who.token):
        said = summary(script, call.who.token)
        text = " ".join(map(str, said.values())).lower()
        score = sum((word in text) + 2 * (word in script.name.lower()) for word in words)
        if score or not words:
            found.append((-score, script.name, said))
    found.sort(key=lambda each: each[:2])
    shown: list[dict[str, Any]] = []
    for *_, said in found[:MOST_FOUND]:
        if shown and size([*shown, said]) > MAX_BYTES:
            break
        shown.append(fitting(said))
    return {"scripts": shown, "total": len(found)}


async def _run(call: Call) -> dict[str, Any]:
    given = dict(call.args.get("args", {}))
    if "confirm" in call.args:
        given["confirm"] = call.args["confirm"]
    return await call.calls.call(call.script(), given, call.who, call.person, call.progress)


async def _dry_run(call: Call) -> dict[str, Any]:
    return await call.calls.dry_run(call.script(), call.args.get("args", {}), call.who, call.person, call.progress)


async def _rows(call: Call) -> dict[str, Any]:
    return await call.calls.rows(call.calls.find(call.args["run"], call.who), call.args.get("after", 0))


async def _wait(call: Call) -> dict[str, Any]:
    return await call.calls.settle(call.calls.find(call.args["run"], call.who), call.person, call.progress)


async def _cancel(call: Call) -> dict[str, Any]:
    begun = call.calls.find(call.args["run"], call.who)
    await call.calls.cancel(begun, call.who, f"the run was cancelled by {call.who.token.name}")
    return await call.calls.settle(begun, call.person, call.progress, asks=False)


async def _answer(call: Call) -> dict[str, Any]:
    begun = call.calls.find(call.args["run"], call.who)
    if begun.run.control.question is None or begun.run.ended:
        raise HttpError(409, "S0111", f"the run {begun.run.id} is not waiting for an answer")
    await call.calls.answer(begun, call.who, as_text(call.args[ANSWER]))
    return await call.calls.settle(begun, call.person, call.progress)


_RUN: Final = {"type": "string", "description": "The run's id."}
SCRIPT: Final = {"type": "string", "description": "The script's name, or that of its tool."}
ARGS: Final = {"type": "object", "properties": {}, "description": "The script's arguments by name."}
_AFTER: Final = {"type": "integer", "description": "How many records to leave out."}
_CONFIRM: Final = {"type": "string", "description": "Of sop_dry_run with the same arguments, if the script writes."}
_WORDS: Final = {"type": "string", "description": "Words; left out, the first scripts are listed."}
_REPLY: Final = {"description": "What the person said.", "type": "string"}

# fmt: off
FIXED: Final[Mapping[str, Fixed]] = {
    "sop_find": Fixed(_find, "run", MANY, "Look for scripts by words of their names, docs and effects.", {"text": _WORDS}, 0),
    "sop_run": Fixed(_run, "run", MANY, "Run a script that sop_find has found.", {"script": SCRIPT, "args": ARGS, "confirm": _CONFIRM}, 1, False),
    "sop_dry_run": Fixed(_dry_run, "write", ALWAYS, "Say what a script that writes would change, by rows and stores, without changing anything. Gives the `confirm` that the script takes.", {"script": SCRIPT, "args": ARGS}, 1),
    "sop_rows": Fixed(_rows, "run", ALWAYS, "Give more records of a run, 100 at most.", {"run": _RUN, "after": _AFTER}, 1),
    "sop_wait": Fixed(_wait, "run", ALWAYS, "Wait up to 45 seconds for a run that is still running.", {"run": _RUN}, 1),
    "sop_cancel": Fixed(_cancel, "run", ALWAYS, "End a run. What it wrote since its last commit is undone.", {"run": _RUN}, 1, False),
    "sop_answer": Fixed(_answer, "run", ALWAYS, "Answer the question of a run that waits, with what the person said.", {"run": _RUN, ANSWER: _REPLY}, 2, False),
}
# fmt: on
