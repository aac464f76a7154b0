#!/usr/bin/env bash
# Of two equal names in a JSON object some readers take the first and some the last, one library both.
#
# Guess: the last one counts, as in Python, JavaScript and PostgreSQL's jsonb, or the object is refused.
# Behaviour: for {"a": 1, "a": 2} SQLite's ->> and DuckDB's give 1, json, pandas and DataFusion 2. Polars gives 1 from
# read_ndjson() and json_decode(), and 2 from json_path_match(). SQLite's json_set() changes the first of the two, after
# which Python still reads the old value; json_remove() takes the first away, so that the second appears.
# Why it matters to us: a value that was set is not the one that the next stage reads; a check sees another amount than
# the job.
# What to do: read and write a document with one parser, and refuse equal names where it comes in.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1 polars==2.1.0 pandas==3.1.1 datafusion==55.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json
import pathlib
import sqlite3

import datafusion
import duckdb
import pandas
import polars

text = '{"a": 1, "a": 2}'
pathlib.Path("x.jsonl").write_text(text + "\n")
lite = sqlite3.connect(":memory:")
print("json:", json.loads(text))
print("pandas:", pandas.read_json("x.jsonl", lines=True).to_dict("records"))
context = datafusion.SessionContext()
context.register_json("x", "x.jsonl", file_extension=".jsonl")
print("datafusion:", context.sql("select a from x").to_pylist())
print("sqlite ->>:", lite.execute("select ? ->> 'a'", [text]).fetchone())
print("duckdb ->>:", duckdb.connect().execute("select ?::json ->> 'a'", [text]).fetchone())
column = polars.Series([text])
print("polars read_ndjson:", polars.read_ndjson("x.jsonl").to_dicts())
print("polars json_decode:", column.str.json_decode(polars.Struct({"a": polars.Int64})).to_list())
print("polars json_path_match:", column.str.json_path_match("$.a").to_list())
for change in ["json_set(?, '$.a', 9)", "json_remove(?, '$.a')"]:
    changed = lite.execute(f"select {change}", [text]).fetchone()[0]
    after = lite.execute("select ? ->> 'a'", [changed]).fetchone()
    print("sqlite", change, changed, "json:", json.loads(changed), "->>:", after)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
json: {'a': 2}
pandas: [{'a': 2}]
datafusion: [{'a': 2}]
sqlite ->>: (1,)
duckdb ->>: ('1',)
polars read_ndjson: [{'a': 1}]
polars json_decode: [{'a': 1}]
polars json_path_match: ['2']
sqlite json_set(?, '$.a', 9) {"a":9,"a":2} json: {'a': 2} ->>: (9,)
sqlite json_remove(?, '$.a') {"a":2} json: {'a': 2} ->>: (2,)
SEEN
