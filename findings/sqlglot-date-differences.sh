#!/usr/bin/env bash
# sqlglot translates differences of dates to SQLite so that the answer is another number.
#
# Guess: what a dialect can't say is unsupported, an error with unsupported_level=RAISE; what is translated has the same
# value.
# Behaviour: DuckDB's date_diff('month', …) becomes days / 30.0 (304 months from 2000 to 2025, not 300), years days /
# 365.0, days the elapsed time in place of the midnights between. `date - date` becomes DATE(…) - DATE(…), which SQLite
# computes on the texts' leading digits: the difference of the years, 0 where DuckDB says 30.
# Why it matters to us: our SQL goes through sqlglot; each of these has to be written by us for SQLite.
# What to do: build such expressions for each dialect oneself, and compare results on the engines, not SQL texts.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sqlglot==30.30.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

import duckdb
import sqlglot
from sqlglot import ErrorLevel

lite, duck = sqlite3.connect(":memory:"), duckdb.connect()
for expression in (
    "date_diff('month', date '2000-01-01', date '2025-01-01')",
    "date_diff('year', date '2024-12-31', date '2025-01-01')",
    "date_diff('day', timestamp '2025-01-01 23:00:00', timestamp '2025-01-02 01:00:00')",
    "date '2025-01-31' - date '2025-01-01'",
    "timestamp '2025-01-01 10:00:00' - timestamp '2025-01-01 09:30:00'",
):
    query = f"select {expression}"
    (translated,) = sqlglot.transpile(query, read="duckdb", write="sqlite", unsupported_level=ErrorLevel.RAISE)
    print(f"{expression}: DuckDB {duck.execute(query).fetchone()[0]}, SQLite {lite.execute(translated).fetchone()[0]}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
date_diff('month', date '2000-01-01', date '2025-01-01'): DuckDB 300, SQLite 304
date_diff('year', date '2024-12-31', date '2025-01-01'): DuckDB 1, SQLite 0
date_diff('day', timestamp '2025-01-01 23:00:00', timestamp '2025-01-02 01:00:00'): DuckDB 1, SQLite 0
date '2025-01-31' - date '2025-01-01': DuckDB 30, SQLite 0
timestamp '2025-01-01 10:00:00' - timestamp '2025-01-01 09:30:00': DuckDB 0:30:00, SQLite 0
SEEN
