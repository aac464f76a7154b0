#!/usr/bin/env bash
# thefuzz prefers another choice to the one that is equal to the query.
#
# Guess: extractOne("C++", ["C", "C#", "C++"]) is "C++", the choice that is the query itself.
# Behaviour: before it compares, it replaces all but letters and digits by blanks; "C", "C#" and "C++" are then one text
# with 100 points each, and the first wins: "C". So "A-" is matched with "A", "<5" with ">5" and "-5" with "5".
# Another processor doesn't help, as the scorer does so again. rapidfuzz, whose functions have the same names, compares
# the texts as they are, and prefers "NEWARK" for "NEW YORK" to "New York".
# Why it matters to us: words of a sentence are matched with values of a column; grades, signs and bands are swapped,
# with the full score.
# What to do: look for the equal value first, or rapidfuzz with processor=str.casefold.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="thefuzz==0.22.1 rapidfuzz==3.14.6"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import rapidfuzz.process
import thefuzz.process

for query, choices in [
    ("C++", ["C", "C#", "C++"]),
    ("A-", ["A", "A+", "A-"]),
    ("<5", [">5", "<5"]),
    ("-5", ["5", "-5"]),
    ("NEW YORK", ["New York", "NEWARK"]),
]:
    print(query, choices)
    for name, extract in {"thefuzz": thefuzz.process.extractOne, "rapidfuzz": rapidfuzz.process.extractOne}.items():
        plain, folded = extract(query, choices)[:2], extract(query, choices, processor=str.casefold)[:2]
        print(f"  {name}: {plain[0]} {plain[1]:.0f}, with processor=str.casefold: {folded[0]} {folded[1]:.0f}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
C++ ['C', 'C#', 'C++']
  thefuzz: C 100, with processor=str.casefold: C 100
  rapidfuzz: C++ 100, with processor=str.casefold: C++ 100
A- ['A', 'A+', 'A-']
  thefuzz: A 100, with processor=str.casefold: A 100
  rapidfuzz: A- 100, with processor=str.casefold: A- 100
<5 ['>5', '<5']
  thefuzz: >5 100, with processor=str.casefold: >5 100
  rapidfuzz: <5 100, with processor=str.casefold: <5 100
-5 ['5', '-5']
  thefuzz: 5 100, with processor=str.casefold: 5 100
  rapidfuzz: -5 100, with processor=str.casefold: -5 100
NEW YORK ['New York', 'NEWARK']
  thefuzz: New York 100, with processor=str.casefold: New York 100
  rapidfuzz: NEWARK 71, with processor=str.casefold: New York 100
SEEN
