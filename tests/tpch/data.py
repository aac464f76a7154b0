"""A scale → the eight tables of TPC-H as files, made by tpchgen-cli; and those files → tables of each engine, by the
engine's own means."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.tpch.questions import HERE, TABLES

SCHEMA: Final = (HERE / "schema.sql").read_text(encoding="utf-8")
INDEXES: Final = (HERE / "indexes.sql").read_text(encoding="utf-8")
Files = dict[str, Path]


def generate(folder: Path, scale: float, form: str = "csv") -> Files:
    """Table → file. form: csv or parquet."""
    program = Path(sys.executable).parent / "tpchgen-cli"
    subprocess.run([program, form, "-s", str(scale), "-o", folder], check=True, capture_output=True)
    return {table: folder / f"{table}.{form}" for table in TABLES}


def load_duckdb(connection: Any, files: Files) -> None:
    connection.execute(SCHEMA)
    for table, path in files.items():
        connection.execute(f"COPY {table} FROM '{path}'")


def load_sqlite(path: Path, files: Files) -> None:
    """From CSV files."""
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    for table, file in files.items():
        with file.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            marks = ", ".join("?" * len(next(rows)))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
    connection.executescript(f"{INDEXES} ANALYZE;")
    connection.commit()
    connection.close()


def load_postgres(connection: Any, files: Files) -> None:
    """From CSV files, into the schema that the psycopg connection is in."""
    connection.execute(SCHEMA)
    for table, file in files.items():
        with (
            file.open("rb") as stream,
            connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as copy,
        ):
            while piece := stream.read(1 << 20):
                copy.write(piece)
    connection.execute(f"{INDEXES} ANALYZE")
