#!/usr/bin/env bash
# petl and pandas join rows that have no key with each other.
#
# Guess: a join matches as SQL does: what has no key meets nothing.
# Behaviour: petl.join() pairs None with None and pandas.merge() NaN with NaN, so that two orders without a customer and
# two customers without a number make four rows; sums grow. Polars and DuckDB pair none. petl.hashjoin() and
# distinct() take 1, 1.0 and True for one key besides.
# Why it matters to us: the same pipeline written in SQL and with one of these gives other totals.
# What to do: drop rows without a key on one side before an inner join (`selectnotnone`, dropna(subset=…)).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="petl==1.7.30 pandas==3.1.1 polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import duckdb
import pandas
import petl
import polars

orders = {"customer": [1, None, None], "amount": [10, 20, 30]}
customers = {"customer": [1, None, None], "name": ["Ann", "Bob", "Cy"]}


def report(name, amounts):
    amounts = sorted(amounts)
    print(f"{name}: {len(amounts)} rows, sum {sum(amounts)}")


report("petl", petl.values(petl.join(petl.fromcolumns(list(orders.values()), list(orders)), petl.fromcolumns(
    list(customers.values()), list(customers)), key="customer"), "amount"))
report("pandas", pandas.DataFrame(orders).merge(pandas.DataFrame(customers), on="customer")["amount"].tolist())
o, c = polars.DataFrame(orders), polars.DataFrame(customers)
report("polars", o.join(c, on="customer")["amount"].to_list())
report("duckdb", [row[0] for row in duckdb.sql("select amount from o join c using (customer)").fetchall()])
print("petl.distinct:", petl.values(petl.distinct(petl.fromcolumns([[1, True, 1.0, "1"]], ["key"])), "key").list())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
petl: 5 rows, sum 110
pandas: 5 rows, sum 110
polars: 1 rows, sum 10
duckdb: 1 rows, sum 10
petl.distinct: [1, '1']
SEEN
