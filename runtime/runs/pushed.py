"""A script of a library ↔ the same script and all that it calls in a database, for machines without that library."""

from __future__ import annotations

from typing import NamedTuple

from runtime.bytecode.codec import decode, module_hash
from runtime.config import Config
from runtime.databases.protocol import Keeps
from runtime.errors import SopError, UsageError
from runtime.library.store import Item, Library
from runtime.runs.places import RUNS, RunPlace, places, runs_place
from runtime.runs.run import home_of
from runtime.runs.store import RunStore
from runtime.vm.link import link


class _Pushed(NamedTuple):
    name: str
    version: int
    hash: str


class _Modules:
    """The scripts that a database has (see runtime/vm/link.py)."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def resolve(self, name: str) -> _Pushed:
        found = self._store.pushed(name)
        if found is None:
            raise UsageError("L0101", f"no script named {name} was pushed")
        return _Pushed(*found)

    def load(self, hash_: str) -> bytes:
        data = self._store.module(hash_)
        if data is None or module_hash(decode(data)) != hash_:
            raise SopError("L0105", f"a script that was pushed is damaged: {hash_}", "push it again")
        return data


def push(library: Library, config: Config, name: str, database: str | None) -> dict[str, int]:
    """Put a script and all that it calls into a database, and return their versions by name.

    Args:
        library: With the script.
        config: The settings.
        name: NAME, NAME@VERSION or NAME@TAG.
        database: A name of the settings; None for the database that the script writes, `[runs]` if it writes none.
    """
    linked = link(library, name)
    target = database or home_of(linked.root.effects, linked.root.name) or RUNS
    place = runs_place(config) if target == RUNS else RunPlace(target, config.database(target))
    opened = place.open(create=target == RUNS)
    try:
        if not isinstance(opened, Keeps):
            raise UsageError("V0605", f"`{target}` ({opened.engine}) keeps no runs", "name SQLite or PostgreSQL")
        store = RunStore(opened)
        store.prepare()
        scripts = linked.scripts.values()
        store.push([(each.name, each.version, each.hash, library.load(each.hash)) for each in scripts])
    finally:
        opened.close()
    return {each.name: each.version for each in scripts}


def pull(library: Library, config: Config, name: str) -> None:
    """Take a script that the library does not have from the databases of the settings; nothing where none has it."""
    for place in places(config, []):
        try:
            with place.store() as store:
                if store is None or store.pushed(name) is None:
                    continue
                linked = link(_Modules(store), name)
                library.put_all(
                    [Item(each.name, each.hash, store.module(each.hash) or b"") for each in linked.scripts.values()]
                )
                return
        except SopError as error:
            if not error.code.startswith("D"):
                raise
