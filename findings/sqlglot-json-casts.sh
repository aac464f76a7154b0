#!/usr/bin/env bash
# sqlglot turns a cast to JSON into a cast that makes 0 of each document in SQLite.
#
# Guess: SQLite keeps JSON as text, so the cast disappears or becomes json(…); else it is unsupported, an error with
# unsupported_level=RAISE.
# Behaviour: j::json of DuckDB and j::jsonb of PostgreSQL become CAST(j AS JSON) and CAST(j AS JSONB). SQLite has no
# such types and takes the names for numeric ones: the document is cast to the number 0, and 0 ->> '$.a' is null. Each
# member of each row is null and a filter on one finds nothing; '[17]' is 0, the text '17' the number 17.
# Why it matters to us: a column of texts is cast before each `->>` in the two other engines, as they ask for it.
# What to do: take the casts out of the tree before it is written for SQLite, or write json(…) there.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sqlglot==30.30.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

import duckdb
import sqlglot

databases = {"sqlite": sqlite3.connect(":memory:"), "duckdb": duckdb.connect()}
for database in databases.values():
    database.execute("create table t (j varchar)")
    database.execute("""insert into t values ('{"a": "x"}'), ('{"a": "y"}')""")
for query in [
    "SELECT j::json ->> '$.a' FROM t ORDER BY 1",
    "SELECT count(*) FROM t WHERE j::json ->> '$.a' = 'x'",
    "SELECT count(DISTINCT j::json) FROM t",
    "SELECT CAST('[17]' AS JSON)",
]:
    translated = sqlglot.transpile(query, "duckdb", "sqlite", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    print("duckdb:", query, databases["duckdb"].execute(query).fetchall())
    print("  sqlite:", translated, databases["sqlite"].execute(translated).fetchall())
query = "SELECT j::jsonb ->> 'a' FROM t"
translated = sqlglot.transpile(query, "postgres", "sqlite", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
print("postgres:", query, "\n  sqlite:", translated, databases["sqlite"].execute(translated).fetchall())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
duckdb: SELECT j::json ->> '$.a' FROM t ORDER BY 1 [('x',), ('y',)]
  sqlite: SELECT CAST(j AS JSON) ->> '$.a' FROM t ORDER BY 1 NULLS LAST [(None,), (None,)]
duckdb: SELECT count(*) FROM t WHERE j::json ->> '$.a' = 'x' [(1,)]
  sqlite: SELECT COUNT(*) FROM t WHERE CAST(j AS JSON) ->> '$.a' = 'x' [(0,)]
duckdb: SELECT count(DISTINCT j::json) FROM t [(2,)]
  sqlite: SELECT COUNT(DISTINCT CAST(j AS JSON)) FROM t [(1,)]
duckdb: SELECT CAST('[17]' AS JSON) [('[17]',)]
  sqlite: SELECT CAST('[17]' AS JSON) [(0,)]
postgres: SELECT j::jsonb ->> 'a' FROM t 
  sqlite: SELECT CAST(j AS JSONB) ->> '$.a' FROM t [(None,), (None,)]
SEEN
