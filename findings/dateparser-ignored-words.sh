#!/usr/bin/env bash
# dateparser leaves out the words that it does not know, also when they are the date.
#
# Guess: a phrase that is not understood whole gives None, as "end of month" and "since 2024" do.
# Behaviour: "3 days before 2025-05-01" is three days before now, "2 weeks after 2025-05-01" two weeks from
# now; "Q3 2024" is July, and "q1 2025" and "2025-Q2" a day in January and April; in German "1,5 Stunden" is five hours
# ago, as "1," is dropped, while "vor 1,5 Stunden" is right.
# Why it matters to us: dates in sentences; an answer about the wrong quarter looks like any other.
# What to do: accept only texts of forms that one has listed, or compare what was understood with the whole text.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="dateparser==1.5.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from datetime import datetime

import dateparser

now = datetime(2025, 1, 31, 12)
for text, language in (
    ("end of month", "en"), ("since 2024", "en"),
    ("3 days before 2025-05-01", "en"), ("2 weeks after 2025-05-01", "en"),
    ("q1 2025", "en"), ("Q3 2024", "en"), ("2025-Q2", "en"),
    ("vor 1,5 Stunden", "de"), ("1,5 Stunden", "de"), ("2,5 heures", "fr"),
):
    print(f"{text}: {dateparser.parse(text, languages=[language], settings={'RELATIVE_BASE': now})}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
end of month: None
since 2024: None
3 days before 2025-05-01: 2025-01-28 12:00:00
2 weeks after 2025-05-01: 2025-02-14 12:00:00
q1 2025: 2025-01-31 00:00:00
Q3 2024: 2024-07-31 00:00:00
2025-Q2: 2025-04-30 00:00:00
vor 1,5 Stunden: 2025-01-31 10:30:00
1,5 Stunden: 2025-01-31 07:00:00
2,5 heures: 2025-01-31 07:00:00
SEEN
