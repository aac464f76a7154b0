#!/usr/bin/env bash
# SIMILAR TO is a regular expression in DuckDB and DataFusion: % and _ match themselves, and a part is enough for one.
#
# Guess: the operator of the SQL standard: `%` and `_` as in LIKE, and `|`, `*` and brackets, over the whole text.
# Behaviour: 'abc' similar to 'a%' and to 'a_c' are false in both, and 'abc' similar to 'a.c' is true, all three the
# other way round than in the standard and in PostgreSQL. DuckDB compares the whole text, DataFusion looks for a part:
# 'Miller' similar to 'Mill' is true there.
# Why it matters to us: a filter that moves from PostgreSQL to files finds nothing, or too much, and stays valid SQL.
# What to do: LIKE, or regexp_matches() and regexp_like() with ^ and $.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="datafusion==55.0.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datafusion
import duckdb

context, connection = datafusion.SessionContext(), duckdb.connect()
for text, pattern, standard in [
    ("abc", "a%", True),
    ("abc", "a_c", True),
    ("abc", "a.c", False),
    ("Miller", "Mill", False),
    ("Miller", "(Mill|Mull)er", True),
]:
    query = f"select '{text}' similar to '{pattern}' as x"
    print(query, "standard:", standard, "duckdb:", connection.sql(query).fetchall()[0][0], end=" ")
    print("datafusion:", context.sql(query).to_pylist()[0]["x"])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
select 'abc' similar to 'a%' as x standard: True duckdb: False datafusion: False
select 'abc' similar to 'a_c' as x standard: True duckdb: False datafusion: False
select 'abc' similar to 'a.c' as x standard: False duckdb: True datafusion: True
select 'Miller' similar to 'Mill' as x standard: False duckdb: False datafusion: True
select 'Miller' similar to '(Mill|Mull)er' as x standard: True duckdb: True datafusion: True
SEEN
