#!/usr/bin/env bash
# pycel takes a month after the 31st of January for the 2nd of March, and formulas adds up numbers that are texts.
#
# Guess: libraries that compute a workbook without a spreadsheet give the numbers that the spreadsheet shows.
# Behaviour: what Excel's documentation says stands last in each line below. pycel negates after the power, and counts a
# month on from the 31st into the month after the next. formulas adds texts of a range to its sum and counts them, calls
# the text "1" a number and keeps spaces within TRIM().
# Why it matters to us: we read workbooks whose formulas were never computed, and a user compares our numbers with the
# spreadsheet's.
# What to do: have LibreOffice compute the workbook, or compute only formulas whose results a test has compared.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="formulas==1.3.4 pycel==1.0b30 openpyxl==3.1.5 numpy==2.4.6"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import logging

import formulas
import openpyxl
from pycel import ExcelCompiler

logging.disable(logging.CRITICAL)
SHOWN = {
    "=-2^2": 4,
    "=EDATE(DATE(2024,1,31),1)-DATE(2024,1,31)": 29,
    "=SUM(B1:B3)": 2,
    "=COUNT(B1:B3)": 1,
    "=SUMPRODUCT(B1:B3,B1:B3)": 4,
    '=ISNUMBER("1")': False,
    '=TRIM("  a   b ")': "a b",
}
book = openpyxl.Workbook()
for number, formula in enumerate(SHOWN, 1):
    book.active.cell(number, 1, formula)
for place, value in {"B2": 2, "B3": "2"}.items():
    book.active[place] = value
book.save("book.xlsx")
compiled = ExcelCompiler("book.xlsx")
solved = {str(k).upper(): v for k, v in formulas.ExcelModel().loads("book.xlsx").finish().calculate().items()}
for number, (formula, shown) in enumerate(SHOWN.items(), 1):
    first = compiled.evaluate(f"Sheet!A{number}")
    second = solved[f"'[BOOK.XLSX]SHEET'!A{number}"].value[0, 0]
    print(f"{formula}: pycel {first!s:.20}, formulas {second!s:.20}, spreadsheet {shown}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
=-2^2: pycel -4, formulas 4.0, spreadsheet 4
=EDATE(DATE(2024,1,31),1)-DATE(2024,1,31): pycel 31, formulas 29.0, spreadsheet 29
=SUM(B1:B3): pycel 2, formulas 4.0, spreadsheet 2
=COUNT(B1:B3): pycel 1, formulas 2, spreadsheet 1
=SUMPRODUCT(B1:B3,B1:B3): pycel 4, formulas 8.0, spreadsheet 4
=ISNUMBER("1"): pycel False, formulas True, spreadsheet False
=TRIM("  a   b "): pycel  a b , formulas a   b, spreadsheet a b
SEEN
