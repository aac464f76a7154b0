"""What does checked arithmetic cost on SQLite? SQLite alone gives null for a division by zero, and a float for an int
that overflows and for every decimal."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

from benchmarks.measure import Row, interleaved, timed
from runtime.library.store import Library
from tests.harness import compile_text, execute, read_schema, store

ROWS = 500_000
TIMES = 3
TABLE = """CREATE TABLE numbers (
  a integer NOT NULL, b integer NOT NULL, d decimal(10, 2) NOT NULL, e decimal(10, 2) NOT NULL, f real NOT NULL
)"""
_CASE = "case when a > b then a * 2 else b end"
_COALESCES = " + ".join(f"coalesce(a, {number})" for number in range(24))
_LEVELS = "coalesce(" * 12 + "a" + ", 0) + 1" * 12
# what, expression of the language, the same in plain SQL
CASES = (
    ("no arithmetic", "count()", "count(*)"),
    ("sum(a * b)", "sum(a * b)", "sum(a * b)"),
    ("max(a * b + a)", "max(a * b + a)", "max(a * b + a)"),
    ("max(a // b)", "max(a // b)", "max(a / b)"),
    ("max(a % b)", "max(a % b)", "max(a % b)"),
    ("max(a / b), a float", "max(a / b)", "max(a * 1.0 / b)"),
    ("max(f * f)", "max(f * f)", "max(f * f)"),
    ("sum(d)", "sum(d)", "sum(d)"),
    ("sum(d * (1 - e))", "sum(d * (1 - e))", "sum(d * (1 - e))"),
    ("max(d * e)", "max(d * e)", "max(d * e)"),
    ("max(d / e)", "max(d / e)", "max(d / e)"),
    ("sum of a case", f"sum({_CASE} + b)", f"sum({_CASE} + b)"),
    ("max of a case", f"max({_CASE} + b)", f"max({_CASE} + b)"),
    ("max of twelve cases", f"max({' + '.join([_CASE] * 12)})", f"max({' + '.join([_CASE] * 12)})"),
    ("max of 24 coalesces", f"max({_COALESCES})", f"max({_COALESCES})"),
    ("twelve levels of coalesce", f"max({_LEVELS})", f"max({_LEVELS})"),
)


def measure(folder: str) -> list[Row]:
    place = Path(folder)
    path = place / "numbers.db"
    _fill(path)
    connection = sqlite3.connect(path)
    rows = []
    with Library.open(place / "home") as library:
        for name, expression, sql in CASES:
            text = f"script asked()\n  emit from numbers select {expression} as answer\nend\n"
            store(library, compile_text(text, read_schema(path)))
            plain = f"SELECT {sql} FROM numbers"
            _check(name, library, path, connection.execute(plain).fetchone()[0])
            best = interleaved(
                {
                    "SQLite": lambda plain=plain: timed(lambda: connection.execute(plain).fetchall()),  # type: ignore[misc]
                    "sopvm": lambda: timed(lambda: execute(library, "asked", path)),
                },
                TIMES,
            )
            rows += [Row(name, "SQLite", best["SQLite"]), Row(name, "sopvm", best["sopvm"], "SQLite")]
    connection.close()
    return rows


def _fill(path: Path) -> None:
    pick = random.Random(1)
    connection = sqlite3.connect(path)
    connection.execute(TABLE)
    connection.executemany(
        "INSERT INTO numbers VALUES (?, ?, ?, ?, ?)",
        (
            (pick.randrange(10**6), pick.randrange(1, 10**6), *_decimals(pick), pick.uniform(0, 1e6))
            for _ in range(ROWS)
        ),
    )
    connection.commit()
    connection.close()


def _decimals(pick: random.Random) -> tuple[float, float]:
    return pick.randrange(10**6) / 100, pick.randrange(1, 100) / 100


def _check(name: str, library: Library, path: Path, wanted: float) -> None:
    raw, code = execute(library, "asked", path)
    assert code == 0, raw.decode()
    answer = json.loads(raw.splitlines()[1])["result"]["answer"]
    if abs(answer - wanted) > 1e-6 * abs(wanted):
        raise RuntimeError(f"{name} is {answer}, not {wanted}")
