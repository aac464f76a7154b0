#!/usr/bin/env bash
# inflect says "thirteen" for "1e3", "twelve" for "1/2" and "five hundred and ten" for "5-10".
#
# Guess: number_to_words() of a text that is no plain number is an error, as in num2words, or leaves the text as it
# is.
# Behaviour: what is no digit, point or leading sign is taken out, and what is left is read: a date becomes twenty
# million and something, "12:30" one thousand two hundred and thirty, "(5)" and "−5" with a true minus sign five,
# "1.234,56" one point two three four five six, "0x10" ten, and a text without digits zero. num2words reads "1e3" as
# one thousand and refuses the others.
# Why it matters to us: values of a text column are put into sentences; zero for "n/a" and five for a loss read well.
# What to do: convert with Decimal() first, which refuses such texts, and pass the number.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="inflect==7.6.0 num2words==0.5.14"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import inflect
from num2words import num2words

engine = inflect.engine()
texts = ["5-10", "1e3", "1/2", "12:30", "2025-01-02", "(5)", "-5", "\N{MINUS SIGN}5", "1.234,56", "0x10", "n/a"]
for text in texts:
    try:
        other = num2words(text)
    except Exception as error:
        other = type(error).__name__
    print(f"{text}: {engine.number_to_words(text)} (num2words: {other})")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
5-10: five hundred and ten (num2words: InvalidOperation)
1e3: thirteen (num2words: one thousand)
1/2: twelve (num2words: InvalidOperation)
12:30: one thousand, two hundred and thirty (num2words: InvalidOperation)
2025-01-02: twenty million, two hundred and fifty thousand, one hundred and two (num2words: InvalidOperation)
(5): five (num2words: InvalidOperation)
-5: minus five (num2words: minus five)
−5: five (num2words: InvalidOperation)
1.234,56: one point two three four five six (num2words: InvalidOperation)
0x10: ten (num2words: InvalidOperation)
n/a: zero (num2words: InvalidOperation)
SEEN
