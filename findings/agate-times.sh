#!/usr/bin/env bash
# csvkit reads times of day as minutes, names of months as dates of the year 1, and amounts without their currency.
#
# Guess: a column that isn't surely of another type is text, as it is to pandas, Polars and DuckDB; "10:30" is a time.
# Behaviour: agate, which types the columns for csvkit, makes a duration of ten and a half minutes of "10:30", the date
# 0001-05-01 of "May", a day of the first week of the year 1 of "mon", 5 of "$5" and "€5" alike and of "5%", and null
# of "none", "n/a" and "." in a column of texts. csvjson and csvsql then write those.
# Why it matters to us: it is how many bring a CSV file into SQLite; opening hours are off by a factor of sixty.
# What to do: --no-inference (-I) for csvjson and csvsql, and convert what is known in SQL; "none" stays null then too,
# but for --blanks.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="agate==1.14.2 csvkit==2.2.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import pathlib
import subprocess

columns = {
    "opens": ["10:30", "9:00"],
    "month": ["May", "June"],
    "weekday": ["mon", "sat"],
    "price": ["$5", "€5"],
    "share": ["5%", "6%"],
    "name": ["none", "Ann"],
}
for name, values in columns.items():
    pathlib.Path("x.csv").write_text("\n".join([f"id,{name}", *[f"{n},{value}" for n, value in enumerate(values, 7)]]))
    print(name, values)
    for option in ([], ["-I"]):
        call = ["venv/bin/csvjson", *option, "x.csv"]
        print("  csvjson", *option, subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
opens ['10:30', '9:00']
  csvjson [{"id": 7.0, "opens": "0:10:30"}, {"id": 8.0, "opens": "0:09:00"}]
  csvjson -I [{"id": "7", "opens": "10:30"}, {"id": "8", "opens": "9:00"}]
month ['May', 'June']
  csvjson [{"id": 7.0, "month": "0001-05-01"}, {"id": 8.0, "month": "0001-06-01"}]
  csvjson -I [{"id": "7", "month": "May"}, {"id": "8", "month": "June"}]
weekday ['mon', 'sat']
  csvjson [{"id": 7.0, "weekday": "0001-01-08"}, {"id": 8.0, "weekday": "0001-01-06"}]
  csvjson -I [{"id": "7", "weekday": "mon"}, {"id": "8", "weekday": "sat"}]
price ['$5', '€5']
  csvjson [{"id": 7.0, "price": 5.0}, {"id": 8.0, "price": 5.0}]
  csvjson -I [{"id": "7", "price": "$5"}, {"id": "8", "price": "€5"}]
share ['5%', '6%']
  csvjson [{"id": 7.0, "share": 5.0}, {"id": 8.0, "share": 6.0}]
  csvjson -I [{"id": "7", "share": "5%"}, {"id": "8", "share": "6%"}]
name ['none', 'Ann']
  csvjson [{"id": 7.0, "name": null}, {"id": 8.0, "name": "Ann"}]
  csvjson -I [{"id": "7", "name": null}, {"id": "8", "name": "Ann"}]
SEEN
