"""A database URL → an open Database, by its scheme."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from runtime.config import Config
from runtime.databases.acting import acting_as
from runtime.databases.db_errors import read_only as only_read
from runtime.databases.library_files import refuse_library
from runtime.databases.protocol import Database, Loadable
from runtime.errors import DatabaseError, UsageError

_POSTGRES: Final = ("postgresql", "postgres")
_PASSWORD: Final = re.compile(r"(//[^/@:]*:).*@|((?:password|token)=)[^&;?]*", re.IGNORECASE)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)


def hide_password(url: str) -> str:
    """The URL with `***` for its password, for messages."""
    return _PASSWORD.sub(lambda match: f"{match[1]}***@" if match[1] else f"{match[2]}***", url)


def file_of(url: str, base: Path) -> Path | None:
    """The file of a `sqlite:///…` URL, relative ones from `base` on; None for another scheme."""
    scheme, rest = _split(url)
    if scheme != "sqlite":
        return None
    if not rest.startswith("///") or rest == "///":
        raise UsageError(
            "D0106", f"`{hide_password(url)}` names no file", "sqlite:///file.db, or sqlite:////absolute/path/file.db"
        )
    return base / unquote(rest[3:])


def may_keep_runs(url: str) -> bool:
    """Whether its engine can keep runs; nothing is opened. D0106 for something that is no URL."""
    return _split(url)[0] in ("sqlite", *_POSTGRES)


def file_made_by(url: str, base: Path) -> Path | None:
    """The one file of a database that a first import makes; None for what is there before."""
    if _split(url)[0] == "duckdb":
        from runtime.databases.duckdb.url import parse_url

        return parse_url(url, base)[0]
    return file_of(url, base)


def connect(url: str, *, name: str, base: Path, read_only: bool = False, create: bool = False) -> Database:
    """Open the database that the URL names.

    name: what scripts call it, for messages. base: folder that relative paths start from. create: make a file or
    schema that is not there yet. Raises UsageError: D0104 for an unknown scheme, D0106 for a malformed URL, other D01xx
    when it can't be opened (what a name stands for is configuration); DatabaseError for what may pass, such as a lock.
    """
    try:
        return _connect(url, name, base, read_only, create)
    except DatabaseError as error:
        if not error.code.startswith("D01"):
            raise
        raise UsageError(error.code, error.message, error.hint) from error


def connector(config: Config, *, read_only: bool = False) -> Callable[[str], Database]:
    """Return a function: name of a database in the settings → a new connection to it, as of `connect`.

    Args:
        config: The settings.
        read_only: Refuse to write.
    """

    def connect_to(name: str) -> Database:
        setting = config.database(name)
        return acting_as(connect(setting.url, name=name, base=setting.base, read_only=read_only), config.acting)

    return connect_to


@contextmanager
def connect_to_load(
    config: Config, name: str, path: Path | None = None, title: str | None = None
) -> Iterator[Loadable]:
    """Open a database to load rows into. Its file is made when missing, and removed again when it stays empty.

    Args:
        config: The settings.
        name: The database's name in them.
        path: The file to load, if it is one; it is looked at first, so that nothing is made for one that can't be read.
        title: The file's name in messages; its path when None.

    Returns:
        A context manager that gives the database.

    Raises:
        UsageError: The settings don't define the name, or the file can't be read.
        DatabaseError: The database can't be opened, or only be read.
    """
    from runtime.files.read import open_table
    from runtime.library.environment import make_home

    if path is not None:
        open_table(path, title)
    setting = config.database(name)
    if config.is_unmade(name):
        make_home(config.home)
    file = file_made_by(setting.url, setting.base)
    is_new = file is not None and not file.exists()
    database: Any = acting_as(connect(setting.url, name=name, base=setting.base, create=True), config.acting)
    try:
        if database.read_only:
            raise only_read(name)
        yield database
    finally:
        is_empty = is_new and not database.schema().stores
        database.close()
        if file is not None and is_empty:
            for made in (file, *(Path(f"{file}{ending}") for ending in ("-wal", "-shm", ".wal"))):
                made.unlink(missing_ok=True)


def _connect(url: str, name: str, base: Path, read_only: bool, create: bool) -> Database:
    path = file_of(url, base)
    if path is not None:
        refuse_library(path, name)
        from runtime.databases.sqlite.database import SQLiteDatabase

        return SQLiteDatabase(path, name=name, read_only=read_only, create=create)
    scheme, _ = _split(url)
    if scheme in _POSTGRES:
        return _postgres(url, name, read_only=read_only, create=create)
    if scheme in ("duckdb", "files"):
        return _duckdb(url, name, base, read_only=read_only, create=create)
    if scheme == "sc":
        return _spark(url, name, base)
    raise UsageError(
        "D0104", f"`{name}`: `{scheme}` is not a kind of database", "sqlite:///file.db opens a SQLite file"
    )


def _duckdb(url: str, name: str, base: Path, *, read_only: bool, create: bool) -> Database:
    from runtime.databases.duckdb.url import parse_url

    path, options = parse_url(url, base)
    refuse_library(path, name)
    if url.lower().startswith("files"):
        from runtime.files.folder import FilesDatabase

        return FilesDatabase(path, name=name, options=options)
    from runtime.databases.duckdb.database import DuckDBDatabase

    return DuckDBDatabase(path, name=name, options=options, read_only=read_only, create=create)


def _postgres(url: str, name: str, *, read_only: bool, create: bool) -> Database:
    try:
        from runtime.databases.postgres.database import PostgresDatabase
        from runtime.databases.postgres.url import parse_url
    except ImportError as error:
        raise UsageError(
            "D0105", f"`{name}`: this installation can't open PostgreSQL", "pip install 'sopc[postgres]'"
        ) from error
    return PostgresDatabase(parse_url(url, hide_password(url)), name=name, read_only=read_only, create=create)


def _spark(url: str, name: str, base: Path) -> Database:
    from runtime.databases.spark.url import parse_url

    address = parse_url(url, hide_password(url), base)
    try:
        from runtime.databases.spark.database import SparkDatabase
    except ImportError as error:
        raise UsageError(
            "D0105", f"`{name}`: this installation can't reach Spark", "pip install 'sopc[spark]'"
        ) from error
    return SparkDatabase(address, name=name)


def _split(url: str) -> tuple[str, str]:
    """Scheme and rest; D0106 for something that is no URL."""
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise UsageError(
            "D0106", f"`{hide_password(url)}` is not the URL of a database", f"sqlite:///{hide_password(url)}"
        )
    return match[1].lower(), match[2]
