#!/usr/bin/env bash
# DataFusion compares intervals by months first, then days, then hours: a day is longer than 36 hours.
#
# Guess: durations compare as in PostgreSQL, DuckDB and Polars, by their length with 24 hours to the day and 30 days to
# the month, or two that have no common unit are refused.
# Behaviour: they are compared as the three numbers of Arrow's type: '36 hours' < '1 day', '1 month' > '40 days'. max(),
# ORDER BY and WHERE follow, without an error.
# Why it matters to us: the longest wait, or all that took more than a day, is wrong where rows hold hours and days.
# What to do: compare numbers of seconds: extract(epoch from …), or subtract timestamps, which gives durations.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="datafusion==55.0.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datafusion
import duckdb

context, connection = datafusion.SessionContext(), duckdb.connect()
rows = "(values ('36 hours', interval '36 hours'), ('1 day', interval '1 day'), ('20 minutes', interval '20 minutes'))"
for query in [
    "select interval '36 hours' < interval '1 day' as answer",
    "select interval '1 month' > interval '40 days' as answer",
    f"select text as answer from {rows} t(text, length) order by length desc",
    f"select text as answer from {rows} t(text, length) where length > interval '1 day'",
]:
    print(query.replace(rows, "rows"))
    print("  datafusion:", [row["answer"] for row in context.sql(query).to_pylist()])
    print("  duckdb:", [row[0] for row in connection.sql(query).fetchall()])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
select interval '36 hours' < interval '1 day' as answer
  datafusion: [True]
  duckdb: [False]
select interval '1 month' > interval '40 days' as answer
  datafusion: [True]
  duckdb: [False]
select text as answer from rows t(text, length) order by length desc
  datafusion: ['1 day', '36 hours', '20 minutes']
  duckdb: ['36 hours', '1 day', '20 minutes']
select text as answer from rows t(text, length) where length > interval '1 day'
  datafusion: []
  duckdb: ['36 hours']
SEEN
