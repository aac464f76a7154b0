#!/usr/bin/env bash
# A number that XlsxWriter or openpyxl writes into a workbook is not the one that comes back.
#
# Guess: a cell holds a double, so a float that Python writes is read back equal; Excel itself writes seventeen digits.
# Behaviour: both write sixteen digits, and a double needs up to seventeen: 0.1 + 0.2 comes back as 0.3, and the whole
# number 12345678901234568, which a double holds, as 12345678901234570. A cell with all its digits is read exactly.
# Why it matters to us: an export that is checked by reading it again fails on sums, and ids of 17 digits change.
# What to do: write ids as text, and compare re-read amounts with a tolerance or as rounded decimals.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="xlsxwriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import re
import zipfile

import openpyxl
import python_calamine
import xlsxwriter

values = [0.1 + 0.2, 12345678901234568]
book = xlsxwriter.Workbook("xlsxwriter.xlsx")
book.add_worksheet().write_row(0, 0, values)
book.close()
book = openpyxl.Workbook()
book.active.append(values)
book.save("openpyxl.xlsx")
SHEET = "xl/worksheets/sheet1.xml"
with zipfile.ZipFile("openpyxl.xlsx") as old, zipfile.ZipFile("all digits.xlsx", "w") as new:
    for name in old.namelist():
        text = old.read(name)
        if name == SHEET:
            written = iter(values)
            text = re.sub(rb"<v>.*?</v>", lambda _: b"<v>%s</v>" % repr(next(written)).encode(), text)
        new.writestr(name, text)
for name in ("xlsxwriter", "openpyxl", "all digits"):
    cells = re.findall("<v>(.*?)</v>", zipfile.ZipFile(f"{name}.xlsx").read(SHEET).decode())
    (read,) = python_calamine.CalamineWorkbook.from_path(f"{name}.xlsx").get_sheet_by_index(0).to_python()
    print(f"{name}: in the file {cells}, read back equal {[a == b for a, b in zip(values, read)]}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
xlsxwriter: in the file ['0.3', '1.234567890123457E+16'], read back equal [False, False]
openpyxl: in the file ['0.3', '1.234567890123457e+16'], read back equal [False, False]
all digits: in the file ['0.30000000000000004', '12345678901234568'], read back equal [True, True]
SEEN
