#!/usr/bin/env bash
# A duration of 30:15 in an ODS sheet is null to Polars, a text to calamine, and half a second is 30 to pandas.
#
# Guess: a time cell holds PT30H15M00S, so that each reader gives a duration, as pyexcel does, or says that it can't.
# Behaviour: Polars gives null for 30:15 and for -1:00. calamine gives the text "PT30H15M00S", next to a time for
# 10:30. pandas' own engine reads what the cell shows and not its value: a cell that shows 00:00.5 is 00:00:30,
# 30:15:00 an error. pyexcel gives an empty text for -1:00 and for fractions of a second.
# Why it matters to us: sums of hours worked pass 24; a total over them leaves rows out without an error.
# What to do: read the value of the cell (office:time-value) with odfpy, or keep hours as numbers.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="odfpy==1.4.1 polars==2.1.0 fastexcel==0.21.0 python-calamine==0.9.1 pandas==3.1.1 pyexcel==0.7.6 pyexcel-ods3==0.6.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pandas
import polars
import pyexcel
import python_calamine
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P


def save(cells):
    document = OpenDocumentSpreadsheet()
    table = Table(name="hours")
    for name, kind, shown in cells:
        row = TableRow()
        for cell, text in [(TableCell(valuetype="string"), name), (kind, shown)]:
            cell.addElement(P(text=text))
            row.addElement(cell)
        table.addElement(row)
    document.spreadsheet.addElement(table)
    document.save("x.ods")


for value, shown in [
    ("PT10H30M00S", "10:30:00"),
    ("PT30H15M00S", "30:15:00"),
    ("PT00H00M00.5S", "00:00.5"),
    ("-PT01H00M00S", "-1:00:00"),
]:
    time = TableCell(valuetype="time", timevalue=value)
    save([("name", TableCell(valuetype="string"), "t"), ("Ann", time, shown)])
    print(f"{value}, shown as {shown}")
    print("  polars:", polars.read_ods("x.ods")["t"].to_list())
    sheet = python_calamine.CalamineWorkbook.from_path("x.ods").get_sheet_by_index(0)
    print("  calamine:", repr(sheet.to_python()[1][1]))
    try:
        print("  pandas:", repr(pandas.read_excel("x.ods", engine="odf")["t"].tolist()[0]))
    except ValueError as error:
        print("  pandas:", type(error).__name__)
    print("  pyexcel:", repr(pyexcel.get_array(file_name="x.ods")[1][1]))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
PT10H30M00S, shown as 10:30:00
  polars: [datetime.timedelta(seconds=37800)]
  calamine: datetime.time(10, 30)
  pandas: datetime.time(10, 30)
  pyexcel: datetime.time(10, 30)
PT30H15M00S, shown as 30:15:00
  polars: [None]
  calamine: 'PT30H15M00S'
  pandas: DateParseError
  pyexcel: datetime.timedelta(days=1, seconds=22500)
PT00H00M00.5S, shown as 00:00.5
  polars: [datetime.timedelta(microseconds=500000)]
  calamine: datetime.time(0, 0, 0, 500000)
  pandas: datetime.time(0, 0, 30)
  pyexcel: ''
-PT01H00M00S, shown as -1:00:00
  polars: [None]
  calamine: '-PT01H00M00S'
  pandas: DateParseError
  pyexcel: ''
SEEN
