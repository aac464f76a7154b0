"""Files of a folder → stores of a DuckDB in memory that can only be read: each a view of its file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.databases.change_marks import Mark, mark_of_files
from runtime.databases.duckdb.connections import SETTINGS, Connections
from runtime.databases.duckdb.database import BUSY_SECONDS, DuckDBDatabase
from runtime.databases.tables import qualified_name, quote_literal
from runtime.errors import DatabaseError, SopError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

TRANSIENT: Final = ("D0310", "D0401", "D0403")  # no fault of a file: memory, a lock, an interruption
_UNSOUND: Final = "type_pushdown"


class _Folder(Connections):
    """Connections to a database in memory whose views are the folder's files."""

    @property
    def target(self) -> str:
        return ":memory:"

    def restrict_file_access(self, connection: Connection) -> None:
        connection.execute(f"SET allowed_directories = [{quote_literal(f'{self.path.absolute()}/')}]")
        super().restrict_file_access(connection)

    def set_up(self, connection: Connection) -> None:
        super().set_up(connection)
        # it would have the reader of CSV make the text 1.50 of a float the text "1.50", and 3 of 2.5 cast to an integer
        if connection.execute(f"SELECT 1 FROM duckdb_optimizers() WHERE name = {quote_literal(_UNSOUND)}").fetchone():
            connection.execute(f"SET disabled_optimizers = {quote_literal(_UNSOUND)}")


class Views(DuckDBDatabase):
    """A database without stores, to which files of one folder are added.

    path: the folder; no file outside it can be read. options: settings of DuckDB, as from the URL. Raises UsageError
    D0105 without the duckdb package.
    """

    def __init__(self, path: Path, *, name: str, options: dict[str, str] | None = None) -> None:
        self.name = name
        self.path = path
        self.read_only = True
        self._connections = _Folder(path, name, {**(options or {}), **SETTINGS}, BUSY_SECONDS)
        self._connections.open(write=True)
        self._prepare()

    def schema_mark(self) -> None:
        """Its stores are the files, which are looked at anyway."""

    def change_mark(self) -> Mark:
        inside = sorted(self.path.iterdir())
        folders = [each for each in inside if each.is_dir()]
        return mark_of_files(self.path, (*inside, *(file for folder in folders for file in sorted(folder.iterdir()))))

    def add_parquet(self, store: str, file: Path) -> None:
        """Make a Parquet file, or a folder of them, a store. Raises DatabaseError D0107 or D0110 for what is none."""
        source = quote_literal(str(file / "*.parquet" if file.is_dir() else file))
        try:
            self.make_view(store, f"FROM read_parquet({source})")
        except SopError as error:
            if error.code == "D0107" or error.code in TRANSIENT:
                raise
            raise DatabaseError("D0110", f"{file} can't be read: {error.message}", error.hint) from error

    def make_view(self, store: str, query: str) -> None:
        self._connections.changed(f"CREATE VIEW {qualified_name(self._connections.place, store)} AS {query}")
