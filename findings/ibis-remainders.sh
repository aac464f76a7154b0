#!/usr/bin/env bash
# ibis computes -7 % 2 as -1 on DuckDB and SQLite and as 1 on Polars, beside a `//` that is rounded down on all three.
#
# Guess: one expression has one value on each backend, and x // y * y + x % y is x, as in Python.
# Behaviour: `//` is floor division everywhere, -4 for -7 and 2. `%` is passed on to the engine: the sign is that of
# the dividend in DuckDB and SQLite, of the divisor in Polars. On the first two -7 // 2 * 2 + -7 % 2 is -9. No
# warning.
# Why it matters to us: buckets and remainders (hours of a negative offset, hashes) change when a pipeline moves from
# files to a database, which is what ibis is for.
# What to do: write the remainder as x - x // y * y, which is the same on all of them.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="ibis-framework[duckdb,sqlite,polars]==12.0.0 duckdb==2.0.1 polars==2.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import ibis

numbers = [{"a": -7, "b": 2}, {"a": 7, "b": -2}, {"a": 7, "b": 2}]
for name in ("duckdb", "sqlite", "polars"):
    table = ibis.memtable(numbers)
    a, b = table.a, table.b
    query = table.mutate(quotient=a // b, remainder=a % b, sum=a // b * b + a % b, other=a - a // b * b)
    print(name)
    for row in getattr(ibis, name).connect().to_pyarrow(query).to_pylist():
        print(" ", ", ".join(f"{key} {value}" for key, value in row.items()))
for a, b in ((n["a"], n["b"]) for n in numbers):
    print(f"Python: {a} // {b} is {a // b}, {a} % {b} is {a % b}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
duckdb
  a -7, b 2, quotient -4, remainder -1, sum -9, other 1
  a 7, b -2, quotient -4, remainder 1, sum 9, other -1
  a 7, b 2, quotient 3, remainder 1, sum 7, other 1
sqlite
  a -7, b 2, quotient -4, remainder -1, sum -9, other 1
  a 7, b -2, quotient -4, remainder 1, sum 9, other -1
  a 7, b 2, quotient 3, remainder 1, sum 7, other 1
polars
  a -7, b 2, quotient -4, remainder 1, sum -7, other 1
  a 7, b -2, quotient -4, remainder -1, sum 7, other -1
  a 7, b 2, quotient 3, remainder 1, sum 7, other 1
Python: -7 // 2 is -4, -7 % 2 is 1
Python: 7 // -2 is -4, 7 % -2 is -1
Python: 7 // 2 is 3, 7 % 2 is 1
SEEN
