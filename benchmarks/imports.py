"""How long does it take to load all flights, how much memory, and how are messy columns read, beside DuckDB and pandas?

The columns are those of `tests/unit/test_forms.py`: texts, the type and the values that a person means by them.
"""

from __future__ import annotations

import csv
import json
import math
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.measure import Used, sopvm, used_by
from tests.nycflights.data import csv_files
from tests.unit.test_forms import COLUMNS

TIMES = 3
_CHECK = "select count(*), sum(distance), max(dep_delay) from flights"
_DUCKDB = """
import duckdb, sys
duckdb.connect(sys.argv[2]).execute(f"create table flights as from read_csv('{sys.argv[1]}')")
"""
_PANDAS = """
import pandas, sqlite3, sys
pandas.read_csv(sys.argv[1]).to_sql("flights", sqlite3.connect(sys.argv[2]), index=False)
"""
_OURS = "sopvm db import"


def measure(folder: str) -> str:
    """Return two tables in Markdown: time and memory, and how columns are read."""
    return f"{_resources(Path(folder))}\n\n{_columns(Path(folder))}"


def _resources(folder: Path) -> str:
    flights = str(csv_files(folder)["flights"])
    best: dict[str, Used] = {}
    for turn in range(TIMES):
        place = folder / str(turn)
        place.mkdir()
        commands = {
            _OURS: sopvm("db", "import", flights, "--db", f"main=sqlite:///{place}/ours.db"),
            "DuckDB, a table of its own": [sys.executable, "-c", _DUCKDB, flights, f"{place}/duckdb.db"],
            "pandas, to SQLite": [sys.executable, "-c", _PANDAS, flights, f"{place}/pandas.db"],
        }
        for name, command in commands.items():
            used = used_by(command, folder / "out.txt")
            best[name] = min(best.get(name, used), used)
        places = (f"{place}/{each}.db" for each in ("ours", "duckdb", "pandas"))
        answers = dict(zip(commands, map(_answer, places), strict=True))
        assert len({answer[:2] for answer in answers.values()}) == 1, answers
    lines = [
        "| 336,776 flights | CPU, s | peak memory, MB | CPU of ours | memory of ours | highest delay |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    ours = best[_OURS]
    for name, used in best.items():
        ratios = f"{ours.seconds / used.seconds:.2f}× | {ours.megabytes / used.megabytes:.2f}×"
        lines.append(f"| {name} | {used.seconds:.2f} | {used.megabytes:.0f} | {ratios} | {answers[name][2]} |")
    return "\n".join(lines)


def _answer(database: str) -> tuple[Any, ...]:
    """The rows, the sum of a column without missing values, and the highest delay."""
    if database.endswith("duckdb.db"):
        import duckdb

        with duckdb.connect(database, read_only=True) as connection:
            return connection.execute(_CHECK).fetchone() or ()
    with closing(sqlite3.connect(database)) as connection:
        row: tuple[Any, ...] = connection.execute(_CHECK).fetchone()
        return row


def _columns(folder: Path) -> str:
    """How many columns each reads as they are meant, leaves as text, or reads as something else, which are listed."""
    found: dict[str, Counter[str]] = {name: Counter() for name in (_OURS, "DuckDB", "pandas")}
    wrong: dict[str, list[str]] = {name: [] for name in found}
    for texts, type_, meant, _ in COLUMNS:
        column = texts.split(" ") if isinstance(texts, str) else texts
        path = folder / "t.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([["x"], *([text] for text in column)])
        wanted = column if meant is None else list(map(_plain, meant))
        read = {_OURS: _ours(path), "DuckDB": _duckdb(path), "pandas": _pandas(path)}
        for name, values in read.items():
            kind = "as meant" if values == wanted else "left as text" if _is_text(values, column) else "otherwise"
            found[name][kind] += 1
            if kind == "otherwise":
                wrong[name].append(f"`{', '.join(column)}` ({type_}) → `{', '.join(map(str, values or ['refused']))}`")
    kinds = ("as meant", "left as text", "otherwise")
    lines = [f"| {len(COLUMNS)} columns | {' | '.join(kinds)} |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {' | '.join(str(counts[kind]) for kind in kinds)} |" for name, counts in found.items()]
    lines += [f"\n{name} reads otherwise: {'; '.join(each)}." for name, each in wrong.items() if each]
    return "\n".join(lines)


def _is_text(values: list[Any] | None, column: list[str]) -> bool:
    return values is not None and all(value in (text, None) for value, text in zip(values, column, strict=True))


def _plain(value: Any) -> Any:
    """A value as all three can be compared: numbers, texts in ISO form, None."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _ours(path: Path) -> list[Any] | None:
    database = f"main=sqlite:///{path.with_suffix('.db')}"
    done = subprocess.run(sopvm("db", "import", str(path), "--replace", "--db", database), capture_output=True)
    if done.returncode:
        return None
    query = sopvm("db", "query", "from t", "-f", "records", "--db", database)
    shown = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return [
        value.removesuffix("Z") if isinstance(value, str) and "T" in value[10:11] else value
        for value in (json.loads(line)["x"] for line in shown.splitlines())
    ]


def _duckdb(path: Path) -> list[Any] | None:
    import duckdb

    try:
        rows = duckdb.execute(f"select * from read_csv('{path}')").fetchall()
    except duckdb.Error:
        return None
    return [_plain(row[0]) for row in rows]


def _pandas(path: Path) -> list[Any]:
    import pandas

    return [_plain(value) for value in pandas.read_csv(path)["x"].tolist()]
