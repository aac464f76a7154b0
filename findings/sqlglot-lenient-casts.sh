#!/usr/bin/env bash
# sqlglot turns TRY_CAST, which gives null for what is no number, into SQLite's CAST, which gives a number for anything.
#
# Guess: TRY_CAST is unsupported in SQLite and an error with unsupported_level=RAISE, or keeps its nulls.
# Behaviour: try_cast('12abc' as int) becomes CAST('12abc' AS INTEGER), 12; 'x' becomes 0.0. CAST AS INTEGER itself
# rounds 3.7 to 4 in DuckDB and cuts it to 3 in SQLite, and CAST AS DECIMAL(5,2) becomes REAL(5, 2), which rounds nothing.
# Why it matters to us: TRY_CAST is how one counts what is not a number; translated so, there is nothing to count.
# What to do: test the text (glob, typeof) in a CASE of one's own for SQLite, and round before a cast.
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
for expression in ("try_cast('12abc' as int)", "try_cast('x' as double)", "cast(3.7 as int)", "cast('1.005' as decimal(5,2))"):
    query = f"select {expression}"
    (translated,) = sqlglot.transpile(query, read="duckdb", write="sqlite", unsupported_level=ErrorLevel.RAISE)
    print(f"{expression}: DuckDB {duck.execute(query).fetchone()[0]}, {translated} {lite.execute(translated).fetchone()[0]}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
try_cast('12abc' as int): DuckDB None, SELECT CAST('12abc' AS INTEGER) 12
try_cast('x' as double): DuckDB None, SELECT CAST('x' AS REAL) 0.0
cast(3.7 as int): DuckDB 4, SELECT CAST(3.7 AS INTEGER) 3
cast('1.005' as decimal(5,2)): DuckDB 1.01, SELECT CAST('1.005' AS REAL(5, 2)) 1.005
SEEN
