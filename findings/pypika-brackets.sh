#!/usr/bin/env bash
# pypika leaves out brackets: -(x + y) becomes -"x"+"y", and z * (x / y) "z"*"x"/"y".
#
# Guess: an expression that is built from objects keeps its structure; brackets are put where SQL needs them, as they
# are for x - (y - z) and x / (y / z).
# Behaviour: the minus of a sum is that of its first part, so that -(5 + 2) is -3. A product with a quotient is
# computed from the left, another number for whole numbers: 3 * (5 / 2) is 7 and not 6. SQLAlchemy keeps both.
# Why it matters to us: balances are negated sums, and pages and buckets are quotients that are multiplied again; the
# query is valid and its numbers are wrong.
# What to do: write 0 - (x + y), and (x / y) * z with the quotient first.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pypika==0.51.1 sqlalchemy==2.1.9"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

import sqlalchemy
from pypika import Query, Table

database = sqlite3.connect(":memory:")
database.execute("create table t (x int, y int, z int)")
database.execute("insert into t values (5, 2, 3)")
columns = sqlalchemy.table("t", *map(sqlalchemy.column, "xyz")).c


def quotient(a, b):
    return a.op("/")(b) if isinstance(a, sqlalchemy.ColumnElement) else a / b


for name, term in {
    "-(x + y)": lambda t: -(t.x + t.y),
    "0 - (x + y)": lambda t: 0 - (t.x + t.y),
    "z * (x / y)": lambda t: t.z * quotient(t.x, t.y),
    "(x / y) * z": lambda t: quotient(t.x, t.y) * t.z,
    "x - (y - z)": lambda t: t.x - (t.y - t.z),
}.items():
    query = str(Query.from_(Table("t")).select(term(Table("t"))))
    other = str(sqlalchemy.select(term(columns)).compile(compile_kwargs={"literal_binds": True})).replace("\n", "")
    print(f"{name}: pypika {query} {database.execute(query).fetchone()[0]}")
    print(f"  sqlalchemy {other} {database.execute(other).fetchone()[0]}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
-(x + y): pypika SELECT -"x"+"y" FROM "t" -3
  sqlalchemy SELECT -(t.x + t.y) AS anon_1 FROM t -7
0 - (x + y): pypika SELECT 0-("x"+"y") FROM "t" -7
  sqlalchemy SELECT 0 - (t.x + t.y) AS anon_1 FROM t -7
z * (x / y): pypika SELECT "z"*"x"/"y" FROM "t" 7
  sqlalchemy SELECT t.z * (t.x / t.y) AS anon_1 FROM t 6
(x / y) * z: pypika SELECT "x"/"y"*"z" FROM "t" 6
  sqlalchemy SELECT (t.x / t.y) * t.z AS anon_1 FROM t 6
x - (y - z): pypika SELECT "x"-("y"-"z") FROM "t" 6
  sqlalchemy SELECT t.x - (t.y - t.z) AS anon_1 FROM t 6
SEEN
