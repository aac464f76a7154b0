#!/usr/bin/env bash
# When clocks change, one cron library runs a daily job twice, one skips an hourly job, one names a time that never was.
#
# Guess: a library that takes a time with a zone runs a daily job once a day and an hourly job once an hour.
# Behaviour, Europe/Berlin 2025: on 26 October croniter gives 02:30 twice (+02:00 and +01:00) for `30 2 * * *`, cronsim
# once. For `0 * * * *` cron-converter skips the second 02:00, an hour without a run. On 30 March it gives 02:30+01:00,
# which no clock showed; croniter and cronsim give 03:00.
# Why it matters to us: a job that bills at 02:30 bills twice once a year, and only with one of the libraries.
# What to do: keep schedules in UTC, or at hours that no change touches, and make the job idempotent by its local date.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="croniter==7.0.0 cronsim==2.8 cron-converter==2.0.2"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from datetime import datetime
from zoneinfo import ZoneInfo

from cron_converter import Cron
from croniter import croniter
from cronsim import CronSim

berlin = ZoneInfo("Europe/Berlin")


def steppers(line, start):
    it, sim, schedule = croniter(line, start), CronSim(line, start), Cron(line).schedule(start)
    return {"croniter": lambda: it.get_next(datetime), "cronsim": lambda: next(sim), "cron-converter": schedule.next}


for what, line, start in (
    ("daily, clocks go back", "30 2 * * *", datetime(2025, 10, 26, tzinfo=berlin)),
    ("hourly, clocks go back", "0 * * * *", datetime(2025, 10, 26, 1, 30, tzinfo=berlin)),
    ("daily, clocks go forward", "30 2 * * *", datetime(2025, 3, 30, tzinfo=berlin)),
):
    for name, step in steppers(line, start).items():
        print(f"{what}, {name}:", *(f"{step():%d.%m.T%H:%M%z}" for _ in range(3)))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
daily, clocks go back, croniter: 26.10.T02:30+0200 26.10.T02:30+0100 27.10.T02:30+0100
daily, clocks go back, cronsim: 26.10.T02:30+0200 27.10.T02:30+0100 28.10.T02:30+0100
daily, clocks go back, cron-converter: 26.10.T02:30+0200 27.10.T02:30+0100 28.10.T02:30+0100
hourly, clocks go back, croniter: 26.10.T02:00+0200 26.10.T02:00+0100 26.10.T03:00+0100
hourly, clocks go back, cronsim: 26.10.T02:00+0200 26.10.T02:00+0100 26.10.T03:00+0100
hourly, clocks go back, cron-converter: 26.10.T02:00+0200 26.10.T03:00+0100 26.10.T04:00+0100
daily, clocks go forward, croniter: 30.03.T03:00+0200 31.03.T02:30+0200 01.04.T02:30+0200
daily, clocks go forward, cronsim: 30.03.T03:00+0200 31.03.T02:30+0200 01.04.T02:30+0200
daily, clocks go forward, cron-converter: 30.03.T02:30+0100 31.03.T02:30+0200 01.04.T02:30+0200
SEEN
