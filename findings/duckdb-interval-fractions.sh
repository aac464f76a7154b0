#!/usr/bin/env bash
# DuckDB cuts the fraction off an interval that is written with a number, and keeps it in one written as a text.
#
# Guess: `interval 1.5 day` is 36 hours, as `interval '1.5 days'` is, or is refused.
# Behaviour: it is one day; `interval (0.5) hour` is no time at all, and `interval (x) hour` over a column of halves
# loses each half. In quotes the same number is 36 hours, 30 minutes, 45 days. `//`, called integer division, cuts
# quotients of whole numbers, but 7.5 // 2 is 3.75.
# Why it matters to us: durations computed from a column (hours worked, terms in years) come out short, silently.
# What to do: multiply, as in x * interval '1 hour', and write floor(a / b).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import duckdb

connection = duckdb.connect()
rows = "(values (0.5), (1.5), (2.5)) t(x)"
for query in [
    "select interval 1.5 day, interval '1.5 days'",
    "select interval (0.5) hour, interval '0.5 hours', 0.5 * interval '1 hour'",
    "select interval (1.5) month, interval '1.5 months'",
    "select list(interval (x) hour)::varchar from " + rows,
    "select list(x * interval '1 hour')::varchar from " + rows,
    "select 7 // 2, 7.5 // 2",
]:
    print(query)
    print("  ->", ", ".join(str(value) for value in connection.sql(query).fetchall()[0]))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
select interval 1.5 day, interval '1.5 days'
  -> 1 day, 0:00:00, 1 day, 12:00:00
select interval (0.5) hour, interval '0.5 hours', 0.5 * interval '1 hour'
  -> 0:00:00, 0:30:00, 0:30:00
select interval (1.5) month, interval '1.5 months'
  -> 30 days, 0:00:00, 45 days, 0:00:00
select list(interval (x) hour)::varchar from (values (0.5), (1.5), (2.5)) t(x)
  -> ['00:00:00', '01:00:00', '02:00:00']
select list(x * interval '1 hour')::varchar from (values (0.5), (1.5), (2.5)) t(x)
  -> ['00:30:00', '01:30:00', '02:30:00']
select 7 // 2, 7.5 // 2
  -> 3, 3.75
SEEN
