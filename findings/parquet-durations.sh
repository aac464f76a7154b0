#!/usr/bin/env bash
# A duration in a Parquet file is a bare number to DuckDB, in a unit that the writer chose.
#
# Guess: the 90 seconds that Polars and Arrow write and read back are an interval to other readers, or an error.
# Behaviour: Parquet has no such type; the unit is only in the Arrow schema in the file's metadata. DuckDB reads a BIGINT:
# 90000000 from Polars (microseconds), 90 from an Arrow column in seconds, 90000 from one in milliseconds.
# Why it matters to us: files of one folder, written by two programs, disagree by a factor of a million and sum without
# complaint.
# What to do: write durations as whole numbers with the unit in the name (`wait_ms`), or cast them before writing.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from datetime import timedelta

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

wait = timedelta(seconds=90)
pl.DataFrame({"wait": [wait]}).write_parquet("polars.parquet")
for unit in ("s", "ms"):
    pq.write_table(pa.table({"wait": pa.array([wait], pa.duration(unit))}), f"arrow_{unit}.parquet")
for file in ("polars", "arrow_s", "arrow_ms"):
    value, type_ = duckdb.sql(f"select wait, typeof(wait) from '{file}.parquet'").fetchall()[0]
    print(f"{file}: pyarrow {pq.read_table(f'{file}.parquet')['wait'][0]}, duckdb {value} {type_}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
polars: pyarrow 0:01:30, duckdb 90000000 BIGINT
arrow_s: pyarrow 0:01:30, duckdb 90 BIGINT
arrow_ms: pyarrow 0:01:30, duckdb 90000 BIGINT
SEEN
