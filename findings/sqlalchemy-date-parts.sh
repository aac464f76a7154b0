#!/usr/bin/env bash
# SQLAlchemy translates parts of dates that SQLite lacks so that they are 0, and a difference of dates to one of years.
#
# Guess: extract("quarter", …) and "milliseconds" are computed or refused, as "isodow" and "century" are.
# Behaviour: the name itself is passed as the format, STRFTIME('quarter', …), and the text that comes back is cast to a
# number: 0 for each row. "week" is %W, 17 for 2 May 2026, which other databases number 18 by ISO 8601. The difference
# of two Date expressions is a minus between texts: 1 March 2025 minus 31 December 2024 is 1, as 2025 minus 2024 is.
# Why it matters to us: one expression for three engines is what the library is for; groups by quarter fall into one.
# What to do: write quarters as (month + 2) / 3 and differences with julianday() for SQLite.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sqlalchemy==2.1.9"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import sqlalchemy as sa

engine = sa.create_engine("sqlite://")
when = sa.literal("2026-05-02 10:20:30.250")
with engine.connect() as connection:
    for part in ["month", "quarter", "milliseconds", "week", "century"]:
        query = sa.select(sa.extract(part, when))
        try:
            print(part, connection.execute(query).scalar(), " ".join(str(query.compile(engine)).split()))
        except sa.exc.CompileError as error:
            print(part, "refused:", error)
    first, last = (sa.literal(datetime.date(*day), sa.Date) for day in [(2024, 12, 31), (2025, 3, 1)])
    print("2025-03-01 minus 2024-12-31:", connection.execute(sa.select(last - first)).scalar())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
month 5 SELECT CAST(STRFTIME('%m', ?) AS INTEGER) AS anon_1
quarter 0 SELECT CAST(STRFTIME('quarter', ?) AS INTEGER) AS anon_1
milliseconds 0 SELECT CAST(STRFTIME('milliseconds', ?) AS INTEGER) AS anon_1
week 17 SELECT CAST(STRFTIME('%W', ?) AS INTEGER) AS anon_1
century refused: century is not a valid extract argument.
2025-03-01 minus 2024-12-31: 1
SEEN
