#!/usr/bin/env bash
# aniso8601 reads the end of a day as its beginning, and months as thirty days.
#
# Guess: 2025-01-01T24:00 is the midnight that ends the day, as ISO 8601 says and ciso8601 reads it, or is refused.
# Behaviour: it is 2025-01-01 00:00, a day too early. P1M is 30 days and P1Y 365, so that a monthly interval from
# 31 January goes on with 2 March and 1 April.
# Why it matters to us: opening hours and ranges that end at 24:00 become empty, and recurring dates drift.
# What to do: refuse or shift 24:00 before parsing, and read durations with a library that keeps months (isodate).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="aniso8601==10.0.1 ciso8601==2.4.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from itertools import islice

import aniso8601
import ciso8601

text = "2025-01-01T24:00:00"
print("aniso8601:", aniso8601.parse_datetime(text), " ciso8601:", ciso8601.parse_datetime(text))
start, end = aniso8601.parse_interval("2025-01-01T08:00/2025-01-01T24:00")
print("08:00 to 24:00 lasts", end - start)
print("P1M:", aniso8601.parse_duration("P1M"), " P1Y:", aniso8601.parse_duration("P1Y"))
print("monthly:", *islice(aniso8601.parse_repeating_interval("R3/2025-01-31/P1M"), 3))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
aniso8601: 2025-01-01 00:00:00  ciso8601: 2025-01-02 00:00:00
08:00 to 24:00 lasts -1 day, 16:00:00
P1M: 30 days, 0:00:00  P1Y: 365 days, 0:00:00
monthly: 2025-01-31 2025-03-02 2025-04-01
SEEN
