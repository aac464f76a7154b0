#!/usr/bin/env bash
# timefhuman reads "the day after tomorrow" as tomorrow, and "an hour and a half ago" as one in the future.
#
# Guess: a phrase that is not understood gives an empty list, as "next month" does.
# Behaviour: words that it does not know are left out and the rest is read: "the day after tomorrow" is tomorrow, "the
# day before yesterday" is yesterday, "3 days before christmas" is in three days, and so is "-3 days". "An hour and a
# half ago" is in an hour. A comma divides a list: "1,000 days ago" is tomorrow and today. A month has thirty days: a
# month after the 31st of January is the 1st of March.
# Why it matters to us: a time on the wrong side of now turns a question on the past into one without rows, and starts a
# job too early.
# What to do: accept only phrases of a grammar of one's own, and say the time that was understood.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="timefhuman==0.1.5"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

from timefhuman import tfhConfig, timefhuman

config = tfhConfig(now=datetime.datetime(2024, 1, 31, 10, 0))
for phrase in (
    "next month",
    "two days ago",
    "the day after tomorrow",
    "the day before yesterday",
    "3 days before christmas",
    "-3 days",
    "half an hour ago",
    "an hour and a half ago",
    "1,000 days ago",
    "in a month",
):
    print(f"{phrase}: {timefhuman(phrase, config=config)}".replace("datetime.datetime", ""))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
next month: []
two days ago: [(2024, 1, 29, 10, 0)]
the day after tomorrow: [(2024, 2, 1, 0, 0)]
the day before yesterday: [(2024, 1, 30, 0, 0)]
3 days before christmas: [(2024, 2, 3, 10, 0)]
-3 days: [(2024, 2, 3, 10, 0)]
half an hour ago: [(2024, 1, 31, 9, 0)]
an hour and a half ago: [(2024, 1, 31, 11, 0)]
1,000 days ago: [[(2024, 2, 1, 10, 0), (2024, 1, 31, 10, 0)]]
in a month: [(2024, 3, 1, 10, 0)]
SEEN
