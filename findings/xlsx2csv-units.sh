#!/usr/bin/env bash
# xlsx2csv takes units in a number format for a date, and writes `0 "12ours"` for 3 hours.
#
# Guess: the number 3 with the format `0 "hours"` is 3, as in openpyxl and calamine, or "3 hours", as Excel shows it.
# Behaviour: a format with d, m, y or h anywhere counts as one of dates, also where the letter stands in quotes or
# after a backslash. The number is then formatted as a date: 3 with `0 "hours"` becomes `0 "12ours"`, 1.5 with `0.00
# "days"` `0.00 "31ays"`, 5 with `0\d` 004. The value is gone from the file. Polars with engine="xlsx2csv" reads the
# same.
# Why it matters to us: units in a format are how people label quantities and durations; a wrong number or a text
# stands in the column, without a warning.
# What to do: read with calamine or openpyxl, or --ignore-formats date for workbooks without dates.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="xlsx2csv==0.8.6 openpyxl==3.1.5 python-calamine==0.9.1 polars==2.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import csv
import io

import openpyxl
import polars
import python_calamine
import xlsx2csv

cells = [(3, '0 "hours"'), (1.5, '0.00 "days"'), (7, '"Day "0'), (5, "0\\d"), (5, "0 [$EUR]")]
book = openpyxl.Workbook()
for number, style in [("n", "General"), *cells]:
    book.active.append([number])
    book.active.cell(book.active.max_row, 1).number_format = style
book.save("x.xlsx")
text = io.StringIO()
xlsx2csv.Xlsx2csv("x.xlsx").convert(text)
lines = [row[0] for row in csv.reader(io.StringIO(text.getvalue()))][1:]
calamine = [r[0] for r in python_calamine.CalamineWorkbook.from_path("x.xlsx").get_sheet_by_index(0).to_python()][1:]
own = [r[0] for r in openpyxl.load_workbook("x.xlsx").active.iter_rows(min_row=2, values_only=True)]
for (number, style), line, one, two in zip(cells, lines, own, calamine, strict=True):
    print(f"{number} as {style}: xlsx2csv {line}, openpyxl {one}, calamine {two}")
print("polars:", polars.read_excel("x.xlsx", engine="xlsx2csv")["n"].to_list())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
3 as 0 "hours": xlsx2csv 0 "12ours", openpyxl 3, calamine 3.0
1.5 as 0.00 "days": xlsx2csv 0.00 "31ays", openpyxl 1.5, calamine 1.5
7 as "Day "0: xlsx2csv "06ay "0, openpyxl 7, calamine 7.0
5 as 0\d: xlsx2csv 004, openpyxl 5, calamine 5.0
5 as 0 [$EUR]: xlsx2csv 5, openpyxl 5, calamine 5.0
polars: ['0 "12ours"', '0.00 "31ays"', '"06ay "0', '004', '5']
SEEN
