#!/usr/bin/env bash
# dlt rounds decimals to nine places, so that small ones become nought.
#
# Guess: Python's Decimal was chosen for exactness, so it arrives exactly, or the load fails where the column is too
# narrow.
# Behaviour: a column of decimals is decimal(38,9) unless it was declared otherwise; Decimal("0.000000000001") arrives
# as 0, Decimal("1.2345678901234") as 1.234567890. The load succeeds.
# Why it matters to us: rates, tokens' prices and scientific values live past nine places; a product with them is 0.
# What to do: declare the column: columns={"rate": {"data_type": "decimal", "precision": 38, "scale": 18}}.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="dlt[duckdb]==1.31.0 duckdb==2.0.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import os

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
from decimal import Decimal

import dlt
import duckdb

rates = [{"rate": Decimal("0.000000000001")}, {"rate": Decimal("1.2345678901234")}]
declared = {"rate": {"data_type": "decimal", "precision": 38, "scale": 18}}
for name, columns in (("found", None), ("declared", declared)):
    made = dlt.destinations.duckdb(f"{name}.duckdb")
    pipeline = dlt.pipeline(name, destination=made, dataset_name="d", pipelines_dir=os.getcwd())
    load = pipeline.run(rates, table_name="t", columns=columns)
    rows = duckdb.connect(f"{name}.duckdb").execute("select rate, typeof(rate) from d.t order by rate").fetchall()
    print(f"{name}, failed jobs {load.has_failed_jobs}:", [(f"{value:f}", type_) for value, type_ in rows])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
found, failed jobs False: [('0.000000000', 'DECIMAL(38,9)'), ('1.234567890', 'DECIMAL(38,9)')]
declared, failed jobs False: [('0.000000000001000000', 'DECIMAL(38,18)'), ('1.234567890123400000', 'DECIMAL(38,18)')]
SEEN
