#!/usr/bin/env bash
# dictdiffer finds no difference between two large whole numbers that differ, and the option for it has no effect.
#
# Guess: a comparison of records tells any two values apart that are not equal; a tolerance is for floats and asked for.
# Behaviour: numbers are equal if they differ by less than a relative 2.2e-16, whole ones too: 1152921504606846976 and
# …977 give no difference, and so for each pair of neighbours from 2^53 on. tolerance=0 changes nothing.
# Why it matters to us: it is used to say what changed in a row or a JSON document; a changed key isn't listed, and
# patch() then makes another record than the new one.
# What to do: compare with == first, and give ids as texts.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="dictdiffer==0.10.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import dictdiffer

def found(old, new, **options):
    return bool(list(dictdiffer.diff({"id": old}, {"id": new}, **options)))


for old, new in [(2**60, 2**60 + 1), (10**16, 10**16 + 1), (10**15, 10**15 + 1), (str(2**60), str(2**60 + 1))]:
    print(repr(old), repr(new), "found:", found(old, new), "with tolerance=0:", found(old, new, tolerance=0))
before, after = {"id": 2**60, "name": "a"}, {"id": 2**60 + 1, "name": "b"}
patched = dictdiffer.patch(dictdiffer.diff(before, after), before)
print("patched to the new one:", patched == after, patched)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
1152921504606846976 1152921504606846977 found: False with tolerance=0: False
10000000000000000 10000000000000001 found: False with tolerance=0: False
1000000000000000 1000000000000001 found: True with tolerance=0: True
'1152921504606846976' '1152921504606846977' found: True with tolerance=0: True
patched to the new one: False {'id': 1152921504606846976, 'name': 'b'}
SEEN
