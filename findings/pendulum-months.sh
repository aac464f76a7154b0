#!/usr/bin/env bash
# pendulum counts a month from the 31st of January to the 28th of February, and none from the 30th.
#
# Guess: in_months() is the largest number that can be added without passing the end, or counts full days of the month;
# either rule makes a start on the 30th pass at least as many months as one on the 31st.
# Behaviour: 31 January to 28 February is one month, 30 and 29 January to 28 February are none, though adding a month to
# each gives 28 February. From 29 February 2024 to 28 February 2025 it is 11 months and 0 years, where adding twelve
# months gives the end; dateutil and DuckDB's datesub say 12. A child born on 29 February comes of age a day later than
# add(years=18) says. PostgreSQL's age() keeps to one rule: no month for the first three, 11 months for the fourth.
# Why it matters to us: ages, terms and seniority differ between SQL and Python for the last days of months.
# What to do: count in one place, with dateutil's relativedelta or in SQL, and settle the ends of months in a test.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pendulum==3.3.0 python-dateutil==2.9.0.post0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import duckdb
import pendulum
from dateutil.relativedelta import relativedelta

for first, last in [
    ("2025-01-31", "2025-02-28"),
    ("2025-01-30", "2025-02-28"),
    ("2025-01-29", "2025-02-28"),
    ("2024-02-29", "2025-02-28"),
    ("2000-02-29", "2018-02-28"),
]:
    a, b = (pendulum.parse(day).date() for day in (first, last))
    parts = relativedelta(datetime.date.fromisoformat(last), datetime.date.fromisoformat(first))
    sql = duckdb.connect().execute("select datesub('month', ?::date, ?::date)", [first, last]).fetchone()[0]
    months = (b - a).in_months()
    print(f"{first} to {last}: pendulum {months}, dateutil {12 * parts.years + parts.months}, duckdb {sql};", end=" ")
    print(f"adding {sql} months gives {a.add(months=sql)}; years {(b - a).in_years()}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
2025-01-31 to 2025-02-28: pendulum 1, dateutil 1, duckdb 1; adding 1 months gives 2025-02-28; years 0
2025-01-30 to 2025-02-28: pendulum 0, dateutil 1, duckdb 1; adding 1 months gives 2025-02-28; years 0
2025-01-29 to 2025-02-28: pendulum 0, dateutil 1, duckdb 1; adding 1 months gives 2025-02-28; years 0
2024-02-29 to 2025-02-28: pendulum 11, dateutil 12, duckdb 12; adding 12 months gives 2025-02-28; years 0
2000-02-29 to 2018-02-28: pendulum 215, dateutil 216, duckdb 216; adding 216 months gives 2018-02-28; years 17
SEEN
