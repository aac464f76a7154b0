#!/usr/bin/env bash
# Engines that don't know 0x10 or 1_000 read 0 and 1, and take the rest for the name of the column.
#
# Guess: a literal that the engine doesn't know is a syntax error, as SQLite and PostgreSQL 15 and later say of 12abc.
# Behaviour: DuckDB reads `select 0x10` as 0 named x10, DataFusion and Polars read `select 1_000` as 1 named _000 (1000
# in DuckDB), all three `select 0b11` as 0. DataFusion and Polars make bytes of 0x10, SQLite sixteen. '0x10'::int is 16
# in DuckDB, as is 0x10 in a CSV file.
# Why it matters to us: SQL with grouped digits, as Python and PostgreSQL write them, gives a thousandth of the value.
# What to do: print numbers in plain decimal digits, and name each column, which makes the error show.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1 datafusion==55.0.0 polars==2.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pathlib
import sqlite3

import datafusion
import duckdb
import polars

connection = duckdb.connect()


def with_datafusion(query):
    batch = datafusion.SessionContext().sql(query).to_arrow_table()
    return batch.column_names[0], batch[0][0].as_py()


def with_polars(query):
    frame = polars.SQLContext().execute(query, eager=True)
    return frame.columns[0], frame.item()


def with_duckdb(query):
    answer = connection.sql(query)
    return answer.columns[0], answer.fetchall()[0][0]


def with_sqlite(query):
    cursor = sqlite3.connect(":memory:").execute(query)
    return cursor.description[0][0], cursor.fetchone()[0]


for query in ["select 1_000", "select 0x10", "select 0b11", "select 1_000 as n"]:
    print(query)
    for name, read in {"duckdb": with_duckdb, "datafusion": with_datafusion, "polars": with_polars}.items():
        try:
            print(f"  {name}:", *read(query))
        except Exception as error:
            print(f"  {name}:", "refused" if "arse" in str(error) else error)
print("sqlite: select 0x10:", *with_sqlite("select 0x10"))
pathlib.Path("x.csv").write_text("n\n0x10\n")
print("duckdb: '0x10'::int, and a CSV file:", *connection.sql("select '0x10'::int, n from 'x.csv'").fetchall()[0])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
select 1_000
  duckdb: 1_000 1000
  datafusion: _000 1
  polars: _000 1
select 0x10
  duckdb: x10 0
  datafusion: Binary("16") b'\x10'
  polars: literal b'\x10'
select 0b11
  duckdb: b11 0
  datafusion: b11 0
  polars: b11 0
select 1_000 as n
  duckdb: n 1000
  datafusion: refused
  polars: refused
sqlite: select 0x10: 0x10 16
duckdb: '0x10'::int, and a CSV file: 16 16
SEEN
