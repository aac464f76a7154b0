#!/usr/bin/env bash
# A text with an offset, cast to a timestamp or a date, is another hour or another day in DuckDB and DataFusion.
#
# Guess: two engines with PostgreSQL's syntax agree on `cast('2025-01-01T00:30:00+02:00' as date)`, and one engine with
# itself.
# Behaviour: DuckDB drops the offset (as PostgreSQL does): 1 January 00:30. DataFusion and SQLite convert to UTC first:
# 31 December 22:30. DuckDB's own CSV reader converts too, so that a column that is read and one that is cast differ by
# two hours; pyarrow refuses the cast, and Polars gives null for such a date with strict=False.
# Why it matters to us: counts by day of a log differ between engines, and between a file and its copy as text.
# What to do: cast to timestamptz, then `at time zone` what the day should mean, before the date is taken.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1 datafusion==55.0.0 polars==2.1.0 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pathlib
import sqlite3

import datafusion
import duckdb
import polars
import pyarrow

text = "2025-01-01T00:30:00+02:00"
query = f"select cast('{text}' as timestamp) as at, cast('{text}' as date) as day"
connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
print("duckdb:", *(str(value) for value in connection.execute(query).fetchone()))
row = datafusion.SessionContext().sql(query).to_pylist()[0]
print("datafusion:", row["at"], row["day"])
print("sqlite:", *sqlite3.connect(":memory:").execute("select datetime(?), date(?)", [text, text]).fetchone())
pathlib.Path("x.csv").write_text(f"seen\n{text}\n")
read = "select typeof(seen), seen::varchar, seen::date::varchar from 'x.csv'"
print("duckdb, CSV file:", *connection.execute(read).fetchone())
print("polars:", polars.Series([text]).str.to_date(strict=False)[0])
try:
    print("pyarrow:", pyarrow.array([text]).cast(pyarrow.timestamp("us")))
except pyarrow.ArrowInvalid as error:
    print("pyarrow:", str(error).split(":")[0])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
duckdb: 2025-01-01 00:30:00 2025-01-01
datafusion: 2024-12-31 22:30:00 2024-12-31
sqlite: 2024-12-31 22:30:00 2024-12-31
duckdb, CSV file: TIMESTAMP WITH TIME ZONE 2024-12-31 22:30:00+00 2024-12-31
polars: None
pyarrow: Failed to parse string
SEEN
