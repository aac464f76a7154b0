#!/usr/bin/env bash
# workalendar and holidays disagree on the holidays of 2025 in most countries: one of them works on Juneteenth.
#
# Guess: two lists of a country's national holidays are the same, but for words and for days that only regions have.
# Behaviour: workalendar lacks Juneteenth in the US (a law of 2021), Matariki in New Zealand (2022), St Brigid's Day
# in Ireland (2023), the 20th of November in Brazil (2023) and Japan's substitute Mondays (1973), and still has
# Denmark's Great Prayer Day, which was abolished in 2024. It counts each of them as a working day, or as a free one,
# without a word.
# Why it matters to us: due dates "in 3 working days" and counts of working days depend on the library, not on the
# law.
# What to do: compare the list of a year with the official one before use, and keep it as a table with the project.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="workalendar==17.0.0 holidays==0.109"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime

import holidays
from workalendar.registry import registry

for code, day in [
    ("US", "2025-06-19"),
    ("NZ", "2025-06-20"),
    ("IE", "2025-02-03"),
    ("BR", "2025-11-20"),
    ("JP", "2025-02-24"),
    ("JP", "2025-11-24"),
    ("DK", "2025-05-16"),
]:
    date = datetime.date.fromisoformat(day)
    calendar = registry.get(code)()
    name = holidays.country_holidays(code, years=date.year, language="en_US").get(date)
    print(code, day, f"holidays: {name!r}", f"workalendar works: {calendar.is_working_day(date)}")
calendar = registry.get("JP")()
friday = datetime.date(2025, 2, 21)
print("the working day after Friday 2025-02-21 in Japan, workalendar:", calendar.add_working_days(friday, 1))
print("  holidays:", holidays.country_holidays("JP", years=2025).get_nth_working_day(friday, 1))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
US 2025-06-19 holidays: 'Juneteenth National Independence Day' workalendar works: True
NZ 2025-06-20 holidays: 'Matariki' workalendar works: True
IE 2025-02-03 holidays: "Saint Brigid's Day" workalendar works: True
BR 2025-11-20 holidays: 'National Day of Zumbi and Black Awareness' workalendar works: True
JP 2025-02-24 holidays: 'Substitute Holiday' workalendar works: True
JP 2025-11-24 holidays: 'Substitute Holiday' workalendar works: True
DK 2025-05-16 holidays: None workalendar works: False
the working day after Friday 2025-02-21 in Japan, workalendar: 2025-02-24
  holidays: 2025-02-25
SEEN
