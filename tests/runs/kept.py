"""Scripts on a database that keeps their runs → runs in this process that crash where a test wants, and go on."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from runtime.databases.protocol import Database, Row, Statement
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import SopError
from runtime.output.formats import open_writer
from runtime.runs.go_on import KeptRun, go_on, read_run
from runtime.runs.keep import Keep
from runtime.runs.run import Outcome, RunOptions, run
from runtime.runs.store import TABLES, RunStore
from tests.sandbox import Sandbox

SCHEMA = """
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, quantity INTEGER NOT NULL);
CREATE TABLE log (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
"""
ITEMS = [(1, "bolt", 5), (2, "nut", 50), (3, "gear", 7), (4, "axle", 1), (5, "cog", 12)]


class Crash(BaseException):
    """The process is gone: nothing more happens to its database."""


class Crashing(SQLiteDatabase):
    """Counts what is asked of it, and crashes before or after the call with a given number.

    at: 2n for before call n, 2n + 1 for after it; None for never.
    """

    at: int | None = None
    calls = 0

    def _set_up(self) -> None:
        super()._set_up()
        self._run("PRAGMA synchronous = OFF")  # a process dies here, not the machine

    def _around(self, call: Callable[[], Any]) -> Any:
        number = self.calls
        self.calls += 1
        if self.at is not None and self.at <= 2 * number:
            raise Crash
        result = call()
        if self.at == 2 * number + 1:
            self._connection.rollback()
            raise Crash
        return result

    def begin(self, *, write: bool) -> None:
        self._around(lambda: super(Crashing, self).begin(write=write))

    def commit(self) -> None:
        self._around(lambda: super(Crashing, self).commit())

    def own(self, sql: str, values: Sequence[Any]) -> list[Row]:
        rows: list[Row] = self._around(lambda: super(Crashing, self).own(sql, values))
        return rows

    def spool(self, statement: Statement, params: Sequence[Any]) -> Any:
        return self._around(lambda: super(Crashing, self).spool(statement, params))

    def execute(self, statement: Statement, params: Sequence[Any]) -> int:
        return int(self._around(lambda: super(Crashing, self).execute(statement, params)))

    def execute_many(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
        return int(self._around(lambda: super(Crashing, self).execute_many(statement, rows)))


class Kept:
    """A folder with a library and a database with ITEMS. answers: to questions, by step."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.path = folder / "main.db"
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.executescript(f"PRAGMA synchronous = OFF; {SCHEMA}")
        self._fill()
        self.sandbox = Sandbox(folder, {"main": "sqlite:///main.db"})
        self.sandbox.compile(text)
        self.answers: dict[str, str] = {}
        self.lines: list[dict[str, Any]] = []
        self.opened: list[Crashing] = []

    def close(self) -> None:
        self.connection.close()
        self.sandbox.library.close()

    def reset(self) -> None:
        """As it was before the first run."""
        tables = ["log", "items", *(TABLES if self.has_tables() else ())]
        self.sql(f"BEGIN; {'; '.join(f'DELETE FROM {table}' for table in tables)}; COMMIT")
        self._fill()
        self.lines = []

    def _fill(self) -> None:
        self.connection.executemany("INSERT INTO items VALUES (?, ?, ?)", ITEMS)

    def sql(self, text: str) -> None:
        self.connection.executescript(text)

    def rows(self, sql: str) -> list[Any]:
        return self.connection.execute(sql).fetchall()

    @property
    def log(self) -> list[str]:
        return [text for (text,) in self.rows("SELECT text FROM log ORDER BY id")]

    # ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connect(self, name: str, at: int | None = None) -> Crashing:
        database = Crashing(self.path, name=name)
        database.at = at
        self.opened.append(database)
        return database

    def runs(self) -> Database:
        return SQLiteDatabase(self.folder / "runs.db", name="[runs]", create=True)

    def begin(
        self, name: str, args: dict[str, Any] | None = None, *, at: int | None = None, **options: Any
    ) -> Outcome | None:
        """None when it crashed."""
        library = self.sandbox.library
        keep = Keep(library, self.runs)
        chosen = RunOptions(answers=self.answers, keep=keep, **options)
        return self._shown(
            lambda writer: run(library, name, args or {}, lambda it: self.connect(it, at), writer, chosen)
        )

    def id(self) -> str | None:
        """The only run."""
        rows = self.rows("SELECT run FROM sop_runs") if self.has_tables() else []
        assert len(rows) < 2
        return rows[0][0] if rows else None

    def has_tables(self) -> bool:
        return bool(self.rows("SELECT 1 FROM sqlite_schema WHERE name = 'sop_lines'"))

    def read(self, run_id: str, *, library: bool = True) -> KeptRun:
        with closing(SQLiteDatabase(self.path, name="main")) as database:
            return read_run(RunStore(database), run_id, self.sandbox.library if library else None)

    def go_on(self, run_id: str, *, at: int | None = None, library: bool = True, **options: Any) -> Outcome | None:
        """None when it crashed."""
        kept = self.read(run_id, library=library)
        chosen = RunOptions(answers=self.answers, **options)
        books = self.sandbox.library if library else None
        statuses = ("running", "waiting", "failed", "cancelled")
        return self._shown(
            lambda out: go_on(kept, statuses, lambda it: self.connect(it, at), self.runs, out, chosen, books)
        )

    def _shown(self, go: Callable[[Any], Outcome]) -> Outcome | None:
        stream = io.BytesIO()
        writer = open_writer("jsonl", stream, buffer_until_commit=False)
        try:
            return go(writer)
        except Crash:
            return None
        finally:
            self.lines += [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]

    def error(self, go: Callable[[], object]) -> SopError:
        try:
            go()
        except SopError as error:
            return error
        raise AssertionError("no error was raised")
