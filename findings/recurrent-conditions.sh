#!/usr/bin/env bash
# recurrent reads "every day for 3 days" as each 3rd of January, and "daily except sunday" as daily but for one Sunday.
#
# Guess: a phrase that is not understood whole gives None, as "biweekly", "every quarter" and "every 1st and 15th" do.
# Behaviour: "every day for 3 days" gets BYYEARDAY=3, "daily except sunday" an EXDATE of the next Sunday alone, "every
# last friday" is each Friday, "every half hour" each hour, "every 15 minutes between 9 and 5" each 5 minutes, and
# "mondays at noon" loses the noon, while "every weekday at 9" keeps its hour and "for 5 times" its count.
# Why it matters to us: schedules in English sentences; what comes out is a valid rule that runs at other times.
# What to do: accept only forms that one has listed, and show the rule's next dates (dateutil) before it is stored.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="recurrent==0.4.1 parsedatetime==2.6"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime
import logging
import re

from recurrent.event_parser import RecurringEvent

logging.disable(logging.CRITICAL)
for phrase in [
    "every weekday at 9",
    "mondays at noon",
    "daily except sunday",
    "every day for 3 days",
    "every tuesday for 5 times",
    "every half hour",
    "every 15 minutes between 9 and 5",
    "every quarter",
    "every last friday",
    "every 1st and 15th",
    "every 2 hours",
    "biweekly",
    "quarterly",
]:
    event = RecurringEvent(now_date=datetime.datetime(2025, 5, 14, 12))
    print(f"{phrase}:", re.sub(r"(EXDATE:\d+)T\d+", r"\1", str(event.parse(phrase))))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
every weekday at 9: RRULE:BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0;INTERVAL=1;FREQ=WEEKLY
mondays at noon: RRULE:BYDAY=MO;INTERVAL=1;FREQ=WEEKLY
daily except sunday: RRULE:INTERVAL=1;FREQ=DAILY
EXDATE:20250518
every day for 3 days: RRULE:BYYEARDAY=3;INTERVAL=1;FREQ=DAILY
every tuesday for 5 times: RRULE:BYDAY=TU;INTERVAL=1;FREQ=WEEKLY;COUNT=5
every half hour: RRULE:INTERVAL=1;FREQ=HOURLY
every 15 minutes between 9 and 5: RRULE:INTERVAL=5;FREQ=MINUTELY
every quarter: None
every last friday: RRULE:BYDAY=FR;INTERVAL=1;FREQ=WEEKLY
every 1st and 15th: None
every 2 hours: RRULE:INTERVAL=2;FREQ=HOURLY
biweekly: None
quarterly: None
SEEN
