"""A schema, renamed by a seed → a workspace that runs English through the whole pipeline, and SQL on the same data."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from runtime.runs.capture import Ran
from sopc import demo
from sopc.context import Context
from sopc.english.patterns.grammar import grammar
from sopc.english.patterns.words import LABELS
from sopc.source import Source
from sopc.workflow import translation
from tests.english.patterns.renaming import Renaming
from tests.sandbox import Sandbox

SCHEMAS = Path(__file__).parent / "schemas"


def schema_sql(schema: str) -> str:
    folder = Path(demo.__file__).parent if schema == "hr" else SCHEMAS
    return (folder / f"{schema}.sql").read_text(encoding="utf-8")


class Workspace:
    """seed: 0 leaves every name as it is."""

    def __init__(self, folder: Path, schema: str, seed: int) -> None:
        sql = schema_sql(schema)
        kept = LABELS if schema in ("imported", "studio") else frozenset()  # a name is what one is called by
        kept |= {"assignee", "driver", "price", "weight", "rate", "hourly", "hour", "night", "wage", "kilometre"}
        kept |= {"sale", "sold", "dose", "given", "task"}  # verbs tell of these: costs, earn, driven, bought, works on
        self.rename: Callable[[str], str] = str
        if seed:
            self.rename = Renaming(sql, seed, frozenset(grammar().words), kept)
        self.folder = folder
        make(folder / "fresh.db", self.rename(sql))
        shutil.copy(folder / "fresh.db", folder / "main.db")
        self.sandbox = Sandbox(folder, {"main": "sqlite:///main.db"})
        scripts = SCHEMAS / f"{schema}.sop"
        if scripts.exists():
            self.sandbox.compile(self.rename_program(scripts.read_text(encoding="utf-8")))

    def rename_program(self, program: str) -> str:
        return self.rename.program(program) if isinstance(self.rename, Renaming) else program

    def draft(self, english: str) -> str:
        """The .sop text that a renamed sentence gives."""
        with Context(self.sandbox.config, self.sandbox.library) as context:
            return translation.draft(Source("asked.txt", self.rename(english)), context, "patterns").sop_text

    def run(self, sop_text: str) -> Ran:
        """On fresh data."""
        for old in self.folder.glob("main.db*"):
            old.unlink()
        shutil.copy(self.folder / "fresh.db", self.folder / "main.db")
        self.sandbox.compile(sop_text, "asked.sop")
        return self.sandbox.run("asked")

    def ask_sql(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder / 'fresh.db'}?mode=ro", uri=True)) as connection, connection:
            rows = connection.execute(self.rename(sql)).fetchall()
        connection.close()
        return [plain(row) for row in rows]

    def dump_after(self, sql: str) -> list[str]:
        other = self.folder / "other.db"
        shutil.copy(self.folder / "fresh.db", other)
        with closing(sqlite3.connect(other)) as connection, connection:
            connection.executescript(self.rename(sql))
        connection.close()
        return dump(other)


def make(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(sql)
    connection.close()


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection, connection:
        lines = [line for line in connection.iterdump() if line.startswith("INSERT")]
    connection.close()
    return lines


def plain(row: Any) -> tuple[Any, ...]:
    """Values as both sides can write them: rounded numbers, booleans as 0 and 1."""
    return tuple(round(float(value), 4) if isinstance(value, bool | int | float) else value for value in row)
