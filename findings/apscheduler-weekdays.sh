#!/usr/bin/env bash
# APScheduler's from_crontab() runs "Monday to Friday" from Tuesday to Saturday.
#
# Guess: CronTrigger.from_crontab() reads a crontab line as crontab(5) does, where 0 and 7 are Sunday and 1 is Monday.
# Behaviour: numbers of weekdays count from Monday = 0, so that `0 9 * * 1-5` runs on Tuesday to Saturday and
# `0 9 * * 0` on Mondays; 7 is refused. Names (mon-fri) are right. Day of the month and weekday must both hold, where
# cron takes either. An IntervalTrigger of one day that meets 02:30 of the night in spring stays at 03:30 from then on.
# Why it matters to us: a schedule that moves from a crontab runs on the wrong days without an error.
# What to do: write weekdays by name, and compare the next ten times with another library (cronsim).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="apscheduler==3.11.3 cronsim==2.8"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime
import zoneinfo

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from cronsim import CronSim

berlin = zoneinfo.ZoneInfo("Europe/Berlin")


def times(trigger, start, count):
    found, last, now = [], None, start
    while len(found) < count and (last := trigger.get_next_fire_time(last, now)):
        found.append(last)
        now = last
    return found


start = datetime.datetime(2025, 1, 5, 12, tzinfo=datetime.UTC)
for line in ["0 9 * * 1-5", "0 9 * * 0", "0 9 * * mon-fri"]:
    ours, cron = times(CronTrigger.from_crontab(line, timezone=datetime.UTC), start, 5), CronSim(line, start)
    print(f"{line}: apscheduler", *(f"{time:%a}" for time in ours), "cronsim", *(f"{next(cron):%a}" for _ in range(5)))
start = datetime.datetime(2025, 3, 29, 2, 30, tzinfo=berlin)
daily = IntervalTrigger(days=1, start_date=start, timezone=berlin)
print("each day:", *(f"{time:%d.%m. %H:%M%z}" for time in times(daily, start, 4)))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
0 9 * * 1-5: apscheduler Tue Wed Thu Fri Sat cronsim Mon Tue Wed Thu Fri
0 9 * * 0: apscheduler Mon Mon Mon Mon Mon cronsim Sun Sun Sun Sun Sun
0 9 * * mon-fri: apscheduler Mon Tue Wed Thu Fri cronsim Mon Tue Wed Thu Fri
each day: 29.03. 02:30+0100 30.03. 03:30+0200 31.03. 03:30+0200 01.04. 03:30+0200
SEEN
