#!/usr/bin/env bash
# xlsx2csv reads every third quarter of an hour that XlsxWriter or openpyxl wrote a minute early.
#
# Guess: 10:00 comes out as 10:00, as in Excel and with every other reader.
# Behaviour: both write a date with its time as a number of sixteen digits where a double has seventeen, often a little
# short; xlsx2csv cuts what is left of the minute where others round. 10:00 on 1 January 2025 becomes 09:59. With all
# digits, as Excel writes them, each quarter is right. A number of 1e-07 becomes 0.
# Why it matters to us: xlsx2csv is an engine of Polars' read_excel(); a shift or a deadline at a full hour moves into
# the hour before.
# What to do: read with openpyxl or calamine, or write times as texts.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="xlsx2csv==0.8.6 xlsxwriter==3.3.1 openpyxl==3.1.5"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime
import re
import subprocess
import zipfile

import openpyxl
import xlsxwriter

times = [datetime.datetime(2025, 1, 1) + datetime.timedelta(minutes=15 * n) for n in range(96)]
with xlsxwriter.Workbook("xlsxwriter.xlsx") as book:
    sheet = book.add_worksheet()
    for row, time in enumerate(times):
        sheet.write(row, 0, time, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
book = openpyxl.Workbook()
for row, time in enumerate(times, 1):
    book.active.cell(row, 1, time).number_format = "yyyy-mm-dd hh:mm"
book.save("openpyxl.xlsx")
numbers = (repr(45658 + n / 96).encode() for n in range(96))
with zipfile.ZipFile("xlsxwriter.xlsx") as old, zipfile.ZipFile("all digits.xlsx", "w") as new:
    for name in old.namelist():
        data = old.read(name)
        if name.endswith("sheet1.xml"):
            data = re.sub(rb"<v>[^<]*", lambda _: b"<v>" + next(numbers), data)
        new.writestr(name, data)
for name in ["xlsxwriter", "openpyxl", "all digits"]:
    call = ["venv/bin/xlsx2csv", f"{name}.xlsx"]
    lines = subprocess.run(call, capture_output=True, text=True, check=True).stdout.splitlines()
    wrong = [f"{time:%H:%M} as {line[-5:]}" for time, line in zip(times, lines) if line != f"{time:%Y-%m-%d %H:%M}"]
    print(f"{name}: {len(wrong)} of {len(lines)} wrong", wrong[:4])
cells = openpyxl.load_workbook("xlsxwriter.xlsx").active["A"]
print("read with openpyxl:", sum(cell.value != time for cell, time in zip(cells, times)), "wrong")
with xlsxwriter.Workbook("small.xlsx") as book:
    book.add_worksheet().write(0, 0, 1e-07)
print("1e-07:", subprocess.run(["venv/bin/xlsx2csv", "small.xlsx"], capture_output=True, text=True).stdout.strip())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
xlsxwriter: 32 of 96 wrong ['00:15 as 00:14', '01:00 as 00:59', '01:45 as 01:44', '02:30 as 02:29']
openpyxl: 32 of 96 wrong ['00:15 as 00:14', '01:00 as 00:59', '01:45 as 01:44', '02:30 as 02:29']
all digits: 0 of 96 wrong []
read with openpyxl: 0 wrong
1e-07: 0
SEEN
