"""Databases that get a name in sop.toml, and stores that are removed or renamed; for `sopvm db`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from runtime.config import MAIN, Config
from runtime.connect import connector
from runtime.console.console import Console
from runtime.console.declare import declare
from runtime.console.questions import at_terminal
from runtime.errors import DatabaseError, UsageError

if TYPE_CHECKING:
    from runtime.query.schema import Store


def add_database(console: Console, config: Config, name: str, where: str) -> None:
    """Declare a database in sop.toml, and open it once to see that it can be read.

    Args:
        console: Where the line and the number of its stores are told.
        config: The settings.
        name: What scripts call it.
        where: Its file, folder or URL.

    Raises:
        UsageError: As `declare`, or it can't be opened; then sop.toml is as it was.
    """
    setting = declare(config, name, where)
    opened = connector(setting.config, read_only=True)(name)
    try:
        count = len(opened.schema().stores)
    finally:
        opened.close()
    setting.write()
    console.note(f"{setting.path}: {setting.line}")
    console.note(f"{name}: {count} store{'' if count == 1 else 's'}")


def remove_store(console: Console, config: Config, text: str, *, yes: bool) -> None:
    """Remove a store with its rows, once a person says so.

    Args:
        console: Where it is told.
        config: The settings.
        text: STORE or DATABASE.STORE.
        yes: Do not ask.

    Raises:
        UsageError: C0208, nobody can be asked.
        DatabaseError: D0505, there is no such store, or it can only be read.
    """
    from runtime.files.load import transaction
    from runtime.files.remembered import forget_store

    with _store(config, text) as (name, database, found):
        rows = database.count_rows(found.name)
        what = f"{name}.{found.name} with {rows:,} row{'' if rows == 1 else 's'}"
        if not yes:
            if not at_terminal():
                raise UsageError("C0208", f"this would remove {what}", "--yes removes it")
            click.confirm(f"Remove {what}?", err=True, abort=True)
        with transaction(database):
            database.drop_store(found.name)
            forget_store(database, found.name)
    console.note(f"removed {what}")


def rename_store(console: Console, config: Config, text: str, new: str) -> None:
    """Give a store another name.

    Args:
        console: Where it is told.
        config: The settings.
        text: STORE or DATABASE.STORE.
        new: The name.

    Raises:
        DatabaseError: D0505, there is no such store, it can only be read, or the name can't be taken.
    """
    from runtime.files.load import transaction
    from runtime.files.remembered import move_remembered
    from runtime.values.names import name_fault

    with _store(config, text) as (name, database, found):
        fault = name_fault(new.strip())
        if fault is not None:
            raise DatabaseError("D0505", f"a store can't have this name: it {fault}", "another name")
        taken = next((each for each in database.schema().stores if each.lower() == new.lower()), None)
        if taken is not None:
            raise DatabaseError("D0505", f"there is a store `{taken}` already", "another name")
        with transaction(database):
            database.rename_store(found.name, new)
            move_remembered(database, found.name, new)
    console.note(f"{name}.{found.name} is {name}.{new} now")


def link_store(console: Console, config: Config, text: str, key: str, references: Sequence[str]) -> None:
    """Keep what tells the rows of a store apart and what its fields refer to; find both where nothing is said.

    Args:
        console: Where it is told.
        config: The settings.
        text: STORE or DATABASE.STORE.
        key: Its fields that together tell its rows apart, with commas; empty for what is there.
        references: FIELD=STORE.FIELD of each.

    Raises:
        UsageError: D0506, it does not fit the stores or their rows.
        DatabaseError: D0505, there is no such store, or it can only be read.
    """
    from runtime.files import find_links, parse_key, parse_references, say_links
    from runtime.files.load import transaction
    from runtime.files.report import link_lines

    keys, pairs = parse_key(key), parse_references(references)
    with _store(config, text) as (name, database, found):
        with transaction(database):
            if keys or pairs:
                links = say_links(database, found.name, keys, pairs)
            else:
                links = find_links(database, found.name)
        for line in link_lines(found.name, links, f"{name}.{found.name}"):
            console.note(line)


def unlink_store(console: Console, config: Config, text: str, fields: Sequence[str]) -> None:
    """Keep that fields of a store refer to nothing and are no keys.

    Args:
        console: Where it is told.
        config: The settings.
        text: STORE or DATABASE.STORE.
        fields: Their names.

    Raises:
        UsageError: D0506, there is no such field.
        DatabaseError: D0505, there is no such store, or it can only be read.
    """
    from runtime.files import unlink
    from runtime.files.load import transaction

    with _store(config, text) as (name, database, found), transaction(database):
        unlink(database, found.name, fields)
    console.note(f"{', '.join(fields)} of {name}.{found.name}: no key, and no reference")


@contextmanager
def _store(config: Config, text: str) -> Iterator[tuple[str, Any, Store]]:
    """The database that STORE or DATABASE.STORE names, open for writing, and the store."""
    name, dot, store = text.partition(".")
    if not dot or name not in config.database_names():
        name, store = MAIN, text
    database: Any = connector(config)(name)
    try:
        found = database.schema().stores.get(store)
        if found is None:
            known = ", ".join(sorted(database.schema().stores)[:10])
            raise DatabaseError("D0505", f"there is no store `{store}` in {name}", known or None)
        if found.read_only or database.read_only:
            raise DatabaseError("D0505", f"`{store}` of {name} can only be read")
        yield name, database, found
    finally:
        database.close()
