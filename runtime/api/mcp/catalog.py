"""A library and a token → its scripts as tools: name, doc, effects in words, hints, schema of the arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import mcp_types as types

from runtime.api.mcp.agent import Agents
from runtime.api.mcp.schemas import arguments_schema, made_names
from runtime.api.scripts import for_callers, may_run
from runtime.api.tokens import Token
from runtime.errors import SopError
from runtime.runs.arguments import describe as head_of
from runtime.vm.link import Linked, command_of

MOST: Final = 40  # scripts that are tools; a list of 300 was 100,000 tokens,
MOST_BYTES: Final = 200_000  # and bytes of them in a list of tools
PREFIX: Final = "sop_"
CONFIRM: Final = "confirm"
DOC_LENGTH: Final = 1000
_VERBS: Final = {
    "insert": "inserts into",
    "upsert": "inserts or updates",
    "update": "updates",
    "delete": "deletes from",
}


class ScriptTool(NamedTuple):
    """A script as a tool. params: the parameter that each property of its arguments is."""

    tool: types.Tool
    linked: Linked
    params: dict[str, str]

    @property
    def name(self) -> str:
        return self.linked.root.name


class Catalog:
    """The scripts that an agent may run.

    Args:
        agents: How the service is offered.
    """

    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def names(self, token: Token) -> dict[str, str]:
        """Made name → name of each script that the token is for, in order."""
        names = [name for name in self._agents.service.library.names() if token.covers(name)]
        reserved = [name for name in names if name.startswith(PREFIX)]
        return made_names(names, reserved)

    def scripts(self, token: Token) -> list[ScriptTool]:
        """All scripts that the token may run."""
        found = [self._tool(made, name, token) for made, name in self.names(token).items()]
        return [each for each in found if each is not None]

    def listed(self, token: Token) -> tuple[list[ScriptTool], bool]:
        """The scripts that are tools of their own, and whether there are more."""
        found = self.scripts(token)
        if len(found) <= MOST and fitting_tools(found) == found:
            return found, False
        pinned = self._agents.pinned[:MOST]
        return fitting_tools(each for each in found if each.name in pinned), True

    def find(self, made: str, token: Token) -> ScriptTool | None:
        """The script of a tool's name; None where the token may not run it."""
        name = self.names(token).get(made)
        return None if name is None else self._tool(made, name, token)

    def called(self, name: str, token: Token) -> ScriptTool | None:
        """The script of that name, or tool of that name; None where the token may not run it."""
        made = next((made for made, real in self.names(token).items() if name in (real, made)), None)
        return None if made is None else self.find(made, token)

    def _tool(self, made: str, name: str, token: Token) -> ScriptTool | None:
        try:
            linked = self._agents.service.links.linked(name)
        except SopError:  # what it calls is gone: nobody can run it
            return None
        root = linked.root
        if not may_run(token, root.effects, root.module.signature):
            return None
        writes = bool(root.effects.writes)
        asked = writes and self._agents.confirms
        schema, params = arguments_schema(for_callers(root.module.signature, token), (CONFIRM,) if asked else ())
        if asked:
            text = "Of sop_dry_run with the same arguments; needed if you can't ask the person."
            schema["properties"][CONFIRM] = {"type": "string", "description": text}
        commands = set(_commands(linked))
        hints = types.ToolAnnotations(
            read_only_hint=not writes,
            destructive_hint=bool(commands & {"update", "upsert", "delete"}),
            idempotent_hint=not writes,
            open_world_hint=False,
        )
        said = [root.module.doc[:DOC_LENGTH] or f"The script {name}.", effects_in_words(linked)]
        tool = types.Tool(name=made, title=name, description="\n".join(said), input_schema=schema, annotations=hints)
        return ScriptTool(tool, linked, params)


def fitting_tools(scripts: Iterable[ScriptTool]) -> list[ScriptTool]:
    """The first scripts, as many as a list of tools holds."""
    found: list[ScriptTool] = []
    length = 0
    for each in scripts:
        length += len(each.tool.model_dump_json(by_alias=True, exclude_none=True))
        if length > MOST_BYTES:
            break
        found.append(each)
    return found


def _commands(linked: Linked) -> dict[str, set[str]]:
    """Kind of write → the stores that it changes, by what the script and its callees do."""
    found: dict[str, set[str]] = {}
    for script in linked.scripts.values():
        for write in script.module.writes:
            found.setdefault(command_of(write), set()).add(f"{write.database}.{write.store}")
    return found


def effects_in_words(linked: Linked) -> str:
    """What a run may do: `Reads hr.employees. Inserts into hr.payments. Asks a person.`"""
    effects = linked.root.effects
    said = [f"reads {', '.join(effects.reads)}"] if effects.reads else []
    said += [f"{_VERBS[kind]} {', '.join(sorted(stores))}" for kind, stores in sorted(_commands(linked).items())]
    if not effects.writes:
        said.append("changes nothing")
    if effects.asks:
        said.append("asks a person")
    if effects.commits:
        said.append("makes its changes permanent in several parts")
    return " ".join(f"{each[:1].upper()}{each[1:]}." for each in said)


def summary(script: ScriptTool, token: Token) -> dict[str, Any]:
    """A script, as `sop_find` shows it."""
    signature = for_callers(script.linked.root.module.signature, token)
    return {
        "script": script.name,
        "head": head_of(signature),
        "doc": script.linked.root.module.doc[:DOC_LENGTH],
        "effects": effects_in_words(script.linked),
    }
