"""How fast are 1, 10 and 50 million generated records written as JSON lines, and with how much memory, compared with
the engines alone, polars and jq?

A store of a thousand rows is joined with itself, so that the engines make the records as they go. From 10 million on,
the output is discarded; the first million is compared.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import find, sopvm, used_by

MILLIONS = (1, 10, 50)
JQ_MILLIONS = 1
TABLE = """CREATE TABLE thousand (
  n integer NOT NULL PRIMARY KEY, name text NOT NULL, half double precision NOT NULL, day date NOT NULL,
  price decimal(10, 2) NOT NULL
)"""
SCRIPT = """script generated(millions: int)
  emit from thousand as a
       join thousand as b on true
       join thousand as c on c.n < millions
       select a.n + 1000 * b.n as id, a.name, b.half, b.day, a.price
end
"""
SQL = """SELECT a.n + 1000 * b.n AS id, a.name, b.half, b.day, a.price
FROM thousand a JOIN thousand b ON true JOIN thousand c ON c.n < {millions}"""
DUCKDB = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2])"
POLARS = """
import sys
import polars as pl
thousand = pl.scan_ndjson(sys.argv[1]).with_columns(pl.col("day").str.to_date())
first = thousand.select("n", "name", "price")
second = thousand.select(pl.col("n").alias("m"), "half", "day")
third = thousand.filter(pl.col("n") < int(sys.argv[2])).select(pl.col("n").alias("o"))
rows = first.join(second, how="cross").join(third, how="cross")
rows = rows.select((pl.col("n") + 1000 * pl.col("m")).alias("id"), "name", "half", "day", "price")
rows.sink_ndjson(sys.argv[3], engine="streaming")
"""


def measure(folder: str) -> str:
    place = Path(folder)
    _make(place)
    lines = ["| records | what | CPU, s | records/s | memory, MB |", "|---|---|---:|---:|---:|"]
    for millions in MILLIONS:
        written, nowhere = place / "written.json", Path(os.devnull)
        for name, command in _commands(place, millions, written if millions == 1 else nowhere).items():
            to_stdout = not any(str(written) in part for part in command)
            used = used_by(command, written if millions == 1 and to_stdout else nowhere)
            if millions == 1:
                _check(name, written, place / "right.json")
            speed = millions * 1_000_000 / used.seconds
            lines.append(f"| {millions} million | {name} | {used.seconds:.2f} | {speed:,.0f} | {used.megabytes:.0f} |")
            print(lines[-1], file=sys.stderr)
    return "\n".join(lines)


def _make(place: Path) -> None:
    """Create the store in every engine, and the script in a library."""
    rows: list[list[Any]] = [
        [n, f"item {n}", n / 2, (date(2024, 1, 1) + timedelta(n)).isoformat(), n + 0.25] for n in range(1000)
    ]
    connection = sqlite3.connect(place / "thousand.db")
    connection.execute(TABLE)
    connection.executemany("INSERT INTO thousand VALUES (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    import duckdb

    with duckdb.connect(place / "thousand.duckdb") as writing:
        writing.execute(TABLE)
        writing.executemany("INSERT INTO thousand VALUES (?, ?, ?, ?, ?)", rows)
    names = ("n", "name", "half", "day", "price")
    with (place / "thousand.ndjson").open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
    (place / "generated.sop").write_text(SCRIPT, encoding="utf-8")
    for engine in ("sqlite", "duckdb"):
        compile_ = [sys.executable, "-c", "from sopc.cli import main; main()", "compile", str(place / "generated.sop")]
        options = ["--home", str(place / engine), "--db", f"main={_url(place, engine)}"]
        subprocess.run([*compile_, *options, "--yes"], check=True, capture_output=True)
    with (place / "right.json").open("wb") as stream:
        subprocess.run(_sopvm(place, "sqlite", 1), check=True, stdout=stream)


def _url(place: Path, engine: str) -> str:
    return f"sqlite:///{place / 'thousand.db'}" if engine == "sqlite" else f"duckdb:///{place / 'thousand.duckdb'}"


def _sopvm(place: Path, engine: str, millions: int, form: str = "records") -> list[str]:
    home, database = str(place / engine), f"main={_url(place, engine)}"
    return sopvm("run", "generated", f"millions={millions}", "--home", home, "--db", database, "-f", form)


def _commands(place: Path, millions: int, target: Path) -> dict[str, list[str]]:
    """The commands. `target`: the file for those that do not write to stdout."""
    sql = SQL.format(millions=millions)
    commands = {f"sopvm run, {name}": _sopvm(place, name.lower(), millions) for name in ("SQLite", "DuckDB")}
    if millions == 1:
        for name in ("SQLite", "DuckDB"):
            commands[f"sopvm run, {name}, whole lines"] = _sopvm(place, name.lower(), millions, "jsonl")
    copy = f"COPY ({sql}) TO '{target}' (FORMAT json)"
    commands["DuckDB COPY"] = [sys.executable, "-c", DUCKDB, str(place / "thousand.duckdb"), copy]
    if shell := find("sqlite3"):
        commands["sqlite3 -json"] = [shell, "-json", str(place / "thousand.db"), sql]
    commands["polars"] = [sys.executable, "-c", POLARS, str(place / "thousand.ndjson"), str(millions), str(target)]
    if (jq := find("jq")) and millions <= JQ_MILLIONS:
        commands["jq, reading them"] = [jq, "-c", ".", str(place / "right.json")]
    return commands


def _check(name: str, written: Path, right: Path) -> None:
    """Check that our bytes are the same from every engine, and that others write the same records in any order."""
    if name.startswith("sopvm") and "whole lines" not in name:
        same = written.read_bytes() == right.read_bytes()
    else:
        same = sorted(_records(written)) == sorted(_records(right))
    if not same:
        raise RuntimeError(f"{name} writes other records than `sopvm run` on SQLite")


def _records(path: Path) -> Iterator[tuple[Any, ...]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            record = json.loads(line.strip("[],\n"))
            record = record.get("result", record)
            if record is not None and "id" in record:
                yield tuple(record.values())
