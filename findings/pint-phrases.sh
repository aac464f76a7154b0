#!/usr/bin/env bash
# pint multiplies the parts of "2 hours 30 minutes", and reads a quarter as a weight.
#
# Guess: a quantity of two parts is their sum, or isn't understood; units that people write are the usual ones.
# Behaviour: a blank is a product: "2 hours 30 minutes" is 60 hour * minute, "5 ft 3 in" 15 foot * inch. "1 quarter" is
# 12.7 kg, "10 Mb" ten megabarns (an area), "1 fl oz" a femtolitre times an ounce, "1 cu ft" a mass times a length,
# "9 am" nine attometres. "1,5 m" is 15 m, as commas are dropped.
# Why it matters to us: amounts in English sentences; each comes out as a valid quantity.
# What to do: check the dimension that one expects (quantity.check("[time]")), and split compound amounts before.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pint==0.25.3"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pint

units = pint.UnitRegistry()
for text, expected in {
    "2 hours 30 minutes": "[time]",
    "5 ft 3 in": "[length]",
    "1 quarter": "[time]",
    "10 Mb": "[]",
    "1 fl oz": "[volume]",
    "1 cu ft": "[volume]",
    "9 am": "[time]",
    "2 h": "[time]",
}.items():
    quantity = units(text)
    print(f"{text}: {quantity}", "" if quantity.check(expected) else f"(not {expected})")
print("1,5 m:", units("1,5 m"))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
2 hours 30 minutes: 60 hour * minute (not [time])
5 ft 3 in: 15 foot * inch (not [length])
1 quarter: 1 quarter (not [time])
10 Mb: 10 megabarn (not [])
1 fl oz: 1 femtoliter * ounce (not [volume])
1 cu ft: 1 centiunified_atomic_mass_unit * foot (not [volume])
9 am: 9 attometer (not [time])
2 h: 2 hour 
1,5 m: 15 meter
SEEN
