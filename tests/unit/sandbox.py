"""A folder with a SQLite file and a library → scripts compiled and run in it, for tests of machine and runs."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.databases.protocol import Database
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.output.formats import open_writer
from runtime.runs.run import Outcome, RunOptions, run
from tests.sandbox import Sandbox

SCHEMA = """
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, quantity INTEGER NOT NULL);
INSERT INTO items VALUES (1, 'bolt', 5), (2, 'nut', 50), (3, 'gear', 7);
CREATE TABLE log (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
"""


class Runs:
    """text: DSL that is compiled first. connect: how a run opens its database."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "main.db"
        self.folder = folder
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executescript(SCHEMA)
        connection.close()
        self.sandbox = Sandbox(folder, {"main": "sqlite:///main.db"})
        self.connect: Callable[[str], Database] = lambda name: SQLiteDatabase(self.path, name=name)
        self.outcome: Outcome | None = None
        self.output = b""

    def compile(self, text: str) -> None:
        self.sandbox.compile(text)

    def run(
        self, name: str, args: dict[str, Any] | None = None, *, format_: str = "jsonl", **options: Any
    ) -> list[dict[str, Any]]:
        """The lines (of jsonl); `outcome` and `output` are kept."""
        stream = io.BytesIO()
        writer = open_writer(format_, stream, buffer_until_commit=False, notes=io.StringIO())
        try:
            self.outcome = run(self.sandbox.library, name, args or {}, self.connect, writer, RunOptions(**options))
        finally:
            self.output = stream.getvalue()
        return [msgspec.json.decode(line) for line in self.output.splitlines()] if format_ == "jsonl" else []

    def result(self, name: str, args: dict[str, Any] | None = None, **options: Any) -> Any:
        """What a run that ends well returns."""
        end = self.run(name, args, **options)[-1]
        assert end["status"] == "ok", self.output.decode()
        return end["result"]

    def error(self, name: str, args: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """The error line of a run that fails."""
        lines = self.run(name, args, **options)
        assert lines[-1]["status"] == "failed", self.output.decode()
        assert lines[-2]["type"] == "error"
        return lines[-2]

    def records(self, name: str, args: dict[str, Any] | None = None, **options: Any) -> list[Any]:
        return [line["result"] for line in self.run(name, args, **options) if line["type"] == "record"]

    def sql(self, text: str) -> list[Any]:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(text).fetchall()
        finally:
            connection.close()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.sandbox.library.close()


def types(lines: list[dict[str, Any]]) -> list[str]:
    return [line["type"] for line in lines]
