#!/usr/bin/env bash
# pyarrow's CSV reader makes floats of long ids and reads 0x10 as sixteen.
#
# Guess: a column of digits too long for 64 bits stays text, as a column with one letter does; only decimal digits are
# numbers, as in every CSV dialect.
# Behaviour: one id of 20 digits turns the whole column into doubles, so that ids that differ in their last digits become
# one; 0x10 is the integer 16; a "+1" makes a column of doubles, where "1" makes integers.
# Why it matters to us: readers built on it inherit this; two customers become one in a join.
# What to do: give column_types for ids (pa.string()), and check the types that were inferred before anything else.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import io

from pyarrow import csv

for text in ("12345678901234567890\n12345678901234567891", "1\n2", "0x10\n1", "+1\n2", "A1\n2"):
    column = csv.read_csv(io.BytesIO(f"n\n{text}\n".encode()))["n"]
    print(f"{text.split()}: {column.type} {column.to_pylist()}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
['12345678901234567890', '12345678901234567891']: double [1.2345678901234567e+19, 1.2345678901234567e+19]
['1', '2']: int64 [1, 2]
['0x10', '1']: int64 [16, 1]
['+1', '2']: double [1.0, 2.0]
['A1', '2']: string ['A1', '2']
SEEN
