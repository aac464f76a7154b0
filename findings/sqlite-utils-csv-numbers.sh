#!/usr/bin/env bash
# sqlite-utils puts `1_000` as text into an INTEGER column, where SQLite adds it up as 1, and rounds long numbers.
#
# Guess: a column is made INTEGER only when each value becomes an integer there; ids of 20 digits stay as they are.
# Behaviour: types are found with Python's int() and float(), which take underscores, "nan" and any number of digits;
# SQLite's affinity does not. `1_000` stays a text in an INTEGER column and counts as 1 in sum(); `nan` a text in a REAL
# one that counts as 0; 12345678901234567890 becomes the float 1.2345678901234567e+19, so that two ids that differ in
# their last digits are one.
# Why it matters to us: it is how many of our users load a CSV file into SQLite before they come to us.
# What to do: load with --no-detect-types and convert what is known, or check `typeof()` of each column afterwards.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sqlite-utils==4.2.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

from click.testing import CliRunner
from sqlite_utils.cli import cli

with open("orders.csv", "w") as file:
    file.write("id,quantity,weight\n12345678901234567890,1_000,nan\n12345678901234567891,5,2.5\n")
done = CliRunner().invoke(cli, ["insert", "shop.db", "orders", "orders.csv", "--csv"])
assert done.exit_code == 0, done.output
c = sqlite3.connect("shop.db")
for name, type_ in c.execute("select name, type from pragma_table_info('orders')").fetchall():
    print(name, type_, c.execute(f"select {name}, typeof({name}) from orders").fetchall())
print("sum(quantity), sum(weight):", c.execute("select sum(quantity), sum(weight) from orders").fetchone())
print("different ids:", c.execute("select count(distinct id) from orders").fetchone()[0])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
id INTEGER [(1.2345678901234567e+19, 'real'), (1.2345678901234567e+19, 'real')]
quantity INTEGER [('1_000', 'text'), (5, 'integer')]
weight REAL [('nan', 'text'), (2.5, 'real')]
sum(quantity), sum(weight): (6.0, 2.5)
different ids: 1
SEEN
