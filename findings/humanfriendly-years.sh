#!/usr/bin/env bash
# A year of humanfriendly has 364 days, and it says "1 year" of 364 days.
#
# Guess: a year is 365 or 365.25 days, as in pytimeparse2, or is refused as a month is.
# Behaviour: parse_timespan("1 year") is 31449600 seconds, 52 weeks. "7 years" is eight days short of seven calendar
# years. format_timespan() says "1 year" of 364 days and "1 year and 1 day" of 365.
# Why it matters to us: how long to keep something is given in years; what is to be kept for ten years goes twelve
# days early.
# What to do: read years and months with dateutil's relativedelta, and give humanfriendly days at most.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="humanfriendly==10.0 pytimeparse2==1.7.1 python-dateutil==2.9.0.post0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import humanfriendly
import pytimeparse2
from dateutil.relativedelta import relativedelta

start = datetime.date(2025, 1, 1)
for years in (1, 7, 10):
    text = f"{years} years"
    days = humanfriendly.parse_timespan(text) / 86400
    other = pytimeparse2.parse(text) / 86400
    calendar = (start + relativedelta(years=years) - start).days
    print(f"{text}: humanfriendly {days:.0f} days, pytimeparse2 {other:.0f}, by the calendar from 2025 {calendar}")
for days in (363, 364, 365, 366):
    print(f"{days} days:", humanfriendly.format_timespan(days * 86400))
try:
    humanfriendly.parse_timespan("1 month")
except humanfriendly.InvalidTimespan as error:
    print("1 month:", error)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
1 years: humanfriendly 364 days, pytimeparse2 365, by the calendar from 2025 365
7 years: humanfriendly 2548 days, pytimeparse2 2555, by the calendar from 2025 2556
10 years: humanfriendly 3640 days, pytimeparse2 3650, by the calendar from 2025 3652
363 days: 51 weeks and 6 days
364 days: 1 year
365 days: 1 year and 1 day
366 days: 1 year and 2 days
1 month: Failed to parse timespan! (input '1 month' was tokenized as [1, 'month'])
SEEN
