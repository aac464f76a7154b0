#!/usr/bin/env bash
# DuckDB's sum(k + 2000000000) works where k + 2000000000 overflows, and max() of the same is an error.
#
# Guess: an expression in a query is computed for each row, so that an overflow is an error wherever it stands.
# Behaviour: sum() and avg() of a column plus a constant are computed from the sum of the column, in 128 bits: right and
# without the error that the expression alone, its max(), its sum(distinct …) and sum(k * 2) give.
# Why it matters to us: a query that worked for months fails when max() is added to it, or plus becomes times; a test of
# overflows that uses sum() tests nothing.
# What to do: widen first: sum(k::bigint + 2000000000).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import duckdb

connection = duckdb.connect()
connection.execute("create table t as select 2000000000::integer as k")
for expressions in [
    "k + 2000000000",
    "sum(k + 2000000000)",
    "avg(k + 2000000000)",
    "max(k + 2000000000)",
    "sum(distinct k + 2000000000)",
    "sum(k * 2)",
    "sum(k + 2000000000), max(k + 2000000000)",
    "sum(k::bigint + 2000000000)",
]:
    try:
        print(f"{expressions}:", *connection.execute(f"select {expressions} from t").fetchone())
    except duckdb.OutOfRangeException as error:
        print(f"{expressions}:", str(error).split(" in ")[0])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
k + 2000000000: Out of Range Error: Overflow
sum(k + 2000000000): 4000000000
avg(k + 2000000000): 4000000000.0
max(k + 2000000000): Out of Range Error: Overflow
sum(distinct k + 2000000000): Out of Range Error: Overflow
sum(k * 2): Out of Range Error: Overflow
sum(k + 2000000000), max(k + 2000000000): Out of Range Error: Overflow
sum(k::bigint + 2000000000): 4000000000
SEEN
