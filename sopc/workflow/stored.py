"""Prepared programs and consents → stored scripts and their .sop files: all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.bytecode.codec import decode
from runtime.bytecode.module import Module
from runtime.errors import SopError, UsageError
from runtime.files.atomic import write_text
from runtime.library.records import Entry
from runtime.library.store import Library
from sopc import pipeline
from sopc.context import Context
from sopc.workflow.prepared import Prepared

__all__ = ("Consents", "NeedsYes", "Outcome", "Stored", "check_unique", "stale_callers", "store")


@dataclass(frozen=True)
class Consents:
    """What a person agreed to.

    Attributes:
        yes: agreed before seeing the programs (`--yes`).
        seen: the names of scripts whose programs the person saw and accepted.
    """

    yes: bool = False
    seen: frozenset[str] = frozenset()

    def cover(self, prepared: Prepared) -> bool:
        """Whether a program may be stored. A new translation that writes needs a yes; `--yes` does not accept a write
        that the text does not ask for."""
        if not prepared.translated or not prepared.writes or prepared.name in self.seen:
            return True
        return self.yes and not prepared.is_unexpected


class NeedsYes(SopError):
    """Nothing was stored: a person has to look first.

    Args:
        refused: The programs that wait for a yes.
    """

    exit_code = 3

    def __init__(self, refused: Sequence[Prepared]) -> None:
        hint = "read the program, then store it with a yes"
        super().__init__("C0108", f"{'; '.join(map(_new, refused))}; nothing was stored", hint)
        self.refused = refused


@dataclass(frozen=True)
class Stored:
    """A script in the library. `unchanged`: this version was already the newest."""

    entry: Entry
    unchanged: bool


@dataclass(frozen=True)
class Outcome:
    """What storing did.

    Attributes:
        scripts: the stored scripts.
        files: the .sop files written.
        stale: (caller, callee) for each stored script that was compiled against another signature of a callee.
    """

    scripts: tuple[Stored, ...]
    files: tuple[Path, ...]
    stale: tuple[tuple[str, str], ...]


def store(prepared: Sequence[Prepared], context: Context, consents: Consents | None = None) -> Outcome:
    """Store all of them, or none.

    Args:
        prepared: The sources.
        context: With the library and the databases.
        consents: What a person agreed to; None for nothing.

    Returns:
        The stored scripts, the files written, and callers compiled for other signatures.

    Raises:
        NeedsYes: C0108 when a consent is missing; translations are kept for it.
        UsageError: C0112 when two define the same script.
        DatabaseError: when a database has no SQL for a query.
    """
    given = consents or Consents()
    check_unique(prepared)
    refused = [each for each in prepared if not given.cover(each)]
    if refused:
        for each in prepared:
            each.keep()
        raise NeedsYes(refused)
    modules = [module for each in prepared for module in each.compiled.modules]
    items = [item for each in prepared for item in each.compiled.items(work=each.work)]
    pipeline.generate_sql(modules, items, context)
    files = [each.write_to for each in prepared if each.write_to is not None]
    for each in prepared:
        if each.write_to is not None:
            write_text(each.write_to, each.compiled.source.text)
        each.forget()
    before = {name: context.library.find(name) for name in {item.name for item in items}}
    entries = pipeline.store(items, context.library)
    scripts = tuple(Stored(entry, entry == before[entry.name]) for entry in entries)
    return Outcome(scripts, tuple(files), tuple(stale_callers(modules, context.library)))


def stale_callers(modules: Sequence[Module], library: Library) -> list[tuple[str, str]]:
    """Return (caller, callee) for each stored script that was compiled against another signature of one of these."""
    changed = {module.signature.name: module.signature for module in modules}
    found = []
    for entry in library.entries():
        if entry.name in changed or not changed.keys() & set(entry.calls):
            continue
        for call in decode(library.load(entry.hash)).calls:
            now = changed.get(call.signature.name)
            if now is not None and now != call.signature:
                found.append((entry.name, call.signature.name))
    return found


def check_unique(prepared: Sequence[Prepared]) -> None:
    """Check that no two sources define the same script: the second would silently replace the first.

    Args:
        prepared: The sources.

    Raises:
        UsageError: C0112.
    """
    defined: dict[str, str] = {}
    for each in prepared:
        source = each.compiled.source.name
        for module in each.compiled.modules:
            name = module.signature.name
            if name in defined:
                message = f"{defined[name]} and {source} both define the script `{name}`"
                if defined[name] == source:
                    message = f"two texts define the script `{name}`, so both would be kept in {source}"
                raise UsageError("C0112", message, "a script's name is its text's title: give one of them another")
            defined[name] = source


def _new(each: Prepared) -> str:
    unasked = "" if each.expects_change else ", though nothing in its text speaks of a change"
    return f"{each.name} is new and writes {', '.join(each.writes)}{unasked}"
