#!/usr/bin/env bash
# pydantic reads a decimal from JSON by way of a float.
#
# Guess: validate_json() gives a Decimal field the digits of the document, as msgspec does and json with parse_float.
# Behaviour: 12345678901234567.89 becomes 12345678901234568, 0.1000000000000000000001 becomes 0.1, 1.10 loses its place
# and 1e400 is refused as infinite. From a text in quotes all digits are kept, which is what pydantic itself writes.
# Why it matters to us: amounts of a partner's JSON, who writes numbers, change before any check of ours can see them.
# What to do: parse with json.loads(text, parse_float=Decimal) and call validate_python(), or use msgspec.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pydantic==2.14.4 msgspec==0.23.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json
from decimal import Decimal

import msgspec
import pydantic

amount = pydantic.TypeAdapter(Decimal)
for text in ["12345678901234567.89", "0.1000000000000000000001", "1.10", '"12345678901234567.89"']:
    print(text, "pydantic:", amount.validate_json(text), "msgspec:", msgspec.json.decode(text, type=Decimal), end=" ")
    print("json:", amount.validate_python(json.loads(text, parse_float=Decimal)))
print("written by pydantic:", amount.dump_json(Decimal("12345678901234567.89")).decode())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
12345678901234567.89 pydantic: 12345678901234568 msgspec: 12345678901234567.89 json: 12345678901234567.89
0.1000000000000000000001 pydantic: 0.1 msgspec: 0.1000000000000000000001 json: 0.1000000000000000000001
1.10 pydantic: 1.1 msgspec: 1.10 json: 1.10
"12345678901234567.89" pydantic: 12345678901234567.89 msgspec: 12345678901234567.89 json: 12345678901234567.89
written by pydantic: "12345678901234567.89"
SEEN
