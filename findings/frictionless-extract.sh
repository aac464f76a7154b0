#!/usr/bin/env bash
# frictionless.extract() turns cells that don't fit into None and drops surplus cells, without an error.
#
# Guess: extract() raises for a file that validate() calls invalid, or at least keeps the text of the cell.
# Behaviour: types are inferred from the first 100 rows. A later "unknown" in a column of whole numbers comes out as
# None, the same as an empty cell; the third cell of a row of two columns is dropped, a missing one is None. Only
# validate(), a second pass, says so.
# Why it matters to us: it is the obvious peer for reading tabular files, and its rows can't be told from complete ones.
# What to do: call validate() first and stop when it is not valid, or declare the schema with every column a string.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="frictionless==5.21.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from frictionless import extract, validate

with open("stock.csv", "w") as file:
    file.write("id,quantity\n" + "".join(f"{n},{n}\n" for n in range(200)) + "200,unknown\n201,\n202,7,8\n203\n")
for row in extract("stock.csv")["stock"][-4:]:
    print(row)
report = validate("stock.csv")
print("valid:", report.valid, [(error.row_number, error.type) for error in report.tasks[0].errors])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
{'id': 200, 'quantity': None}
{'id': 201, 'quantity': None}
{'id': 202, 'quantity': 7}
{'id': 203, 'quantity': None}
valid: False [(202, 'type-error'), (204, 'extra-cell'), (205, 'missing-cell')]
SEEN
