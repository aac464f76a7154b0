#!/usr/bin/env bash
# pyorc writes whole numbers past their type, reads them back as they were, and pyarrow reads others from the same file.
#
# Guess: 300 in a tinyint is refused, as pyorc refuses 1.9 in a bigint and a decimal with too many digits, and pyarrow
# 300 in an int8.
# Behaviour: the file is written without an error. 70000 in a smallint comes back from pyorc as 70000 and from pyarrow
# as 4464, 2147483648 in an int as 2147483648 and -2147483648; 300 in a tinyint is 44 for both.
# Why it matters to us: a check that reads the file with the library that wrote it passes, and the engine that loads
# it gets negative ids.
# What to do: declare bigint, or write with pyarrow.orc, whose arrays check the range.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pyorc==0.12.0 pyarrow==26.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import io

import pyarrow
import pyarrow.orc
import pyorc

for kind, array_type, number in [
    ("tinyint", pyarrow.int8(), 100),
    ("tinyint", pyarrow.int8(), 300),
    ("smallint", pyarrow.int16(), 70000),
    ("int", pyarrow.int32(), 2**31),
]:
    file = io.BytesIO()
    with pyorc.Writer(file, f"struct<x:{kind}>") as writer:
        writer.write((number,))
    file.seek(0)
    own = next(iter(pyorc.Reader(file)))[0]
    other = pyarrow.orc.read_table(pyarrow.BufferReader(file.getvalue()))["x"][0].as_py()
    print(f"{number} as {kind}: pyorc reads {own}, pyarrow reads {other}")
    try:
        pyarrow.array([number], array_type)
    except pyarrow.ArrowInvalid as error:
        print("  pyarrow.array:", error)
try:
    with pyorc.Writer(io.BytesIO(), "struct<x:bigint>") as writer:
        writer.write((1.9,))
except TypeError as error:
    print("1.9 as bigint, pyorc:", error)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
100 as tinyint: pyorc reads 100, pyarrow reads 100
300 as tinyint: pyorc reads 44, pyarrow reads 44
  pyarrow.array: Value 300 too large to fit in C integer type
70000 as smallint: pyorc reads 70000, pyarrow reads 4464
  pyarrow.array: Value 70000 too large to fit in C integer type
2147483648 as int: pyorc reads 2147483648, pyarrow reads -2147483648
  pyarrow.array: Value 2147483648 too large to fit in C integer type
1.9 as bigint, pyorc: Item 1.9 cannot be cast to long int at struct field index 0
SEEN
