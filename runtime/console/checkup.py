"""The installation and the settings → what works and what does not, each with what to do; for `sopc doctor`."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from importlib import metadata
from typing import Final, NamedTuple

from runtime.config import LIBRARY_FILE, Config
from runtime.errors import SopError
from runtime.query.schema import Schema

OK: Final = "ok"
WRONG: Final = "wrong"
_BUILD: Final = ("test", "docs", "mutation", "peers")  # extras of those who work on the project
_REQUIREMENT: Final = re.compile(r"""([\w.-]+)(?:\[[\w,]+\])?(?:>=([\d.]+))?.*extra == ["'](\w+)["']""")
_SLACK: Final = timedelta(minutes=1)  # two clocks may differ so much


class Check(NamedTuple):
    """One line of the report.

    Attributes:
        name: What was looked at.
        state: `ok`, or `wrong`.
        found: What was found.
        hint: What to do; empty for nothing.
    """

    name: str
    state: str
    found: str
    hint: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether something has to be done."""
        return self.state == WRONG


def checks_of(config: Config, now: datetime, broken: SopError | None = None) -> Iterator[Check]:
    """Look at everything that runs need.

    Args:
        config: The settings.
        now: What the clock of this machine says, in UTC.
        broken: Why the settings can't be read; then nobody knows what the databases are.

    Returns:
        The checks, one after the other.
    """
    yield Check("Python", OK, f"{platform.python_version()}, sopc {metadata.version('sopc')}")
    yield from _extras()
    yield _home(config)
    yield from _library(config, now)
    if broken is not None:
        yield failed_check("settings", broken)
        return
    schemas: dict[str, Schema] = {}
    for name in config.database_names():
        yield _database(config, name, schemas)
    yield from _stores(config, schemas)


def failed_check(name: str, error: SopError) -> Check:
    """Make the line of a check that ended in an error.

    Args:
        name: What was looked at.
        error: What is wrong.

    Returns:
        The line, with the error's hint.
    """
    return Check(name, WRONG, str(error), error.hint or f"sopc error {error.code} explains it")


def _extras() -> Iterator[Check]:
    """A line for each extra: one that is not there is no fault, one that is too old is."""
    packages: dict[str, list[tuple[str, str]]] = {}
    for text in metadata.requires("sopc") or ():
        match = _REQUIREMENT.match(text)
        if match is not None and match[3] not in _BUILD:
            packages.setdefault(match[3], []).append((match[1], match[2] or "0"))
    for extra, needed in sorted(packages.items()):
        install = f"pip install --upgrade 'sopc[{extra}]'"
        found = {package: _version(package) for package, _ in needed}
        missing = [package for package, version in found.items() if version is None]
        old = [package for package, lowest in needed if _numbers(found[package] or lowest) < _numbers(lowest)]
        if old:
            yield Check(f"extra {extra}", WRONG, f"{', '.join(old)} is too old", install)
        elif missing:
            yield Check(f"extra {extra}", OK, f"not installed: {', '.join(missing)}", f"if it is needed: {install}")
        else:
            yield Check(f"extra {extra}", OK, ", ".join(f"{package} {version}" for package, version in found.items()))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _home(config: Config) -> Check:
    home = config.home
    settings = f", settings in {config.file}" if config.file else ", no sop.toml"
    if not home.exists():
        hint = "`sopc init` makes it, or the first `sopc compile` or `sopvm db import`"
        return Check("home", OK, f"{home} is not there yet{settings}", hint)
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return Check("home", WRONG, f"{home} can't be written{settings}", "its owner can, or take --home DIR")
    return Check("home", OK, f"{home}{settings}")


def _library(config: Config, now: datetime) -> Iterator[Check]:
    """The library, and the clock by which its newest version was stored."""
    from runtime.library import Library

    clock = Check("clock", OK, f"{now:%Y-%m-%dT%H:%M:%SZ}")
    if not (config.home / LIBRARY_FILE).exists():
        yield Check("library", OK, "no script is stored yet", "sopc compile FILE")
        yield clock
        return
    try:
        with Library.open(config.home, read_only=True) as library:
            entries = library.entries()
    except SopError as error:
        yield failed_check("library", error)
        yield clock
        return
    yield Check("library", OK, f"{len(entries)} script{'' if len(entries) == 1 else 's'}")
    newest = max(entries, key=lambda entry: entry.when, default=None)
    if newest is not None and datetime.fromisoformat(newest.when) > now + _SLACK:
        found = f"{clock.found} is before {newest.when}, when {newest.name} was stored"
        clock = Check("clock", WRONG, found, "set the clock: times of runs, tokens and schedules depend on it")
    yield clock


def _stores(config: Config, schemas: Mapping[str, Schema]) -> Iterator[Check]:
    """What sop.toml says of stores that are not there."""
    if config.stores:
        from runtime.files import unmet_settings

        for error in unmet_settings(schemas, config.stores, are_all=set(config.database_names()) <= set(schemas)):
            yield failed_check("stores", error)


def _database(config: Config, name: str, schemas: dict[str, Schema]) -> Check:
    """The check of a database; its schema is added where it can be read."""
    from runtime.connect import connect, hide_password

    label = f"database {name}"
    if config.is_unmade(name):
        schemas[name] = Schema({})
        return Check(label, OK, "is not there yet", "`sopvm db import FILE` makes it; `sopvm db add` names another")
    try:
        setting = config.database(name)
        database = connect(setting.url, name=name, base=setting.base, read_only=True)
        try:
            schema = schemas[name] = database.schema()
        finally:
            database.close()
    except SopError as error:
        return failed_check(label, error)
    broken = sorted(schema.broken)
    stores = f"{hide_password(setting.url)}: {len(schema.stores)} store{'' if len(schema.stores) == 1 else 's'}"
    if broken:
        return Check(label, WRONG, f"{stores}; can't be read: {', '.join(broken)}", f"sopc schema {name} says why")
    return Check(label, OK, stores)
