#!/usr/bin/env bash
# DuckDB reads 01/02/2026 in a CSV file as January or February by the dates of another column, and fails on mixed ones.
#
# Guess: a column's type and its form of dates come from the column itself; one whose dates have two forms is text, as
# one with a word among its dates is.
# Behaviour: a form of dates holds for the whole file: after a column with 12/25/2026, 01/02/2026 is the 2nd of January,
# after one with 25/12/2026 or alone the 1st of February. ISO dates with one 13.01.2026 after them are an error in the
# first row, though each row was sampled (sample_size=-1, which the message advises, changes nothing); with 13.01.2026
# before them the column is text. ignore_errors=true leaves out all rows but that one.
# Why it matters to us: the order of rows and columns decides between text, an error and another date.
# What to do: read text (all_varchar=true) and cast by a given form, or give `dateformat`.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from pathlib import Path

import duckdb

ISO = ["2026-01-01", "2026-01-02"]
for lines, options in [
    (["due", "01/02/2026"], ""),
    (["paid,due", "25/12/2026,01/02/2026"], ""),
    (["paid,due", "12/25/2026,01/02/2026"], ""),
    (["paid,due", "12/25/2026,01/02/2026"], ", dateformat='%d/%m/%Y'"),
    (["due,paid", "01/02/2026,12/25/2026"], ""),
    (["due", *ISO, "soon"], ""),
    (["due", "13.01.2026", *ISO], ""),
    (["due", *ISO, "13.01.2026"], ""),
    (["due", *ISO, "13.01.2026"], ", sample_size=-1"),
    (["due", *ISO, "13.01.2026"], ", ignore_errors=true"),
    (["due", *ISO, "13.01.2026"], ", all_varchar=true"),
]:
    Path("dates.csv").write_text("\n".join(lines) + "\n")
    print(" | ".join(lines) + options)
    try:
        rows = duckdb.execute(f"from read_csv('dates.csv'{options})")
        print(" ", *(str(column[1]) for column in rows.description), [tuple(map(str, row)) for row in rows.fetchall()])
    except duckdb.ConversionException as error:
        print(" ", str(error).splitlines()[2])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
due | 01/02/2026
  DATE [('2026-02-01',)]
paid,due | 25/12/2026,01/02/2026
  DATE DATE [('2026-12-25', '2026-02-01')]
paid,due | 12/25/2026,01/02/2026
  DATE DATE [('2026-12-25', '2026-01-02')]
paid,due | 12/25/2026,01/02/2026, dateformat='%d/%m/%Y'
  VARCHAR DATE [('12/25/2026', '2026-02-01')]
due,paid | 01/02/2026,12/25/2026
  DATE VARCHAR [('2026-02-01', '12/25/2026')]
due | 2026-01-01 | 2026-01-02 | soon
  VARCHAR [('2026-01-01',), ('2026-01-02',), ('soon',)]
due | 13.01.2026 | 2026-01-01 | 2026-01-02
  VARCHAR [('13.01.2026',), ('2026-01-01',), ('2026-01-02',)]
due | 2026-01-01 | 2026-01-02 | 13.01.2026
  Error when converting column "due". Could not convert string "2026-01-01" to 'DATE'
due | 2026-01-01 | 2026-01-02 | 13.01.2026, sample_size=-1
  Error when converting column "due". Could not convert string "2026-01-01" to 'DATE'
due | 2026-01-01 | 2026-01-02 | 13.01.2026, ignore_errors=true
  DATE [('2026-01-13',)]
due | 2026-01-01 | 2026-01-02 | 13.01.2026, all_varchar=true
  VARCHAR [('2026-01-01',), ('2026-01-02',), ('13.01.2026',)]
SEEN
