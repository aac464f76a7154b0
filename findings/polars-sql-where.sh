#!/usr/bin/env bash
# Polars' SQL ignores WHERE in a SELECT without FROM, and its power() wraps round.
#
# Guess: `select 5 as n where 1 = 2` has no rows, as in SQLite, DuckDB and PostgreSQL; 10 to the power of 20 is
# 100000000000000000000 or an error.
# Behaviour: the condition has no effect, also in a CTE or a subquery, so that count(*) over it is 1. power() of whole
# numbers stays in their type and wraps: power(10, 20) is 1661992960, power(2, 63) is 0, and over a column of bigints it
# is negative. power(2, 0.5) is a float as elsewhere.
# Why it matters to us: conditions on values alone (a parameter that switches a part of a UNION off) are common in SQL
# that programs write, and interest is a power.
# What to do: put a FROM (a one-row table) under each WHERE, and write the base as a float: power(10.0, 20).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="polars==2.1.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

import duckdb
import polars as pl

table = pl.DataFrame({"x": [2, 3, 10]})
lite = sqlite3.connect(":memory:")
for query in [
    "select 5 as n where 1 = 2",
    "with c as (select 5 as n where 1 = 2) select count(*) as rows from c",
    "select 5 as n where false union all select 6",
    "select power(10, 20) as p, power(2, 63) as q",
    "select power(10.0, 20) as p",
]:
    rows = [sorted(pl.SQLContext().execute(query, eager=True).rows())]
    rows += [sorted(duckdb.connect().execute(query).fetchall()), sorted(lite.execute(query).fetchall())]
    print(query)
    print("  polars, duckdb, sqlite:", *rows)
powers = pl.SQLContext(t=table).execute("select power(x, 63) as p from t", eager=True)
print("power(x, 63) over bigints:", powers["p"].to_list())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
select 5 as n where 1 = 2
  polars, duckdb, sqlite: [(5,)] [] []
with c as (select 5 as n where 1 = 2) select count(*) as rows from c
  polars, duckdb, sqlite: [(1,)] [(0,)] [(0,)]
select 5 as n where false union all select 6
  polars, duckdb, sqlite: [(5,), (6,)] [(6,)] [(6,)]
select power(10, 20) as p, power(2, 63) as q
  polars, duckdb, sqlite: [(1661992960, 0)] [(1e+20, 9.223372036854776e+18)] [(1e+20, 9.223372036854776e+18)]
select power(10.0, 20) as p
  polars, duckdb, sqlite: [(1e+20,)] [(1e+20,)] [(1e+20,)]
power(x, 63) over bigints: [-9223372036854775808, -3237885987332494933, -9223372036854775808]
SEEN
