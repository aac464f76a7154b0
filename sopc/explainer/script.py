"""A script's tree and effects → its explanation: what it reads, writes, takes and returns, and its steps in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runtime.bytecode.module import Effects, Module
from runtime.config import MAIN
from runtime.query.schema import Store
from sopc.explainer.expressions import PHRASE
from sopc.explainer.phrases import listed, name, type_words
from sopc.explainer.queries import Queries
from sopc.explainer.steps import Line, steps_of
from sopc.source import Source
from sopc.syntax.parse import parse
from sopc.tree import nodes

__all__ = ("explain", "explain_module")


@dataclass(frozen=True)
class Explanation:
    """A script in words. head: sentences about the whole, beginning with what it reads and writes."""

    name: str
    head: tuple[str, ...]
    lines: tuple[Line, ...]


def explain_module(module: Module) -> Explanation:
    """Explain a compiled script.

    Args:
        module: The script; it holds its program.

    Returns:
        What it reads and changes, and each step, in English.
    """
    (script,) = parse(Source(module.debug.file, module.debug.source)).scripts
    return explain(script, module.effects, module.schema)


def explain(script: nodes.Script, effects: Effects, stores: Mapping[str, Store] | None = None) -> Explanation:
    """Explain a script in English.

    Args:
        script: Its tree.
        effects: Of the compiled script, including those of its callees.
        stores: By "database.store"; used for the types of fields.
    """
    kinds, optional = _kinds((stores or {}).values())
    head = [_reads(effects), _writes(effects), *_others(script, effects), *_takes(script), *_gives(script, effects)]
    return Explanation(script.name, tuple(head), steps_of(script, kinds, optional))


def _kinds(stores: Iterable[Store]) -> tuple[dict[str, str], frozenset[str]]:
    """The type names of fields whose type is the same in every store, and the names of fields that may be null."""
    found: dict[str, set[str]] = {}
    optional = set()
    for store in stores:
        for field in store.fields:
            found.setdefault(field.name, set()).add(field.type.name)
            if field.type.nullable:
                optional.add(field.name)
    return {field: next(iter(kinds)) for field, kinds in found.items() if len(kinds) == 1}, frozenset(optional)


def _reads(effects: Effects) -> str:
    return f"Reads {_stores(effects.reads)}." if effects.reads else "Reads nothing."


def _writes(effects: Effects) -> str:
    return f"Changes {_stores(effects.writes)}." if effects.writes else "Changes nothing."


def _stores(full_names: Iterable[str]) -> str:
    """`employees and payments of hr, and items`; the database `main` is not mentioned."""
    by_database: dict[str, list[str]] = {}
    for full_name in full_names:
        database, _, store = full_name.partition(".")
        by_database.setdefault(database, []).append(name(store))
    parts = [
        listed(stores) + ("" if database == MAIN else f" of {name(database)}")
        for database, stores in by_database.items()
    ]
    return ", and ".join(parts)


def _others(script: nodes.Script, effects: Effects) -> list[str]:
    used = {store.partition(".")[0] for store in (*effects.reads, *effects.writes)}
    unused = [name(database) for database in script.uses if database not in used]
    parts = [f"May use {listed(unused)} too."] if unused else []
    parts += [f"Runs {listed([name(call) for call in effects.calls])}."] if effects.calls else []
    parts += ["May ask a question."] if effects.asks else []
    parts += ["May keep what it has changed for good before it ends."] if effects.commits else []
    return parts


def _takes(script: nodes.Script) -> list[str]:
    speaker = Queries()
    parts = []
    for param in script.params:
        default = "" if param.default is None else f", {speaker.say(param.default, PHRASE)} unless given"
        secret = ", kept secret" if param.secret else ""
        parts.append(f"{name(param.name)} ({type_words(param.type)}{secret}{default})")
    return [f"Takes {listed(parts)}."] if parts else []


def _gives(script: nodes.Script, effects: Effects) -> list[str]:
    parts = []
    if script.emits is not None:
        parts.append(f"Shows rows, each of them {type_words(script.emits)}.")
    if script.returns is not None:
        parts.append(f"Gives back {type_words(script.returns)}.")
    return parts
