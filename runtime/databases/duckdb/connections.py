"""A DuckDB file → connections to it: in the mode that is needed, set up, each with at most one open result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from runtime.databases.duckdb.errors import translated
from runtime.databases.duckdb.functions import macro_sql, macros_in
from runtime.databases.duckdb.rows import Rows
from runtime.databases.tables import quote_identifier, quote_literal
from runtime.databases.worker import Worker
from runtime.errors import DatabaseError, SopError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_NAP_SECONDS: Final = 0.02
# nothing is loaded from the net, and division by zero is an error
SETTINGS: Final[dict[str, Any]] = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "ieee_floating_point_ops": False,
}
_turns: dict[str, Lock] = {}  # of the writers of each file, within this program
_turns_lock: Final = Lock()


class Connections:
    """All connections of one run to one file.

    DuckDB lets one program write a file or several read it, and a connection has one open result. A file that is only
    read does not change, so each open result gets its own connection. A file that is written has one connection; a
    result that is still open when the next statement comes is spooled. Statements run in a thread, so that the output
    is flushed and Ctrl-C works meanwhile.
    """

    def __init__(self, path: Path, name: str, config: dict[str, Any], busy: float) -> None:
        """busy: seconds to wait for other programs, or for another writer in this one, before D0401."""
        require_duckdb()
        self.name = name
        self.path = path
        self.on_progress: Callable[[], None] = _nothing
        self.interrupted = False
        self.place = ("memory", "main")  # where its stores are: database and schema; known once it is open
        self._config = config
        self._busy = busy
        self._worker = Worker()
        self._main: Connection | None = None
        self._others: list[Connection] = []
        self._idle: list[Connection] = []
        self._open: list[Rows] = []
        self._macros: dict[int, set[str]] = {}
        self._alone = True  # whether one connection does all
        self._turn: Lock | None = None

    # ── opening ────────────────────────────────────────────────────────────────────────────────────────────────

    def open(self, *, write: bool) -> None:
        """Open the file, or open it again in another mode."""
        import duckdb

        self.close_all()
        deadline = time.monotonic() + self._busy
        read_only = not write
        while True:
            try:
                connection = duckdb.connect(self.target, read_only=read_only, config=self._config)
                break
            except (duckdb.Error, UnicodeEncodeError) as error:
                if read_only and "different configuration" in str(error):
                    read_only = False  # this program writes the file elsewhere
                    continue
                failure = translated(error, self.name)
                if failure.code != "D0401" or time.monotonic() > deadline or self.interrupted:
                    raise self._at(failure) from error
                self.on_progress()
                time.sleep(_NAP_SECONDS)
        self._alone = not read_only
        self._main = connection
        try:
            row = connection.execute("SELECT current_database(), current_schema()").fetchone()
            self.place = row or self.place
            self.restrict_file_access(connection)
            self.set_up(connection)
            if not self._alone:
                self._idle.append(connection)
        except BaseException:
            self.close_all()
            raise

    @property
    def target(self) -> str:
        """What the duckdb package is told to open."""
        return str(self.path)

    @property
    def writable(self) -> bool:
        """Whether the file is open for writing: one connection runs all statements, in a transaction."""
        return self._alone

    def restrict_file_access(self, connection: Connection) -> None:
        """Forbid access to other files from here on."""
        connection.execute("SET enable_external_access = false")

    def set_up(self, connection: Connection) -> None:
        """Settings of one connection. DuckDB's own functions go before macros that the file may hold by their names."""
        path = quote_literal(f"system.main,{'.'.join(map(quote_identifier, self.place))}")
        connection.execute(f"SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET search_path = {path}")

    def _at(self, error: SopError) -> SopError:
        """An error of opening, with the file."""
        code = error.code if error.code.startswith(("D01", "D04")) else "D0103"
        return DatabaseError(code, f"{error.message} ({self.path})", error.hint)

    def close_all(self) -> None:
        for rows in self._open:
            rows.close()
        for connection in self._all():
            connection.close()
        self._main = None
        self._others.clear()
        self._idle.clear()
        self._open.clear()
        self._macros.clear()

    def close(self) -> None:
        self._worker.close()
        self.close_all()
        self.release_writer_lock()

    def _all(self) -> list[Connection]:
        return [*self._others, self._main] if self._main is not None else []

    # ── writers' turns ─────────────────────────────────────────────────────────────────────────────────────────

    def acquire_writer_lock(self) -> None:
        """Wait until no other run of this program writes the file. The file must be closed meanwhile: open for reading,
        it would keep the run that holds the lock from writing."""
        if not self.writable:
            self.close_all()
        with _turns_lock:
            turn = _turns.setdefault(str(self.path.absolute()), Lock())
        deadline = time.monotonic() + self._busy
        while not turn.acquire(timeout=_NAP_SECONDS):
            if time.monotonic() > deadline or self.interrupted:
                raise DatabaseError("D0401", f"`{self.name}` is being written by another run")
            self.on_progress()
        self._turn = turn

    def release_writer_lock(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()

    # ── statements ─────────────────────────────────────────────────────────────────────────────────────────────

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """A query under way."""
        connection = self._free()
        own = not self._alone  # whether other queries use other connections

        def release() -> None:
            with suppress(ValueError):
                self._open.remove(rows)
            if own:
                self._idle.append(connection)

        try:
            self._execute(connection, sql, values)
        except BaseException:
            if own:
                self._idle.append(connection)
            raise
        rows = Rows(lambda size: self.run(lambda: connection.fetchmany(size)), release)
        self._open.append(rows)
        return rows

    def changed(self, sql: str, values: Sequence[Any] = (), store: str = "") -> int:
        """How many rows a write changed."""
        connection = self._free()
        self._execute(connection, sql, values, store)
        row = self.run(connection.fetchone, store)
        return int(row[0]) if row and isinstance(row[0], int) else 0

    def all(self, sql: str) -> list[Any]:
        """Every row of a small query."""
        rows = self.rows(sql)
        try:
            found = []
            while batch := rows.next(10_000):
                found += batch
            return found
        finally:
            rows.close()

    def begin(self) -> None:
        self.run(self._free().begin)

    def commit(self) -> None:
        self.run(self._free().commit)

    def rollback(self) -> None:
        for rows in list(self._open):
            rows.close()
        if self._main is not None:
            self._macros.pop(id(self._main), None)  # those made in the transaction are gone
            self.run(self._main.rollback)

    def interrupt(self) -> None:
        self.interrupted = True
        self._stop()

    def run(self, function: Callable[[], Any], store: str = "") -> Any:
        """What the function gives, run in the thread; its error as one of ours."""
        try:
            return self._worker.call(function, self.on_progress, self._stop)
        except SopError:
            raise
        except Exception as error:
            raise translated(error, self.name, store) from error

    def _stop(self) -> None:
        for connection in self._all():
            connection.interrupt()

    def _free(self) -> Connection:
        """A connection without an open result that sees what this segment sees."""
        assert self._main is not None
        if self._alone:
            for rows in self._open:
                rows.put_aside()
            return self._main
        if self._idle:
            return self._idle.pop()
        connection = self._main.cursor()
        self._others.append(connection)
        self.set_up(connection)
        return connection

    def _execute(self, connection: Connection, sql: str, values: Sequence[Any], store: str = "") -> None:
        """Begin a statement, with the macros that it needs."""
        if self.interrupted:
            raise DatabaseError("D0403", f"a statement on `{self.name}` was interrupted")
        made = self._macros.setdefault(id(connection), set())
        for name in macros_in(sql):
            if name not in made:
                connection.execute(macro_sql(name))
                made.add(name)
        self.run(lambda: connection.execute(sql, list(values)), store)


def require_duckdb() -> None:
    """Check that the duckdb package is there.

    Raises:
        UsageError: D0105.
    """
    try:
        import duckdb  # noqa: F401
    except ImportError as error:
        raise UsageError("D0105", "this installation can't open DuckDB", "pip install 'sopc[duckdb]'") from error


def _nothing() -> None:
    """For statements that nobody watches."""
