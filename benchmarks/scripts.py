"""DSL text and SQL → a home folder whose library holds the scripts and whose main.db holds the data."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from runtime.bytecode.codec import encode, module_hash
from runtime.bytecode.module import Module
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.library.store import Library
from runtime.query.schema import Schema
from sopc.checker.program import check
from sopc.codegen.lower import lower
from sopc.source import Source
from sopc.syntax.parse import parse


def make_library(folder: Path, text: str, sql: str = "") -> Path:
    """Create the home folder, and return it."""
    home = folder / "home"
    home.mkdir()
    connection = sqlite3.connect(home / "main.db")
    connection.executescript(sql)
    connection.close()
    store(home, compile_text(text, read_schema(home / "main.db")))
    return home


def read_schema(path: Path) -> Schema:
    database = SQLiteDatabase(path, name="main", read_only=True)
    try:
        return database.schema()
    finally:
        database.close()


def compile_text(text: str, schema: Schema) -> list[Module]:
    source = Source("benchmark.sop", text)
    file = parse(source)
    return lower(check(file, source, {"main": schema}, lambda name: None), source, file, ())


def store(home: Path, modules: list[Module]) -> None:
    with Library.open(home) as library:
        for module in modules:
            library.put(encode(module), module_hash(module), module.signature.name)
