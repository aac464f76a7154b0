#!/usr/bin/env bash
# pyarrow makes columns only of the members of the first dict, Polars of the first hundred, petl of the first thousand.
#
# Guess: a table of dicts has a column for each name that occurs, as in pandas and DuckDB, or a new name further down
# is an error, as in tablib.
# Behaviour: pyarrow.Table.from_pylist([{"id": 1}, {"id": 2, "note": "late"}]) has no column "note"; so has Polars'
# from_dicts() when the name first occurs in row 101, and petl's fromdicts() in row 1001. The value is gone without a
# word.
# Why it matters to us: optional members are left out by most serializers where they are null; a column is lost
# because its first value is late, and a small test shows nothing.
# What to do: pass the schema (Polars: infer_schema_length=None; petl: header=…), or fill in all names before.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pyarrow==26.0.1 polars==2.1.0 petl==1.7.30 pandas==3.1.1 tablib==3.10.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pandas
import petl
import polars
import pyarrow
import tablib


def columns(rows):
    yield "pandas", lambda: list(pandas.DataFrame(rows).columns)
    yield "pyarrow", lambda: pyarrow.Table.from_pylist(rows).column_names
    yield "polars", lambda: polars.from_dicts(rows).columns
    yield "polars.DataFrame", lambda: polars.DataFrame(rows).columns
    yield "petl", lambda: list(petl.fromdicts(iter(rows))[0])

    def tablib_columns():
        data = tablib.Dataset()
        data.dict = rows
        return data.headers

    yield "tablib", tablib_columns


for before in (1, 100, 1000):
    print(f"`note` first occurs in row {before + 1}:")
    for name, run in columns([{"id": i} for i in range(before)] + [{"id": before, "note": "late"}]):
        try:
            print(f"  {name}:", run())
        except Exception as error:
            print(f"  {name}:", type(error).__name__)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
`note` first occurs in row 2:
  pandas: ['id', 'note']
  pyarrow: ['id']
  polars: ['id', 'note']
  polars.DataFrame: ['id', 'note']
  petl: ['id', 'note']
  tablib: InvalidDimensions
`note` first occurs in row 101:
  pandas: ['id', 'note']
  pyarrow: ['id']
  polars: ['id']
  polars.DataFrame: ['id']
  petl: ['id', 'note']
  tablib: InvalidDimensions
`note` first occurs in row 1001:
  pandas: ['id', 'note']
  pyarrow: ['id']
  polars: ['id']
  polars.DataFrame: ['id']
  petl: ['id']
  tablib: InvalidDimensions
SEEN
