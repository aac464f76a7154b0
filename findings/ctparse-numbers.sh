#!/usr/bin/env bash
# ctparse reads 1.5 hours as 5 hours, "in 2 and a half hours" as 30 minutes, and 12 am as noon.
#
# Guess: a part of a number is no number; 12 am is midnight, as in each English time format; what isn't a date gives
# None, as "20240506" does.
# Behaviour: it looks for the best part of the text: "in 1.5 hours" is 5 hours, "1h30m" 30 minutes, "1e3 days" 3 days,
# "q3 2024" March, "10:00 PST tomorrow" tomorrow without a time. "12 am" and "12:30 am" are 12:00 and 12:30, the
# afternoon. "25:00" is midnight, and "30 feb 2025" a result whose date does not exist.
# Why it matters to us: times and durations in sentences; a wrong one looks like any other and nothing says what was
# left out.
# What to do: read numbers and times by a grammar that has to use each word, and refuse the sentence otherwise.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="ctparse==0.3.6"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime
import logging

from ctparse import ctparse

logging.disable(logging.CRITICAL)
for phrase in [
    "in 5 hours",
    "in 1.5 hours",
    "in 2 and a half hours",
    "1h30m",
    "1e3 days",
    "12 am",
    "12:30 am",
    "12 pm",
    "25:00",
    "30 feb 2025",
    "q3 2024",
    "10:00 PST tomorrow",
    "20240506",
]:
    found = ctparse(phrase, ts=datetime.datetime(2025, 5, 14, 8), timeout=0)
    print(f"{phrase}:", found and found.resolution)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
in 5 hours: 5 hours
in 1.5 hours: 5 hours
in 2 and a half hours: 30 minutes
1h30m: 30 minutes
1e3 days: 3 days
12 am: 2025-05-14 12:00 (X/X)
12:30 am: 2025-05-14 12:30 (X/X)
12 pm: 2025-05-14 12:00 (X/X)
25:00: 2025-05-15 00:00 (X/X)
30 feb 2025: 2025-02-30 X:X (X/X)
q3 2024: 2024-03-X X:X (X/X)
10:00 PST tomorrow: 2025-05-15 X:X (X/X)
20240506: None
SEEN
