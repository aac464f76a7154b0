#!/usr/bin/env bash
# DuckDB reads a Parquet decimal of more than 38 digits as a float.
#
# Guess: a column that the file says is decimal(45,2) is read exactly, or is an error.
# Behaviour: it becomes a DOUBLE of some 16 digits, without a warning; `typeof` is the only sign. pyarrow reads the same
# file exactly.
# Why it matters to us: sums of decimal(38,2) that Arrow or Spark widened before they wrote them arrive as floats in a
# store whose schema then says float.
# What to do: look at the Parquet schema before loading, and cast to decimal(38,…) where the file is written.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

value = Decimal("12345678901234567890123456789012345678.91")
pq.write_table(pa.table({"d": pa.array([value], pa.decimal256(45, 2))}), "x.parquet")
print("pyarrow:", pq.read_table("x.parquet")["d"][0])
print("duckdb: ", *duckdb.sql("select typeof(d), d from 'x.parquet'").fetchall()[0])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
pyarrow: 12345678901234567890123456789012345678.91
duckdb:  DOUBLE 1.2345678901234568e+37
SEEN
