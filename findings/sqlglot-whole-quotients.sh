#!/usr/bin/env bash
# sqlglot keeps the `/` of SQLite and PostgreSQL for DuckDB, where 7 / 2 is 3.5 and no longer 3.
#
# Guess: what is translated has the same value, or is unsupported, an error with unsupported_level=RAISE; DuckDB's `/`
# does become CAST(… AS REAL) / … for SQLite.
# Behaviour: from SQLite, 7 / 2 becomes 7 / NULLIF(2, 0): the division by zero is cared for, the whole quotient isn't.
# So with a column, and with sum(a) / count(*). Only a cast on both sides makes `//` of it. The other way, `a // 1`
# becomes CAST(CAST(a AS REAL) / 1 AS INTEGER), which loses the last digits of an id past 2^53.
# Why it matters to us: averages, pages and buckets (id / 100) are fractions after a move to DuckDB, and join with
# nothing.
# What to do: optimize() with the schema and the dialect before the translation, which knows the types, or cast both
# sides.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sqlglot==30.30.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

import duckdb
import sqlglot
from sqlglot.optimizer import optimize

tables = ["create table t (a bigint)", "insert into t values (7), (9007199254740993), (-3)"]
databases = {"sqlite": sqlite3.connect(":memory:"), "duckdb": duckdb.connect()}
for database in databases.values():
    for statement in tables:
        database.execute(statement)


def compare(source, query, translated, target):
    here, there = (databases[n].execute(q).fetchall() for n, q in [(source, query), (target, translated)])
    print(f"{source}: {query} {here}\n  {target}: {translated} {there}", "equal" if here == there else "DIFFERENT")


for source, target, query in [
    ("sqlite", "duckdb", "SELECT 7 / 2"),
    ("sqlite", "duckdb", "SELECT a / 2 FROM t WHERE a < 10 ORDER BY a"),
    ("sqlite", "duckdb", "SELECT CAST(a AS INTEGER) / CAST(2 AS INTEGER) FROM t WHERE a < 10 ORDER BY a"),
    ("duckdb", "sqlite", "SELECT a / 2 FROM t WHERE a < 10 ORDER BY a"),
    ("duckdb", "sqlite", "SELECT a // 1 FROM t WHERE a > 10"),
]:
    translated = sqlglot.transpile(query, source, target, unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    compare(source, query, translated, target)
print("PostgreSQL to DuckDB:", sqlglot.transpile("SELECT sum(a) / count(*) FROM t", "postgres", "duckdb")[0])
query = "SELECT a / 2 AS h FROM t WHERE a < 10 AND a > 0"
typed = optimize(sqlglot.parse_one(query, read="sqlite"), schema={"t": {"a": "bigint"}}, dialect="sqlite")
compare("sqlite", query, typed.sql("duckdb"), "duckdb")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
sqlite: SELECT 7 / 2 [(3,)]
  duckdb: SELECT 7 / NULLIF(2, 0) [(3.5,)] DIFFERENT
sqlite: SELECT a / 2 FROM t WHERE a < 10 ORDER BY a [(-1,), (3,)]
  duckdb: SELECT a / NULLIF(2, 0) FROM t WHERE a < 10 ORDER BY a NULLS FIRST [(-1.5,), (3.5,)] DIFFERENT
sqlite: SELECT CAST(a AS INTEGER) / CAST(2 AS INTEGER) FROM t WHERE a < 10 ORDER BY a [(-1,), (3,)]
  duckdb: SELECT CAST(a AS INT) // CAST(2 AS INT) FROM t WHERE a < 10 ORDER BY a NULLS FIRST [(-1,), (3,)] equal
duckdb: SELECT a / 2 FROM t WHERE a < 10 ORDER BY a [(-1.5,), (3.5,)]
  sqlite: SELECT CAST(a AS REAL) / 2 FROM t WHERE a < 10 ORDER BY a NULLS LAST [(-1.5,), (3.5,)] equal
duckdb: SELECT a // 1 FROM t WHERE a > 10 [(9007199254740993,)]
  sqlite: SELECT CAST(CAST(a AS REAL) / 1 AS INTEGER) FROM t WHERE a > 10 [(9007199254740992,)] DIFFERENT
PostgreSQL to DuckDB: SELECT SUM(a) / COUNT(*) FROM t
sqlite: SELECT a / 2 AS h FROM t WHERE a < 10 AND a > 0 [(3,)]
  duckdb: SELECT CAST(TRUNC("t"."a" / 2) AS BIGINT) AS "h" FROM "t" AS "t" WHERE "t"."a" < 10 AND "t"."a" > 0 [(3,)] equal
SEEN
