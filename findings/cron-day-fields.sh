#!/usr/bin/env bash
# The same crontab line fires on other days in three Python libraries.
#
# Guess: libraries that parse "crontab syntax" agree on lines that name a day of the month and a weekday.
# Behaviour: `0 0 1 * 1` (the 1st, and Mondays, says crontab(5)): cron-converter takes the days that are both, twice in
# 2025 instead of 62 times. `0 0 */2 * 1`: cron joins the fields with "and" when one begins with a star, as cronsim and
# cron-converter do; croniter joins them with "or", 211 days instead of 27.
# Why it matters to us: a schedule that moves from a crontab, or from one worker library to another, changes silently.
# What to do: restrict one of the two fields only, and test the rest in the job.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="croniter==7.0.0 cronsim==2.8 cron-converter==2.0.2"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from datetime import datetime
from itertools import takewhile

from cron_converter import Cron
from croniter import croniter
from cronsim import CronSim

start, end = datetime(2024, 12, 31, 12), datetime(2026, 1, 1)


def croniter_days(line):
    it = croniter(line, start)
    while True:
        yield it.get_next(datetime)


def converter_days(line):
    schedule = Cron(line).schedule(start)
    while True:
        yield schedule.next()


for line in ("0 0 1 * 1", "0 0 */2 * 1"):
    for name, days in (("croniter", croniter_days), ("cronsim", lambda l: CronSim(l, start)), ("cron-converter", converter_days)):
        fired = list(takewhile(lambda at: at < end, days(line)))
        print(f"{line!r} {name}: {len(fired)} days of 2025, first {', '.join(f'{at:%a %d %b}' for at in fired[:3])}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
'0 0 1 * 1' croniter: 62 days of 2025, first Wed 01 Jan, Mon 06 Jan, Mon 13 Jan
'0 0 1 * 1' cronsim: 62 days of 2025, first Wed 01 Jan, Mon 06 Jan, Mon 13 Jan
'0 0 1 * 1' cron-converter: 2 days of 2025, first Mon 01 Sep, Mon 01 Dec
'0 0 */2 * 1' croniter: 211 days of 2025, first Wed 01 Jan, Fri 03 Jan, Sun 05 Jan
'0 0 */2 * 1' cronsim: 27 days of 2025, first Mon 13 Jan, Mon 27 Jan, Mon 03 Feb
'0 0 */2 * 1' cron-converter: 27 days of 2025, first Mon 13 Jan, Mon 27 Jan, Mon 03 Feb
SEEN
