#!/usr/bin/env bash
# Whole numbers past 64 bits in JSON are floats to orjson, pyarrow and DataFusion, and exact to the others.
#
# Guess: a parser of Python gives an int as json does, or an error, as orjson does when it writes such a number.
# Behaviour: orjson.loads() rounds 18446744073709551617 to 18446744073709551616.0, so that 2^64 and 2^64 + 1 are equal;
# pyarrow and DataFusion do so from a file, and make floats of the column's small numbers too. json, msgspec, pydantic,
# ujson and Polars keep each digit.
# Why it matters to us: ids of 20 digits (some ledgers, snowflakes of other systems, hashes) merge in a join, and which
# parser a framework uses is not visible.
# What to do: ask for ids as strings, or parse with json or msgspec and check that ids are ints.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="orjson==3.13.0 msgspec==0.23.0 pydantic==2.14.4 ujson==6.1.0 pyarrow==26.0.1 datafusion==55.0.0 polars==2.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json
import pathlib

import datafusion
import msgspec
import orjson
import polars
import pyarrow.json
import pydantic_core
import ujson

ids = [str(2**64), str(2**64 + 1)]
pathlib.Path("x.jsonl").write_text("".join(f'{{"id": {i}}}\n' for i in [7, *ids]))
for name, parse in {
    "json": json.loads,
    "ujson": ujson.loads,
    "msgspec": msgspec.json.decode,
    "pydantic": pydantic_core.from_json,
    "orjson": orjson.loads,
}.items():
    first, second = (parse(i) for i in ids)
    print(f"{name}: {first} {second}", "equal" if first == second else "different")
try:
    orjson.dumps(2**64)
except TypeError as error:
    print("orjson.dumps:", error)
print("polars:", polars.read_ndjson("x.jsonl")["id"].to_list())
print("pyarrow:", pyarrow.json.read_json("x.jsonl")["id"].to_pylist())
context = datafusion.SessionContext()
context.register_json("x", "x.jsonl", file_extension=".jsonl")
print("datafusion:", context.sql("select id, count(*) as n from x group by id order by id").to_pylist())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
json: 18446744073709551616 18446744073709551617 different
ujson: 18446744073709551616 18446744073709551617 different
msgspec: 18446744073709551616 18446744073709551617 different
pydantic: 18446744073709551616 18446744073709551617 different
orjson: 1.8446744073709552e+19 1.8446744073709552e+19 equal
orjson.dumps: Integer exceeds 64-bit range
polars: [7, 18446744073709551616, 18446744073709551617]
pyarrow: [7.0, 1.8446744073709552e+19, 1.8446744073709552e+19]
datafusion: [{'id': 7.0, 'n': 1}, {'id': 1.8446744073709552e+19, 'n': 2}]
SEEN
