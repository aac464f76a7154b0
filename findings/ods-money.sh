#!/usr/bin/env bash
# pyexcel reads amounts of money in an ODS sheet as texts, and tablib 0.33 where a cell holds 0.3333.
#
# Guess: a cell with the value 5.5 that is formatted as euros is 5.5, as in pandas and calamine, and in xlsx.
# Behaviour: pyexcel-ods3 gives the text "5.5 EUR" for it. tablib reads what a cell shows, and not its value: "5.50
# €", "$1,234", "25%" for 0.25, and 0.33 for a number of 0.3333 that is shown with two places; its own reader of xlsx
# gives the values.
# Why it matters to us: amounts sort and compare as texts, and digits are lost, by the format of a cell.
# What to do: read ODS with python-calamine, or pandas' engine="odf".
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="odfpy==1.4.1 tablib[ods]==3.10.0 python-calamine==0.9.1 pandas==3.1.1 pyexcel==0.7.6 pyexcel-ods3==0.6.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pathlib

import pandas
import pyexcel
import python_calamine
import tablib
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

document = OpenDocumentSpreadsheet()
table = Table(name="prices")
for cell, shown in [
    (TableCell(valuetype="string"), "price"),
    (TableCell(valuetype="float", value="5.5"), "5.5"),
    (TableCell(valuetype="float", value="0.3333"), "0.33"),
    (TableCell(valuetype="currency", value="5.5", currency="EUR"), "5.50 €"),
    (TableCell(valuetype="currency", value="1234", currency="USD"), "$1,234"),
    (TableCell(valuetype="percentage", value="0.25"), "25%"),
]:
    row = TableRow()
    cell.addElement(P(text=shown))
    row.addElement(cell)
    table.addElement(row)
document.spreadsheet.addElement(table)
document.save("x.ods")
sheet = python_calamine.CalamineWorkbook.from_path("x.ods").get_sheet_by_index(0)
print("calamine:", [row[0] for row in sheet.to_python()])
print("pandas:", pandas.read_excel("x.ods", engine="odf")["price"].tolist())
print("pyexcel:", [row[0] for row in pyexcel.get_array(file_name="x.ods")])
data = tablib.Dataset().load(pathlib.Path("x.ods").read_bytes(), format="ods")
print("tablib:", data["price"])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
calamine: ['price', 5.5, 0.3333, 5.5, 1234.0, 0.25]
pandas: [5.5, 0.3333, 5.5, 1234.0, 0.25]
pyexcel: ['price', 5.5, 0.3333, '5.5 EUR', '1234 USD', 0.25]
tablib: [5.5, 0.33, '5.50 €', '$1,234', '25%']
SEEN
