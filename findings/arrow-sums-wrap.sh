#!/usr/bin/env bash
# Sums in Arrow's two implementations wrap: two large positive decimals add up to a negative one.
#
# Guess: a sum that leaves decimal(38,0), the widest of its kind, is an error, as it is in PostgreSQL and DuckDB; ints, as
# Arrow has `add_checked`, at least in a query engine.
# Behaviour: pyarrow.compute.sum and DataFusion's sum() (Arrow in C++ and in Rust) give a negative decimal of 39 digits,
# more than its type has; DataFusion's `+` and sum() of bigints wrap round too. No warning, no null.
# Why it matters to us: both are candidates for engines behind files; an overflow has to be an error on every engine.
# What to do: widen first (cast to decimal256 or float), or bound the values; there is no checked sum to ask for.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pyarrow==26.0.1 datafusion==55.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from decimal import Decimal

import datafusion
import pyarrow as pa
import pyarrow.compute as pc

nines = Decimal("9" * 38)
print("pyarrow, decimal sum:   ", pc.sum(pa.array([nines, nines])))
print("pyarrow, int64 sum:     ", pc.sum(pa.array([2**63 - 1, 1])))
c = datafusion.SessionContext()


def asked(query):
    return c.sql(query).to_pydict()["x"][0]


print("datafusion, decimal sum:", asked(f"select sum(n) x from (select cast('{nines}' as decimal(38,0)) n "
                                        f"union all select cast('{nines}' as decimal(38,0))) t"))
print("datafusion, bigint sum: ", asked("select sum(n) x from (values (9223372036854775807), (1)) t(n)"))
print("datafusion, bigint +:   ", asked("select n + 1 x from (values (9223372036854775807)) t(n)"))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
pyarrow, decimal sum:    -140282366920938463463374607431768211458
pyarrow, int64 sum:      -9223372036854775808
datafusion, decimal sum: -140282366920938463463374607431768211458
datafusion, bigint sum:  -9223372036854775808
datafusion, bigint +:    -9223372036854775808
SEEN
