#!/usr/bin/env bash
# parsedatetime reads "twenty two days ago" as two days, "1,5 hours" as five, and "yesterday at 5" as nine o'clock.
#
# Guess: a phrase is read whole, or the flag that comes with the answer is 0.
# Behaviour: the last piece that fits a pattern counts, the rest is passed over: "twenty two" is 2, "1e3" is 3, "1,000"
# is 0 and "1 1/2" is 2. An hour without "am" or "pm" is dropped for nine o'clock. "first monday of march" is the 1st.
# "2025" alone is 20:25 of today. The flag says that a date or a time was found in each of them. For "an hour and a half
# ago" it leaves out the time that it was told to count from, and counts from the clock.
# Why it matters to us: it is what one takes for "orders since …" in a user's text, and a wrong day looks like a day.
# What to do: accept only phrases of a grammar of one's own; compare what nlp() says it has matched with the whole text.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="parsedatetime==2.6"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import parsedatetime

now = datetime.datetime(2024, 1, 31, 10, 0)
calendar = parsedatetime.Calendar()
for phrase in (
    "two days ago",
    "twenty two days ago",
    "1e3 days ago",
    "1,000 days ago",
    "1.5 hours ago",
    "1,5 hours ago",
    "1 1/2 hours ago",
    "yesterday at 5 pm",
    "yesterday at 5",
    "first monday of march",
    "March 2025",
    "2025",
):
    found, flag = calendar.parseDT(phrase, sourceTime=now)
    print(f"{phrase}: {found} {flag}")
found, flag = calendar.parseDT("an hour and a half ago", sourceTime=now)
print("an hour and a half ago:", "before" if found < now else "after", "the time it was told", flag)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
two days ago: 2024-01-29 10:00:00 1
twenty two days ago: 2024-01-29 10:00:00 1
1e3 days ago: 2024-01-28 10:00:00 1
1,000 days ago: 2024-01-31 10:00:00 1
1.5 hours ago: 2024-01-31 08:30:00 2
1,5 hours ago: 2024-01-31 05:00:00 2
1 1/2 hours ago: 2024-01-31 08:00:00 2
yesterday at 5 pm: 2024-01-30 17:00:00 3
yesterday at 5: 2024-01-30 09:00:00 1
first monday of march: 2024-03-01 10:00:00 1
March 2025: 2025-03-01 10:00:00 1
2025: 2024-01-31 20:25:00 2
an hour and a half ago: after the time it was told 2
SEEN
