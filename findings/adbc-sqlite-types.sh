#!/usr/bin/env bash
# ADBC's SQLite driver writes a timestamp with a time zone without it, and makes floats of ids beside a fraction.
#
# Guess: a type that SQLite lacks is refused, as decimals, times and durations are, or the text says "+00:00" or "Z".
# Behaviour: 00:00 in Berlin is written as "2024-12-31T23:00:00.000000", which reads as a local time and in a form that
# current_timestamp doesn't have ("T"). On the way back a column's type is that of its first batch: 9007199254740993
# beside a 1.5 becomes 9007199254740992.0, and the number 1 beside a text the text "1".
# Why it matters to us: exported times are an hour or two off for whoever takes them as they stand, and compare wrong
# with SQLite's own, since "T" sorts after the blank.
# What to do: write texts with the offset oneself, and cast each column in the query.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="adbc-driver-sqlite==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime
import zoneinfo

import adbc_driver_sqlite.dbapi
import pyarrow

berlin = datetime.datetime(2025, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
with adbc_driver_sqlite.dbapi.connect("file:x.db") as connection, connection.cursor() as cursor:
    cursor.adbc_ingest("t", pyarrow.table({"at": pyarrow.array([berlin], pyarrow.timestamp("us", "Europe/Berlin"))}))
    cursor.execute("select at, at < '2024-12-31 23:30:00' from t")
    print("written:", berlin.isoformat(), "read:", cursor.fetchone())
    for query in [
        "select 9007199254740993 as id union all select 1.5",
        "select 1 as id union all select 'x'",
        "select 9007199254740993 as id union all select 2",
    ]:
        cursor.execute(query)
        print(query, "->", cursor.fetch_arrow_table()["id"].to_pylist())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
written: 2025-01-01T00:00:00+01:00 read: ('2024-12-31T23:00:00.000000', 0)
select 9007199254740993 as id union all select 1.5 -> [9007199254740992.0, 1.5]
select 1 as id union all select 'x' -> ['1', 'x']
select 9007199254740993 as id union all select 2 -> [9007199254740993, 2]
SEEN
