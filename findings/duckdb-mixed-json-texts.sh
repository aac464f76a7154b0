#!/usr/bin/env bash
# DuckDB leaves the quotes around texts of a JSON column that also holds a number.
#
# Guess: "A1" beside 17 in a field becomes the text A1 and 17 the text 17, as in Polars and ClickHouse, or is an error.
# Behaviour: the column gets DuckDB's type JSON, whose texts are JSON documents, quotes and all. Cast to text, or written
# to a CSV file (as """A1"""), each keeps its quotes. Only comparing it with 'A1' is an error. Where the number stands past
# the sample that gives the type, it becomes a text like the others.
# Why it matters to us: codes and house numbers are written as numbers by many programs where they have no letter; one
# such row changes all the others of an export.
# What to do: columns={'code': 'VARCHAR'}, or code->>'$', which takes the quotes off.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1 polars==2.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pathlib

import duckdb
import polars

connection = duckdb.connect()
for title, codes in {"texts only": ['"A1"', '"B2"'], "a number too": ['"A1"', "17"]}.items():
    pathlib.Path("x.jsonl").write_text("".join(f'{{"code": {code}}}\n' for code in codes))
    print(title)
    for query in [
        "select any_value(typeof(code)), string_agg(code::varchar, ' ') from 'x.jsonl'",
        "select string_agg(code->>'$', ' ') from read_json('x.jsonl', columns={'code': 'JSON'})",
        "select string_agg(code, ' ') from read_json('x.jsonl', columns={'code': 'VARCHAR'})",
    ]:
        print("  ", query, "->", *connection.execute(query).fetchone())
    connection.execute("copy (from 'x.jsonl') to 'x.csv'")
    print("   CSV file:", pathlib.Path("x.csv").read_text().split())
    print("   polars:", polars.read_ndjson("x.jsonl")["code"].to_list())
many = "".join(f'{{"code": "A{n}"}}\n' for n in range(30000)) + '{"code": 17}\n'
pathlib.Path("x.jsonl").write_text(many)
print("past the sample:", connection.execute("select typeof(code), code from 'x.jsonl' where code = '17'").fetchall())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
texts only
   select any_value(typeof(code)), string_agg(code::varchar, ' ') from 'x.jsonl' -> VARCHAR A1 B2
   select string_agg(code->>'$', ' ') from read_json('x.jsonl', columns={'code': 'JSON'}) -> A1 B2
   select string_agg(code, ' ') from read_json('x.jsonl', columns={'code': 'VARCHAR'}) -> A1 B2
   CSV file: ['code', 'A1', 'B2']
   polars: ['A1', 'B2']
a number too
   select any_value(typeof(code)), string_agg(code::varchar, ' ') from 'x.jsonl' -> JSON "A1" 17
   select string_agg(code->>'$', ' ') from read_json('x.jsonl', columns={'code': 'JSON'}) -> A1 17
   select string_agg(code, ' ') from read_json('x.jsonl', columns={'code': 'VARCHAR'}) -> A1 17
   CSV file: ['code', '"""A1"""', '17']
   polars: ['A1', '17']
past the sample: [('VARCHAR', '17')]
SEEN
