"""A session on a Spark Connect server → its Schema: tables of a catalogue, or the Parquet files of a folder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from runtime.databases.change_marks import Mark
from runtime.databases.spark import plans
from runtime.databases.spark.connection import Connection, rows_of
from runtime.databases.spark.types import type_of
from runtime.errors import DatabaseError, SopError
from runtime.query.schema import Broken, Field, Schema, Store, schema_of

PARQUET: Final = "parquet"
_FILE: Final = ("path", "length", "modificationTime")
_SETTLED_SECONDS: Final = 2.0  # the clock of a file system may count seconds


class File(NamedTuple):
    """name: from the folder on. size: bytes. changed: when."""

    name: str
    size: int
    changed: datetime


def files_of(connection: Connection) -> list[File]:
    """The Parquet files of the folder, also those in its folders, as the server lists them."""
    folder = connection.address.path
    options = {"pathGlobFilter": f"*.{PARQUET}", "recursiveFileLookup": "true"}
    listed = plans.files("binaryFile", [folder], options)
    try:
        rows = [row for table in connection.results(plans.picked(listed, _FILE)) for row in rows_of(table)]
    except DatabaseError as error:
        if error.code in ("D0201", "D0308"):
            raise DatabaseError(
                "D0101",
                f"`{connection.name}`: the server can't read the folder {folder}: {error.message.partition(': ')[2]}",
                "check `path` in its URL: it is a folder of the server's",
            ) from error
        raise
    inside = folder.partition("://")[2] or folder
    # Sail lists a large file once for each part of it that it would read
    return sorted({File(_name(path, inside.strip("/")), size, changed) for path, size, changed in rows})


def mark_of(connection: Connection, files: Iterable[File]) -> Mark:
    """What differs once one of the files is another."""
    state = " ".join(f"{file.name}:{file.size}:{file.changed.timestamp()}" for file in files)
    newest = max((file.changed for file in files), default=datetime.min.replace(tzinfo=UTC))
    settled = (datetime.now(UTC) - newest).total_seconds() > _SETTLED_SECONDS
    return Mark(f"{connection.address.place} {connection.address.path}", state, settled)


def places_of(connection: Connection, files: Iterable[File]) -> dict[str, str]:
    """Store → the file, or the folder of files, that the server is to read."""
    found: dict[str, str] = {}
    for file in files:
        top = file.name.partition("/")[0]
        found.setdefault(top.removesuffix(f".{PARQUET}"), f"{connection.address.path}/{top}")
    if not found:
        raise DatabaseError(
            "D0110", f"the folder of `{connection.name}` has no Parquet file: {connection.address.path}"
        )
    return found


def read_folder(connection: Connection, places: dict[str, str]) -> Schema:
    """Each file or folder as a store; one that can't be read is broken."""
    stores: dict[str, Store] = {}
    broken: dict[str, Broken] = {}
    for name, path in places.items():
        try:
            stores[name] = _store(name, connection.columns(plans.plan(plans.files(PARQUET, [path]))))
        except SopError as error:
            if error.code not in ("D0201", "D0308"):
                raise
            broken[name] = Broken("D0110", f"{path} can't be read: {error.message}", error.hint)
    found = schema_of(stores, ())
    return Schema(found.stores, found.place, found.broken | broken)


def read_catalog(connection: Connection) -> Schema:
    """Every table and view of the connection's schema."""
    place = ".".join(map(quoted, connection.place))
    names = [row[1] for row in connection.rows(f"SHOW TABLES IN {place}") if not row[2]]
    stores = {
        name: _store(name, connection.columns(plans.query(f"SELECT * FROM {place}.{quoted(name)}"))) for name in names
    }
    return schema_of(stores, connection.place)


def quoted(name: str) -> str:
    """A name in Spark's SQL."""
    return "`" + name.replace("`", "``") + "`"


def view_sql(store: str, path: str) -> str:
    """The statement that makes a file, or a folder of files, a view of the session's own."""
    text = path.replace("\\", "\\\\").replace("'", "\\'")
    return f"CREATE OR REPLACE TEMPORARY VIEW {quoted(store)} USING {PARQUET} OPTIONS (path '{text}')"


def _store(name: str, columns: Iterable[tuple[str, str, bool]]) -> Store:
    fields = []
    for column, declared, nullable in columns:
        type_, native = type_of(declared)
        fields.append(Field(column, type_.or_null() if nullable else type_, stored=native))
    return Store(name, tuple(fields), read_only=True)


def _name(path: str, folder: str) -> str:
    """A file's name from the folder on. Servers write the folder in ways of their own: with a scheme, or without its
    first slash."""
    return path.partition(f"{folder}/")[2]
