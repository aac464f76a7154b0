#!/usr/bin/env bash
# price-parser drops signs and magnitudes, and reads 0.123 as 123.
#
# Guess: what can't be read gives None, as "on request" does; what is read has the right value.
# Behaviour: "-5 EUR" and "(5.00) USD" are 5, "$1.2M" is 1.2, "5-10 USD" is 5. A point with three digits after it is
# taken for a thousands separator even after a zero: "0.123" is 123 and "$0.999" is 999.
# Why it matters to us: it looks like the way to type a column of money; credits become charges and unit prices grow a
# thousandfold, each a valid Decimal.
# What to do: pass decimal_separator= where it is known, and look for signs, brackets and letters before.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="price-parser==0.5.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from price_parser import Price

for text in ("-5 EUR", "(5.00) USD", "$1.2M", "5-10 USD", "0.123", "$0.999", "on request"):
    print(f"{text!r}: {Price.fromstring(text).amount}")
print("'0.123' with decimal_separator='.':", Price.fromstring("0.123", decimal_separator=".").amount)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
'-5 EUR': 5
'(5.00) USD': 5.00
'$1.2M': 1.2
'5-10 USD': 5
'0.123': 123
'$0.999': 999
'on request': None
'0.123' with decimal_separator='.': 0.123
SEEN
