#!/usr/bin/env bash
# DuckDB writes the sum of whole numbers to Parquet as a float.
#
# Guess: `copy (select sum(n) …) to 'x.parquet'` writes a whole number, or refuses one that Parquet can't hold.
# Behaviour: sum() of a bigint is a hugeint, Parquet has no 128-bit integer, and COPY writes a DOUBLE without a word. Past
# 2^53 the file holds another number: 9007199254740993 becomes 9007199254740992.
# Why it matters to us: a total that is exported and read back differs from the one that a query shows, and the type of
# the column has changed as well.
# What to do: cast before the COPY: `sum(n)::bigint`, or `sum(n)::decimal(38,0)`, which Parquet keeps exactly.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import duckdb

c = duckdb.connect()
total = "select {} as total from (values (9007199254740993), (0)) t(n)"
print("asked:", *c.execute(total.format("sum(n)")).fetchone())
for wanted in ("sum(n)", "sum(n)::bigint", "sum(n)::decimal(38,0)"):
    c.execute(f"copy ({total.format(wanted)}) to 'x.parquet'")
    print(f"{wanted} in the file:", *c.execute("select total, typeof(total) from 'x.parquet'").fetchone())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
asked: 9007199254740993
sum(n) in the file: 9007199254740992.0 DOUBLE
sum(n)::bigint in the file: 9007199254740993 BIGINT
sum(n)::decimal(38,0) in the file: 9007199254740993 DECIMAL(38,0)
SEEN
