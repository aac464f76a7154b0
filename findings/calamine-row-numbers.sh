#!/usr/bin/env bash
# python-calamine's two ways to read a sheet number its rows and columns differently.
#
# Guess: row 0 of to_python() and the first row of iter_rows() are the same row.
# Behaviour: to_python() begins at the first cell that is filled, iter_rows() at A1. With a title further down the same
# index names other rows and columns, and a line number made of it is wrong by the blank rows.
# Why it matters to us: an error has to name the row as Excel shows it.
# What to do: to_python(skip_empty_area=False), or add sheet.start to each position.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="python-calamine==0.9.1 openpyxl==3.1.5"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import openpyxl
import python_calamine

book = openpyxl.Workbook()
book.active["C4"], book.active["C5"] = "amount", 7
book.save("x.xlsx")
sheet = python_calamine.CalamineWorkbook.from_path("x.xlsx").get_sheet_by_index(0)
print("to_python:", sheet.to_python())
print("iter_rows:", list(sheet.iter_rows()))
print("start:", sheet.start, "skip_empty_area=False:", sheet.to_python(skip_empty_area=False))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
to_python: [['amount'], [7.0]]
iter_rows: [[''], [''], [''], ['amount'], [7.0]]
start: (3, 2) skip_empty_area=False: [['', '', ''], ['', '', ''], ['', '', ''], ['', '', 'amount'], ['', '', 7.0]]
SEEN
