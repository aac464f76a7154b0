#!/usr/bin/env bash
# dlt keeps one of two fields whose names become alike, and says nothing.
#
# Guess: fields "a-b" and "a_b" of one record get two columns, or loading fails.
# Behaviour: names are normalised (lower case, words joined by underscores, other signs an x) and a record's
# values are then written under them one after the other, so that the last one stays: Total=5 and total=6 give total=6,
# {"o": {"p": 1}, "o__p": 2} gives o__p=1. The load succeeds, and no warning is printed.
# Why it matters to us: spreadsheets have columns such as "Price (€)" and "Price ($)"; the first would be gone.
# What to do: rename before the load and compare the number of fields, or set another naming convention.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="dlt[duckdb]==1.31.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import os

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
import dlt
import duckdb

pipeline = dlt.pipeline("p", destination=dlt.destinations.duckdb("x.duckdb"), dataset_name="d", pipelines_dir=os.getcwd())
record = {"Total": 5, "total": 6, "a-b": 1, "a_b": 2, "Price (€)": 10, "Price ($)": 11, "o": {"p": 1}, "o__p": 2}
load = pipeline.run([record], table_name="t")
print("failed jobs:", load.has_failed_jobs)
c = duckdb.connect("x.duckdb")
rows = c.execute("select * exclude (_dlt_load_id, _dlt_id) from d.t").fetchall()
print("given:", record)
print("kept: ", dict(zip([each[0] for each in c.description], rows[0])))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
failed jobs: False
given: {'Total': 5, 'total': 6, 'a-b': 1, 'a_b': 2, 'Price (€)': 10, 'Price ($)': 11, 'o': {'p': 1}, 'o__p': 2}
kept:  {'total': 6, 'a_b': 2, 'pricex': 11, 'o__p': 1}
SEEN
