#!/usr/bin/env bash
# Arrow's shift(hours=2) is three hours when clocks go back, and ranges of hours leave one out.
#
# Guess: hours are durations: shift(hours=1) is 3600 seconds later, as in pendulum and whenever; days keep the clock's
# time.
# Behaviour: hours are added to what the clock shows. In Berlin on 26 October 2025, 01:30+02:00 and two hours is
# 03:30+01:00, three hours later, and 02:30+01:00 is never reached. Arrow.range("hour", …) has 24 hours of a day of
# 25. In spring 01:30 and one hour, and 01:30 and two hours, are both 03:30. timestamp() and to("UTC") of each are
# right.
# Why it matters to us: timeouts, shifts and rows per hour are off by one for each zone with summer time, twice a
# year.
# What to do: x.to("UTC").shift(hours=n).to(zone), or pendulum or whenever.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="arrow==1.4.0 pendulum==3.3.0 whenever==0.11.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import arrow
import pendulum
import whenever

zone = "Europe/Berlin"
for day in [(2025, 10, 26), (2025, 3, 30)]:
    one = arrow.Arrow(*day, 1, 30, tzinfo=zone)
    two = pendulum.datetime(*day, 1, 30, tz=zone)
    three = whenever.ZonedDateTime(*day, 1, 30, tz=zone)
    for hours in [1, 2, 3]:
        later = one.shift(hours=hours)
        print(f"{one} + {hours} h")
        print(f"  arrow {later}, {(later.timestamp() - one.timestamp()) / 3600:.0f} h later")
        print(f"  pendulum {two.add(hours=hours)}, whenever {three.add(hours=hours)}")
    start = arrow.Arrow(*day, tzinfo=zone)
    hours = arrow.Arrow.range("hour", start, start.shift(days=1).shift(seconds=-1))
    seconds = start.shift(days=1).timestamp() - start.timestamp()
    print(f"hours of {start:YYYY-MM-DD}: Arrow.range {len(list(hours))}, by its timestamps {seconds / 3600:.0f}")
start = arrow.Arrow(2025, 10, 26, 1, 30, tzinfo=zone)
print("by way of UTC:", start.to("UTC").shift(hours=2).to(zone))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
2025-10-26T01:30:00+02:00 + 1 h
  arrow 2025-10-26T02:30:00+02:00, 1 h later
  pendulum 2025-10-26 02:30:00+02:00, whenever 2025-10-26T02:30:00+02:00[Europe/Berlin]
2025-10-26T01:30:00+02:00 + 2 h
  arrow 2025-10-26T03:30:00+01:00, 3 h later
  pendulum 2025-10-26 02:30:00+01:00, whenever 2025-10-26T02:30:00+01:00[Europe/Berlin]
2025-10-26T01:30:00+02:00 + 3 h
  arrow 2025-10-26T04:30:00+01:00, 4 h later
  pendulum 2025-10-26 03:30:00+01:00, whenever 2025-10-26T03:30:00+01:00[Europe/Berlin]
hours of 2025-10-26: Arrow.range 24, by its timestamps 25
2025-03-30T01:30:00+01:00 + 1 h
  arrow 2025-03-30T03:30:00+02:00, 1 h later
  pendulum 2025-03-30 03:30:00+02:00, whenever 2025-03-30T03:30:00+02:00[Europe/Berlin]
2025-03-30T01:30:00+01:00 + 2 h
  arrow 2025-03-30T03:30:00+02:00, 1 h later
  pendulum 2025-03-30 04:30:00+02:00, whenever 2025-03-30T04:30:00+02:00[Europe/Berlin]
2025-03-30T01:30:00+01:00 + 3 h
  arrow 2025-03-30T04:30:00+02:00, 2 h later
  pendulum 2025-03-30 05:30:00+02:00, whenever 2025-03-30T05:30:00+02:00[Europe/Berlin]
hours of 2025-03-30: Arrow.range 23, by its timestamps 23
by way of UTC: 2025-10-26T02:30:00+01:00
SEEN
