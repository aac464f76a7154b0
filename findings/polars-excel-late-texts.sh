#!/usr/bin/env bash
# Polars reads a text that stands below a thousand numbers of a worksheet as null.
#
# Guess: a column whose cells are not all numbers becomes text, as with read_excel()'s other engines, or is an error, as
# in read_csv().
# Behaviour: read_excel() asks fastexcel, which takes the type of a column from its first thousand rows; a text further
# down is null, without a warning. With engine="openpyxl" the column is text and keeps it; pandas keeps it too.
# Where the sheet has that column only, the row is gone too. read_options={"schema_sample_rows": None} changes nothing.
# Why it matters to us: "n/a", "see note" or an amount with a letter disappears from a sum, and only in long sheets.
# What to do: engine="openpyxl", or read_options={"dtypes": "string"} and casts that fail.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5 pandas==3.1.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import openpyxl
import pandas
import polars

book = openpyxl.Workbook()
for row in [["id", "amount"], *([n, n] for n in range(1200)), [1200, "12 (corrected)"], [1201, 2.5]]:
    book.active.append(row)
book.save("x.xlsx")
for title, column in {
    "polars": polars.read_excel("x.xlsx")["amount"],
    "polars, openpyxl": polars.read_excel("x.xlsx", engine="openpyxl")["amount"],
    "polars, schema_sample_rows": polars.read_excel("x.xlsx", read_options={"schema_sample_rows": None})["amount"],
    "polars, texts": polars.read_excel("x.xlsx", read_options={"dtypes": "string"})["amount"],
    "pandas": pandas.read_excel("x.xlsx")["amount"],
}.items():
    print(f"{title}:", column.dtype, list(column)[-3:])
print("rows of a sheet of one column:", end=" ")
for n in range(1, 1204):
    book.active.cell(n, 1).value = None
book.active.delete_cols(1)
book.save("x.xlsx")
print(polars.read_excel("x.xlsx").height, "of", book.active.max_row - 1)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
polars: Float64 [1199.0, None, 2.5]
polars, openpyxl: String ['1199', '12 (corrected)', '2.5']
polars, schema_sample_rows: Float64 [1199.0, None, 2.5]
polars, texts: String ['1199', '12 (corrected)', '2.5']
pandas: object [1199, '12 (corrected)', 2.5]
rows of a sheet of one column: 1201 of 1202
SEEN
