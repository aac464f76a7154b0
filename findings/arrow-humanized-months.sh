#!/usr/bin/env bash
# Arrow says "a month ago" of 15 days, and "a year ago" of 23 months.
#
# Guess: humanize() names the nearest unit, or the largest that has passed: 15 days are two weeks, as in pendulum, or
# 15 days.
# Behaviour: weeks end at two: from 15 days on it is "a month ago", up to 45, then "2 months ago". 23 months are "a
# year ago", 12 months less a day "12 months ago". granularity="week" gives the weeks that have passed, and "month"
# the 0 months of 29 days. pendulum says two, three and four weeks for 15, 21 and 28 days, and two years for 23
# months.
# Why it matters to us: "last backup a month ago" is read as a number; half a month is a fault of a factor of two.
# What to do: pass a granularity: ["month", "day"] for long times, "day" for short ones.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="arrow==1.4.0 pendulum==3.3.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import arrow
import pendulum

one, two = arrow.get("2025-01-01"), pendulum.datetime(2025, 1, 1)
for unit, counts in [("days", [13, 14, 15, 21, 28, 45, 46]), ("months", [11, 12, 18, 23, 24])]:
    for count in counts:
        ago = one.humanize(one.shift(**{unit: count}))
        other = two.diff_for_humans(two.add(**{unit: count}))
        print(f"{count} {unit}: arrow {ago}, pendulum {other}")
for granularity in ["day", "week", "month", ["month", "day"]]:
    print(f"15 days by {granularity}:", one.humanize(one.shift(days=15), granularity=granularity))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
13 days: arrow a week ago, pendulum 2 weeks before
14 days: arrow 2 weeks ago, pendulum 2 weeks before
15 days: arrow a month ago, pendulum 2 weeks before
21 days: arrow a month ago, pendulum 3 weeks before
28 days: arrow a month ago, pendulum 4 weeks before
45 days: arrow a month ago, pendulum 1 month before
46 days: arrow 2 months ago, pendulum 1 month before
11 months: arrow 11 months ago, pendulum 11 months before
12 months: arrow a year ago, pendulum 1 year before
18 months: arrow a year ago, pendulum 1 year before
23 months: arrow a year ago, pendulum 2 years before
24 months: arrow 2 years ago, pendulum 2 years before
15 days by day: 15 days ago
15 days by week: 2 weeks ago
15 days by month: 0 months ago
15 days by ['month', 'day']: 0 months and 15 days ago
SEEN
