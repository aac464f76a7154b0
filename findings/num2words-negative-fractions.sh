#!/usr/bin/env bash
# num2words loses the minus of numbers between -1 and 0, in 47 of its 56 languages.
#
# Guess: -0.5 is "minus zero point five", as -1.5 is "minus one point five" and as inflect says.
# Behaviour: the words of -0.5 and of 0.5 are the same, "zero point five", for floats, decimals and texts, in English,
# German, French, Spanish and others; to="currency" keeps the sign. There a whole number counts cents and a decimal
# counts the main unit: 150 is one euro and fifty cents, Decimal("150") a hundred and fifty euro.
# Why it matters to us: a rate or a change of -0.5 that is read out, or written into a sentence, is one of +0.5; an
# amount that a database gives as a whole number is a hundredth.
# What to do: write the sign oneself and pass abs(n), and make amounts Decimal before to="currency".
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="num2words==0.5.14 inflect==7.6.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from decimal import Decimal

import inflect
from num2words import CONVERTER_CLASSES, num2words

for number in [-1.5, -0.5, Decimal("-0.99"), "-0.5"]:
    print(f"{number!r}: {num2words(number)} (inflect: {inflect.engine().number_to_words(str(number))})")
print("as currency:", num2words(-0.5, to="currency", currency="EUR"))
for language in ["de", "fr", "es", "it"]:
    print(language, [num2words(n, lang=language) for n in (-1.5, -0.5, 0.5)])
same = failed = 0
for language in CONVERTER_CLASSES:
    try:
        same += num2words(-0.5, lang=language) == num2words(0.5, lang=language)
    except Exception:
        failed += 1
print(f"{same} of {len(CONVERTER_CLASSES)} languages say the same for -0.5 and 0.5 ({failed} fail)")
for number in [150, Decimal("150"), 150.0]:
    print(f"{number!r} as currency:", num2words(number, to="currency", currency="EUR"))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
-1.5: minus one point five (inflect: minus one point five)
-0.5: zero point five (inflect: minus zero point five)
Decimal('-0.99'): zero point nine nine (inflect: minus zero point nine nine)
'-0.5': zero point five (inflect: minus zero point five)
as currency: minus zero euro, fifty cents
de ['minus eins Komma fünf', 'null Komma fünf', 'null Komma fünf']
fr ['moins un virgule cinq', 'zéro virgule cinq', 'zéro virgule cinq']
es ['menos uno punto cinco', 'cero punto cinco', 'cero punto cinco']
it ['meno uno virgola cinque', 'meno zero virgola cinque', 'zero virgola cinque']
47 of 56 languages say the same for -0.5 and 0.5 (0 fail)
150 as currency: one euro, fifty cents
Decimal('150') as currency: one hundred and fifty euro, zero cents
150.0 as currency: one hundred and fifty euro, zero cents
SEEN
