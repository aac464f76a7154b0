#!/usr/bin/env bash
# python-calamine reads a cell with an error as an empty text.
#
# Guess: #N/A and #DIV/0! come as such, as openpyxl gives them, or as something that is neither a value nor empty.
# Behaviour: to_python() gives '' for them, the same as for an empty cell; Polars and pandas with this engine give
# null. Nothing says that a formula of the sheet failed.
# Why it matters to us: a total over the column leaves out what Excel refuses to add up: there the sum of a column with
# an error is an error.
# What to do: look for errors with openpyxl (data_only=True, data_type "e") before a workbook is trusted.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="python-calamine==0.9.1 openpyxl==3.1.5 polars==2.1.0 fastexcel==0.21.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import openpyxl
import polars
import python_calamine

book = openpyxl.Workbook()
for row in [["id", "amount"], [1, 10], [2, "#DIV/0!"], [3, None], [4, "#N/A"], [5, 20]]:
    book.active.append(row)
book.save("x.xlsx")
sheet = openpyxl.load_workbook("x.xlsx", data_only=True).active
print("openpyxl:", [(cell.value, cell.data_type) for cell in sheet["B"][1:]])
rows = python_calamine.CalamineWorkbook.from_path("x.xlsx").get_sheet_by_index(0).to_python()
print("calamine:", [row[1] for row in rows[1:]])
amounts = polars.read_excel("x.xlsx")["amount"]
print("polars:", amounts.to_list(), "sum:", amounts.sum())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
openpyxl: [(10, 'n'), ('#DIV/0!', 'e'), (None, 'n'), ('#N/A', 'e'), (20, 'n')]
calamine: [10.0, '', '', '', 20.0]
polars: [10, None, None, None, 20] sum: 30
SEEN
