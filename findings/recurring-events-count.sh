#!/usr/bin/env bash
# recurring-ical-events gives one event more than COUNT, or than dateutil gives for the same rule.
#
# Guess: FREQ=WEEKLY;BYDAY=MO;COUNT=3 is three events; the standard says that COUNT is their number, and that DTSTART
# counts as the first.
# Behaviour: where DTSTART (a Wednesday) does not fit the rule, recurring-ical-events gives the Wednesday and three
# Mondays, four events; dateutil.rrule three Mondays without the Wednesday. (RFC 5545 says that DTSTART should fit, and
# leaves open what happens otherwise; calendar programs let users enter it.) Where it fits, both agree.
# Why it matters to us: a series of payments that is entered on another day than it runs has one instalment too many.
# What to do: move DTSTART to the first day that fits before a rule with COUNT is stored.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="icalendar==7.3.2 recurring-ical-events==3.8.2 python-dateutil==2.9.0.post0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import icalendar
import recurring_ical_events
from dateutil import rrule

for start in [datetime.date(2025, 1, 1), datetime.date(2025, 1, 6)]:
    for rule in ["FREQ=WEEKLY;BYDAY=MO;COUNT=3", "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=2"]:
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20250101T000000Z",
                 f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"RRULE:{rule}", "SUMMARY:x", "END:VEVENT", "END:VCALENDAR", ""]
        calendar = icalendar.Calendar.from_ical("\r\n".join(lines))
        events = recurring_ical_events.of(calendar).between((2025, 1, 1), (2026, 1, 1))
        days = rrule.rrulestr(rule, dtstart=datetime.datetime.combine(start, datetime.time()))
        print(f"{start} {rule}")
        print("  recurring-ical-events:", *sorted(str(event["DTSTART"].dt) for event in events))
        print("  dateutil:", *(f"{day:%Y-%m-%d}" for day in days))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
2025-01-01 FREQ=WEEKLY;BYDAY=MO;COUNT=3
  recurring-ical-events: 2025-01-01 2025-01-06 2025-01-13 2025-01-20
  dateutil: 2025-01-06 2025-01-13 2025-01-20
2025-01-01 FREQ=MONTHLY;BYMONTHDAY=15;COUNT=2
  recurring-ical-events: 2025-01-01 2025-01-15 2025-02-15
  dateutil: 2025-01-15 2025-02-15
2025-01-06 FREQ=WEEKLY;BYDAY=MO;COUNT=3
  recurring-ical-events: 2025-01-06 2025-01-13 2025-01-20
  dateutil: 2025-01-06 2025-01-13 2025-01-20
2025-01-06 FREQ=MONTHLY;BYMONTHDAY=15;COUNT=2
  recurring-ical-events: 2025-01-06 2025-01-15 2025-02-15
  dateutil: 2025-01-15 2025-02-15
SEEN
