"""A folder of CSV, TSV, NDJSON and Parquet files → the Database protocol: each file a store that can only be read.

Nothing is imported: a store is a view of its file. A store is called as its file without the ending; a folder of
Parquet files is one store. The types of text files are inferred by DuckDB once, when the folder is opened, over the
whole file where it is small and else over its first lines; a line further down that does not fit is an error that
names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.databases.duckdb.connections import SETTINGS, Connections
from runtime.databases.duckdb.database import BUSY_SECONDS, DuckDBDatabase
from runtime.databases.tables import in_full, literal
from runtime.errors import DatabaseError, SopError
from runtime.files.read import csv_head

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_SAMPLE_LINES: Final = 100_000
_FORMATS: Final = {".csv": "csv", ".tsv": "csv", ".ndjson": "json", ".jsonl": "json", ".parquet": "parquet"}


class _Folder(Connections):
    """Connections to a database in memory whose views are the folder's files."""

    @property
    def target(self) -> str:
        return ":memory:"

    def close_off(self, connection: Connection) -> None:
        connection.execute(f"SET allowed_directories = [{literal(f'{self.path.absolute()}/')}]")
        super().close_off(connection)


class FilesDatabase(DuckDBDatabase):
    """One folder, as one run reads it.

    path: the folder. options: settings of DuckDB, as from the URL. only: the one file of it that counts. Raises
    DatabaseError D01xx when the folder or a file of it can't be read, UsageError D0105 without the duckdb package.
    """

    engine = "a folder of files"

    def __init__(
        self, path: Path, *, name: str, options: dict[str, str] | None = None, only: Path | None = None
    ) -> None:
        self.name = name
        self.path = path
        self.read_only = True
        files = _files_of(path, name) if only is None else {only.stem: only}
        self._connections = _Folder(path, name, {**(options or {}), **SETTINGS}, BUSY_SECONDS)
        self._connections.open(write=True)
        self._prepare()
        try:
            for store, file in files.items():
                self._make_view(store, file)
        except BaseException:
            self._connections.close()
            raise

    def _make_view(self, store: str, file: Path) -> None:
        try:
            self._connections.changed(f"CREATE VIEW {in_full(self._connections.place, store)} AS FROM {_source(file)}")
        except SopError as error:
            if error.code in ("D0107", "D0203"):
                raise
            raise DatabaseError("D0110", f"{file} can't be read: {error.message}", error.hint) from error


def _source(file: Path) -> str:
    """The table function that reads a file, or a folder of Parquet files."""
    if file.is_dir():
        return f"read_parquet({literal(str(file.absolute() / '*.parquet'))})"
    place = literal(str(file.absolute()))
    format_ = _FORMATS[file.suffix.lower()]
    if format_ == "parquet":
        return f"read_parquet({place})"
    if format_ == "json":
        return f"read_json({place}, format = 'newline_delimited', sample_size = {_SAMPLE_LINES})"
    delimiter, names = csv_head(file, str(file))
    listed = ", ".join(map(literal, names))
    return (
        f"read_csv({place}, delim = {literal(delimiter)}, quote = '\"', escape = '\"', header = true, skip = 0,"
        f" names = [{listed}], dateformat = '%Y-%m-%d', sample_size = {_SAMPLE_LINES})"
    )


def _files_of(folder: Path, name: str) -> dict[str, Path]:
    """Store → its file, or folder of Parquet files, by name."""
    if not folder.exists():
        raise DatabaseError("D0101", f"the folder of `{name}` does not exist: {folder}", "check the URL given for it")
    if not folder.is_dir():
        raise DatabaseError("D0103", f"`{name}` is not a folder: {folder}", "files:/// takes the folder of the file")
    found: dict[str, Path] = {}
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
        other = next((each for each in found if each.lower() == store.lower()), None)
        if other is not None:
            message = f"`{name}` has two files for the store `{other}`: {found[other].name} and {file.name}"
            raise DatabaseError("D0110", message, "rename one of them, or move it to another folder")
        found[store] = file
    if not found:
        raise DatabaseError("D0110", f"the folder of `{name}` has no CSV, TSV, NDJSON or Parquet file: {folder}")
    return found


def _children(folder: Path, name: str) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise DatabaseError("D0103", f"the folder of `{name}` can't be read: {error.strerror} ({folder})") from error
