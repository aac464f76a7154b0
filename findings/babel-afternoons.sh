#!/usr/bin/env bash
# Babel's parse_time() does not read back the afternoons that its format_time() writes.
#
# Guess: parse_time(format_time(t, locale=x), locale=x) is t, or an error where the locale's words are not known.
# Behaviour: 15:30 in Canadian English is "3:30 p.m.", which parse_time() reads as 03:30; so in Spanish of Mexico and the
# US, Greek, Arabic, Korean, traditional Chinese and 160 more of its locales: a twelve-hour error without a word. Only
# "pm" itself is looked for.
# Why it matters to us: times in files of users with such locales; ten to four becomes ten to four at night.
# What to do: write and read times with 24 hours (format="HH:mm"), or look for the locale's day periods oneself.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="babel==2.19.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from datetime import time

import babel
from babel.dates import format_time, parse_time

noon_past = time(15, 30)
wrong = {}
for locale in babel.localedata.locale_identifiers():
    text = format_time(noon_past, "short", locale=locale)
    try:
        read = parse_time(text, locale=locale)
    except (babel.dates.ParseError, ValueError, IndexError):
        continue
    if read != noon_past:
        wrong[locale] = (text, str(read))
print(len(wrong), "locales")
for locale in ("en_CA", "es_MX", "el", "ar", "ko", "zh_Hant"):
    print(locale, wrong[locale])
print("en_US", format_time(noon_past, "short", locale="en_US"), parse_time("3:30 PM", locale="en_US"))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
168 locales
en_CA ('3:30\u202fp.m.', '03:30:00')
es_MX ('3:30\u202fp.m.', '03:30:00')
el ('3:30\u202fμ.μ.', '03:30:00')
ar ('3:30 م', '03:30:00')
ko ('오후 3:30', '03:30:00')
zh_Hant ('下午3:30', '03:30:00')
en_US 3:30 PM 15:30:00
SEEN
