#!/usr/bin/env bash
# pypika drops the days of an interval of weeks and days, and the minus of an interval's second part.
#
# Guess: Interval(weeks=2, days=1) is fifteen days, or is refused; a negative or broken part is kept or refused.
# Behaviour: with weeks (or quarters) all other parts are dropped: INTERVAL '2 WEEK'. months=1, days=-1 is '1-1', as
# with days=1. days=1.5 is '1 DAY'. seconds=1, microseconds=5 is '1.5 SECOND_MICROSECOND', which MySQL, whose syntax
# this is, reads as a second and a half.
# Why it matters to us: deadlines such as "in two weeks and a day" are a day early; nothing fails.
# What to do: one unit for each Interval, whole and positive, added and subtracted one after the other.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pypika==0.51.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from pypika import Interval

for parts in [
    {"days": 1, "hours": 2},
    {"weeks": 2, "days": 1},
    {"quarters": 1, "months": 1},
    {"months": 1, "days": 1},
    {"months": 1, "days": -1},
    {"hours": 1, "minutes": -30},
    {"days": 1.5},
    {"seconds": 1, "microseconds": 5},
    {"seconds": 1, "microseconds": 500000},
]:
    print(", ".join(f"{unit}={number}" for unit, number in parts.items()) + ":", Interval(**parts))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
days=1, hours=2: INTERVAL '1 2 DAY_HOUR'
weeks=2, days=1: INTERVAL '2 WEEK'
quarters=1, months=1: INTERVAL '1 QUARTER'
months=1, days=1: INTERVAL '1-1 MONTH_DAY'
months=1, days=-1: INTERVAL '1-1 MONTH_DAY'
hours=1, minutes=-30: INTERVAL '1:30 HOUR_MINUTE'
days=1.5: INTERVAL '1 DAY'
seconds=1, microseconds=5: INTERVAL '1.5 SECOND_MICROSECOND'
seconds=1, microseconds=500000: INTERVAL '1.500000 SECOND_MICROSECOND'
SEEN
