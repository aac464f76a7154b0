#!/usr/bin/env bash
# pycron never runs a job on Sunday as 7, from 22 to 2 o'clock or in "may", and says nothing.
#
# Guess: a crontab line that the library doesn't know is an error; 7 is Sunday, as in crontab(5), croniter and
# cronsim.
# Behaviour: is_now() is false for each time of `0 9 * * 7`, of `0 22-2 * * *` (22 to 2 to croniter, an error to
# cronsim), of `0 5/2 * * *` and of `0 9 * may *`, while `mon` as a weekday is known. `0 9 * * 5-7` runs on Friday and
# Saturday only.
# Why it matters to us: taskiq, a peer's queue, schedules with it: a job that moves from a crontab doesn't run, and
# nobody sees an error.
# What to do: check each line with croniter.croniter.is_valid(), and that it fires at all within a year.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pycron==3.3.0 croniter==7.0.0 cronsim==2.8"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import croniter
import cronsim
import pycron

hours = [datetime.datetime(2025, 1, 1) + datetime.timedelta(hours=n) for n in range(365 * 24)]
end = hours[-1]


def times(iterator):
    count = 0
    while next(iterator) <= end:
        count += 1
    return count


def croniter_times(line):
    schedule = croniter.croniter(line, hours[0] - datetime.timedelta(seconds=1))
    return times(iter(lambda: schedule.get_next(datetime.datetime), None))


def cronsim_times(line):
    return times(cronsim.CronSim(line, hours[0] - datetime.timedelta(seconds=1)))


for line in ["0 9 * * 0", "0 9 * * 7", "0 9 * * 5-7", "0 9 * * mon", "0 9 * may *", "0 22-2 * * *", "0 5/2 * * *"]:
    found = {"pycron": sum(pycron.is_now(line, hour) for hour in hours)}
    for name, count in {"croniter": croniter_times, "cronsim": cronsim_times}.items():
        try:
            found[name] = count(line)
        except Exception as error:
            found[name] = type(error).__name__
    print(f"{line}:", ", ".join(f"{name} {count}" for name, count in found.items()))
print("a job on `0 9 * * 5-7`:", [h.strftime("%a") for h in hours[:168] if pycron.is_now("0 9 * * 5-7", h)])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
0 9 * * 0: pycron 52, croniter 52, cronsim 52
0 9 * * 7: pycron 0, croniter 52, cronsim 52
0 9 * * 5-7: pycron 104, croniter 156, cronsim 156
0 9 * * mon: pycron 52, croniter 52, cronsim 52
0 9 * may *: pycron 0, croniter 31, cronsim 31
0 22-2 * * *: pycron 0, croniter 1825, cronsim CronSimError
0 5/2 * * *: pycron 0, croniter 3650, cronsim 3650
a job on `0 9 * * 5-7`: ['Fri', 'Sat']
SEEN
