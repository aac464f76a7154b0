#!/usr/bin/env bash
# ConnectorX makes rows of noughts of those whose partition column is null, and Polars' read_database_uri() drops them.
#
# Guess: partition_on and partition_num only say how the work is shared out: the same query gives the same rows.
# Behaviour: the parts are ranges of k between its least and its greatest value, and a null is in none of them. For a
# pandas frame, room is made for all rows of the query: those that never come stay as they were, with 0 for the id, 0.0
# for the amount and the number 0 for the text. In an Arrow or Polars table they are missing. Neither says anything.
# Why it matters to us: it is the fast way from SQLite or PostgreSQL into a frame. Counts stay right while averages and
# least values are wrong, and the noughts join with whatever has the id 0.
# What to do: partition on a key that is not null, or on coalesce(k, -1), and compare the number of rows with count(*).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="connectorx==0.4.6 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import os
import sqlite3

import connectorx
import polars

with sqlite3.connect("shop.db") as c:
    c.execute("create table orders (id integer, customer integer, amount float, note text)")
    rows = [(1, 1, 1.5, "a"), (2, 2, 3.0, "b"), (3, None, 4.5, "c"), (4, 4, 6.0, "d"), (5, None, 7.5, "e")]
    c.executemany("insert into orders values (?, ?, ?, ?)", rows)
address, query = "sqlite://" + os.path.abspath("shop.db"), "select id, amount, note, customer from orders"
print("connectorx, whole:", connectorx.read_sql(address, query).id.tolist())
parts = {"partition_on": "customer", "partition_num": 2}
frame = connectorx.read_sql(address, query, **parts)
for row in frame[["id", "amount", "note"]].values.tolist():
    print("connectorx, in parts, pandas:", row)
print("average, whole and in parts:", connectorx.read_sql(address, query).amount.mean(), frame.amount.mean())
table = connectorx.read_sql(address, query, return_type="arrow", **parts)
print("connectorx, in parts, arrow:", table["id"].to_pylist())
print("polars, in parts:", polars.read_database_uri(query, address, **parts)["id"].to_list())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
connectorx, whole: [1, 2, 3, 4, 5]
connectorx, in parts, pandas: [1, 1.5, 'a']
connectorx, in parts, pandas: [2, 3.0, 'b']
connectorx, in parts, pandas: [4, 6.0, 'd']
connectorx, in parts, pandas: [0, 0.0, 0]
connectorx, in parts, pandas: [0, 0.0, 0]
average, whole and in parts: 4.5 2.1
connectorx, in parts, arrow: [1, 2, 4]
polars, in parts: [1, 2, 4]
SEEN
