"""A folder of CSV, TSV, NDJSON and Parquet files → the Database protocol: each file a store that can only be read.

Nothing is imported: a store is a view of its file. A store is called as its file without the ending; a folder of
Parquet files is one store. What a text file holds is found by runtime/files/profile.py and told to DuckDB, which
guesses nothing. A file that can't be read is a broken store (`Schema.broken`), and the others are as they would be
without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from runtime.databases.duckdb.types import column_type
from runtime.databases.duckdb.views import TRANSIENT, Views
from runtime.databases.tables import create_sql, qualified_name, quote_literal
from runtime.errors import DatabaseError, SopError
from runtime.files.load import row_reader
from runtime.files.profile import NULLS, FileProfile, profile
from runtime.files.read import open_table
from runtime.query.schema import Broken, Schema, Store

_MEMORY: Final = ("memory", "loaded")  # where rows are that had to be loaded
_LINE_BYTES: Final = 2_000_000  # DuckDB's own limits, which a longer record raises
_OBJECT_BYTES: Final = 16_777_216
_FORMATS: Final = {".csv": "csv", ".tsv": "csv", ".ndjson": "json", ".jsonl": "json", ".parquet": "parquet"}


class FilesDatabase(Views):
    """One folder, as one run reads it.

    path: the folder. options: settings of DuckDB, as from the URL. Raises DatabaseError D01xx when the folder can't be
    read, UsageError D0105 without the duckdb package.
    """

    engine = "a folder of files"

    def __init__(self, path: Path, *, name: str, options: dict[str, str] | None = None) -> None:
        files = _files_of(path, name)
        super().__init__(path, name=name, options=options)
        self._broken: dict[str, Broken] = {}
        try:
            for store, places in files.items():
                self._add(store, places)
        except BaseException:
            self._connections.close()
            raise

    def schema(self) -> Schema:
        if self._schema is None:
            found = super().schema()
            self._schema = msgspec.structs.replace(found, broken=found.broken | self._broken)
        return self._schema

    def _add(self, store: str, places: tuple[Path, ...]) -> None:
        """Make the file a store, or say why it can't be one."""
        try:
            if len(places) > 1:
                raise _two_files(store, places)
            self._read(store, places[0].absolute())
        except SopError as error:
            if error.code in TRANSIENT:
                raise
            self._broken[store] = Broken(error.code, error.message, error.hint)

    def _read(self, store: str, file: Path) -> None:
        if file.is_dir() or _FORMATS[file.suffix.lower()] == "parquet":
            self.add_parquet(store, file)
            return
        found = profile(file)
        if found.broken is not None:
            raise found.broken.error()
        if not found.usual:
            self._load(store, file, found)
            return
        read = _read_csv if _FORMATS[file.suffix.lower()] == "csv" else _read_json
        self.make_view(store, f"FROM {read(file, found)}")

    def _load(self, store: str, file: Path, found: FileProfile) -> None:
        """Have the rows in memory, as an import takes them, and a view of them that can only be read."""
        table = open_table(file)
        loaded = Store(store, found.fields)
        read = row_reader(table, store, found.readings, NULLS)
        self._connections.changed(f"CREATE SCHEMA IF NOT EXISTS {qualified_name(_MEMORY[:1], _MEMORY[1])}")
        self._connections.changed(create_sql(_MEMORY, loaded, column_type))
        for batch in table.batches():
            self.insert_into(_MEMORY, loaded, read(batch)[1])
        self.make_view(store, f"FROM {qualified_name(_MEMORY, loaded.name)}")


def _read_csv(file: Path, found: FileProfile) -> str:
    """What reads a file whose dialect and types are known; dates and moments as `runtime/files/infer.py` takes
    them, each with its time zone."""
    longest = max(_LINE_BYTES, found.longest)
    return (
        f"read_csv({quote_literal(str(file))}, columns = {_columns(found)}, auto_detect = false, header = true,"
        f" delim = {quote_literal(found.delimiter)}, quote = '\"', escape = '\"', comment = '', nullstr = '',"
        f" dateformat = '%Y-%m-%d', encoding = 'utf-8', max_line_size = {longest})"
    )


def _read_json(file: Path, found: FileProfile) -> str:
    longest = max(_OBJECT_BYTES, found.longest)
    return (
        f"read_json({quote_literal(str(file))}, columns = {_columns(found)}, auto_detect = false, records = true,"
        f" format = 'newline_delimited', dateformat = '%Y-%m-%d', maximum_object_size = {longest})"
    )


def _columns(found: FileProfile) -> str:
    listed = ", ".join(
        f"{quote_literal(field.name)}: '{'TIMESTAMPTZ' if field.type.name == 'timestamp' else column_type(field.type)}'"
        for field in found.fields
    )
    return f"{{{listed}}}"


def _two_files(store: str, places: tuple[Path, ...]) -> DatabaseError:
    names = " and ".join(place.name for place in places)
    message = f"there are several files for the store `{store}`: {names}"
    return DatabaseError("D0110", message, "rename one of them, or move it to another folder")


def _files_of(folder: Path, name: str) -> dict[str, tuple[Path, ...]]:
    """Store → its file or folder of Parquet files, by name; several where names differ in case or ending only."""
    if not folder.exists():
        raise DatabaseError("D0101", f"the folder of `{name}` does not exist: {folder}", "check the URL given for it")
    if not folder.is_dir():
        raise DatabaseError("D0103", f"`{name}` is not a folder: {folder}", "files:/// takes the folder of the file")
    found: dict[str, tuple[Path, ...]] = {}
    for file in sorted(_children(folder, name)):
        if file.name.startswith("."):
            continue
        if file.is_dir():
            if not any(file.glob("*.parquet")):
                continue
            store = file.name.removesuffix(".parquet")
        elif file.suffix.lower() in _FORMATS:
            store = file.stem
        else:
            continue
        store = next((each for each in found if each.lower() == store.lower()), store)
        found[store] = (*found.get(store, ()), file)
    if not found:
        raise DatabaseError("D0110", f"the folder of `{name}` has no CSV, TSV, NDJSON or Parquet file: {folder}")
    return found


def _children(folder: Path, name: str) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise DatabaseError("D0103", f"the folder of `{name}` can't be read: {error.strerror} ({folder})") from error
