#!/usr/bin/env bash
# DataFusion takes a decimal literal through a float, also inside a cast to decimal.
#
# Guess: 123456789012345678.12 is exact, as in DuckDB, Polars and PostgreSQL, at least in a cast to decimal(20,2).
# Behaviour: it is a double, and the cast makes 123456789012345671.68 of it, which isn't even what the double holds. The
# same digits in quotes are exact. So 0.1 + 0.2 = 0.3 is false, and a decimal column times 1.1 is a float.
# Why it matters to us: literals are how amounts get into SQL that a program writes.
# What to do: pass amounts as texts in a cast, or set datafusion.sql_parser.parse_float_as_decimal to true.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="datafusion==55.0.0 duckdb==2.0.1 polars==2.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datafusion
import duckdb
import polars

plain = datafusion.SessionContext()
exact = datafusion.SessionContext(
    datafusion.SessionConfig({"datafusion.sql_parser.parse_float_as_decimal": "true"})
)
for query in [
    "select cast(123456789012345678.12 as decimal(20,2)) as x",
    "select cast('123456789012345678.12' as decimal(20,2)) as x",
    "select cast('123456789012345678.12' as decimal(20,2)) * 1.1 as x",
    "select 0.1 + 0.2 = 0.3 as x",
]:
    print(query)
    print("  datafusion:", plain.sql(query).to_pylist()[0]["x"])
    print("  datafusion, with the option:", exact.sql(query).to_pylist()[0]["x"])
    print("  duckdb:", duckdb.connect().sql(query).fetchall()[0][0])
    print("  polars:", polars.SQLContext().execute(query, eager=True)["x"][0])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
select cast(123456789012345678.12 as decimal(20,2)) as x
  datafusion: 123456789012345671.68
  datafusion, with the option: 123456789012345678.12
  duckdb: 123456789012345678.12
  polars: 123456789012345678.12
select cast('123456789012345678.12' as decimal(20,2)) as x
  datafusion: 123456789012345678.12
  datafusion, with the option: 123456789012345678.12
  duckdb: 123456789012345678.12
  polars: 123456789012345678.12
select cast('123456789012345678.12' as decimal(20,2)) * 1.1 as x
  datafusion: 1.3580246791358024e+17
  datafusion, with the option: 135802467913580245.932
  duckdb: 135802467913580245.932
  polars: 135802467913580245.932
select 0.1 + 0.2 = 0.3 as x
  datafusion: False
  datafusion, with the option: True
  duckdb: True
  polars: True
SEEN
