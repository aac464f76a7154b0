"""Settings and library → what a compilation looks up: database schemas, signatures of stored scripts, values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec

from runtime.bytecode.module import Effects, Module, Signature
from runtime.config import Config
from runtime.databases.protocol import Database, Statement
from runtime.errors import DatabaseError, SopError, UsageError
from runtime.library.records import Entry
from runtime.library.store import Library
from runtime.query.algebra import Query, Write
from runtime.query.schema import Schema, without_notes

__all__ = ("Context", "open_context")

Kept = TypeVar("Kept", bound=AbstractContextManager[Any])


class Context:
    """The databases and scripts that sources can use.

    Each database is opened for reading once, at its first use; leaving the `with` block closes them.

    Args:
        config: The settings, which say what the names of databases mean.
        library: The stored scripts.
        sees: Whether the caller may see a stored script of this name; None if all can be seen.
    """

    def __init__(self, config: Config, library: Library, sees: Callable[[str], bool] | None = None) -> None:
        self.config = config
        self._sees = sees
        self.library = library
        self.failures: list[SopError] = []
        self._databases: dict[str, Database] = {}
        self._schemas: dict[str, Schema] = {}
        self._compiled: dict[str, tuple[Signature, Effects]] = {}
        self._statements: dict[bytes, Statement] = {}
        self._kept: dict[type, Any] = {}
        self._told: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Context:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kept.clear()
        self._stack.close()
        for database in self._databases.values():
            database.close()
        self._databases.clear()

    def database(self, name: str) -> Database:
        """The open database of a `uses` name.

        Raises:
            UsageError: C02xx, the configuration does not define the name.
            DatabaseError: The database can't be opened.
        """
        if name not in self._databases:
            from runtime.connect import connector

            self._databases[name] = connector(self.config, read_only=True)(name)
        return self._databases[name]

    def schemas(self, names: Iterable[str]) -> dict[str, Schema]:
        """The schemas by name, as programs are checked against them: without notes, on which none depends. Names
        without a database are left out; the checker reports them with their place."""
        known = self.config.database_names()
        return {name: without_notes(self.schema(name)) for name in names if name in known}

    def readable_schemas(self, names: Iterable[str] | None = None) -> dict[str, Schema]:
        """The schemas of every database that can be opened, or of those among the names.

        `failures` tells which databases could not be opened, and which stores can't be read, and why.
        """
        found: dict[str, Schema] = {}
        self.failures.clear()
        for name in self.config.database_names() if names is None else names:
            try:
                found[name] = self.schema(name)
                self.failures += [broken.error() for broken in found[name].broken.values()]
            except (DatabaseError, UsageError) as error:
                self.failures.append(error)
        return found

    def unmet(self) -> list[UsageError]:
        """Return what sop.toml says of stores that are not there, as far as they have been looked for; each once."""
        if not self.config.stores:
            return []
        from runtime.files import unmet_settings

        are_all = set(self.config.database_names()) <= set(self._schemas)
        found = unmet_settings(self._schemas, self.config.stores, are_all=are_all)
        new = [each for each in found if each.message not in self._told]
        self._told.update(each.message for each in new)
        return new

    def schema(self, name: str) -> Schema:
        """Return the schema of a database by its name; an empty one for `main` before it is made."""
        if name not in self._schemas:
            schema = Schema({}) if self.config.is_unmade(name) else self.database(name).schema()
            if self.config.stores:
                from runtime.files import with_settings

                meant = name if self.config.seen is None else self.config.seen.get(name, name)
                schema = with_settings(schema, meant, self.config.stores)
            self._schemas[name] = schema
        return self._schemas[name]

    def prepare(self, form: Query | Write) -> Statement:
        """Generate the SQL of a query or write for its database; it is cached.

        Raises:
            DatabaseError: The engine can't express it.
        """
        key = msgspec.msgpack.encode(form)
        if key not in self._statements:
            self._statements[key] = self.database(form.database).prepare(form)
        return self._statements[key]

    def signature(self, name: str) -> tuple[Signature, Effects] | None:
        """The signature and effects of a script compiled in this context, else of the stored script, else None."""
        if name in self._compiled:
            return self._compiled[name]
        entry = self.library.find(name)
        if entry is None or (self._sees is not None and not self._sees(name)):
            return None
        module = self.module(entry)
        return module.signature, module.effects

    def module(self, entry: Entry) -> Module:
        """The compiled script of a version in the library."""
        from runtime.bytecode.codec import decode

        return decode(self.library.load(entry.hash))

    def script_names(self) -> list[str]:
        """Return the names of all scripts that a source may call, sorted."""
        stored = self.library.names()
        return sorted({*self._compiled, *(stored if self._sees is None else filter(self._sees, stored))})

    def keep(self, kind: type[Kept], start: Callable[[], Kept]) -> Kept:
        """Return a resource that is started once for all sources, and closed with this context.

        Args:
            kind: Its class.
            start: Starts it.
        """
        if kind not in self._kept:
            self._kept[kind] = self._stack.enter_context(start())
        kept: Kept = self._kept[kind]
        return kept

    def add(self, modules: Iterable[Module]) -> None:
        """Let sources compiled later call these modules before they are stored."""
        for module in modules:
            self._compiled[module.signature.name] = (module.signature, module.effects)


def open_context(config: Config, *, read_only: bool = False) -> Context:
    """Open a context with the library of the configured home.

    Args:
        config: The settings.
        read_only: Change nothing in the library.

    Returns:
        The context, to be used in a `with` block; its library is closed on its own.
    """
    return Context(config, Library.open(Path(config.home), read_only=read_only))
