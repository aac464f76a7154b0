"""A scale → the eight tables of TPC-H as files, made by tpchgen-cli, and as databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.tpch.questions import HERE, TABLES

SCHEMA = (HERE / "schema.sql").read_text(encoding="utf-8")
INDEXES = (HERE / "indexes.sql").read_text(encoding="utf-8")


def generate(folder: Path, scale: float, form: str = "csv") -> dict[str, Path]:
    """Table → file. form: csv or parquet."""
    program = Path(sys.executable).parent / "tpchgen-cli"
    subprocess.run([program, form, "-s", str(scale), "-o", folder], check=True, capture_output=True)
    return {table: folder / f"{table}.{form}" for table in TABLES}


def load_duckdb(connection: Any, files: dict[str, Path]) -> None:
    """Into an empty DuckDB database, by the engine itself."""
    connection.execute(SCHEMA)
    for table, path in files.items():
        connection.execute(f"COPY {table} FROM '{path}'")
