#!/usr/bin/env bash
# tablib loads JSON and YAML objects by the order of their members, so that values change columns.
#
# Guess: a row {"b": 4, "a": 3} after {"a": 1, "b": 2} puts 3 under "a", since members of an object have no order and
# it is the names that say what a value is.
# Behaviour: the headers are those of the first object, and of each further one the bare values are taken in the order
# in which they stand: 4 under "a". YAML and Dataset.dict = … do the same, and stack() of a Dataset with the headers
# "b", "a" below one with "a", "b". Only another number of members is an error. csv.DictWriter, pandas and petl go by
# name.
# Why it matters to us: serializers sort members or not, and leave no trace of it; two columns of the same type are
# swapped in some rows, and export("csv") writes them so.
# What to do: build rows oneself with names: Dataset(*[[o[h] for h in headers] for o in objects], headers=headers).
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="tablib[yaml]==3.10.0 petl==1.7.30 pandas==3.1.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import io

import pandas
import petl
import tablib

objects = '[{"name": "Ann", "manager": "Bob"}, {"manager": "Cid", "name": "Dee"}]'
print("tablib json:", tablib.Dataset().load(objects, format="json").export("csv").split())
text = "- {name: Ann, manager: Bob}\n- {manager: Cid, name: Dee}\n"
print("tablib yaml:", tablib.Dataset().load(text, format="yaml").export("csv").split())
data = tablib.Dataset()
data.dict = [{"name": "Ann", "manager": "Bob"}, {"manager": "Cid", "name": "Dee"}]
print("tablib dict:", data.export("csv").split())
first = tablib.Dataset(("Ann", "Bob"), headers=["name", "manager"])
second = tablib.Dataset(("Cid", "Dee"), headers=["manager", "name"])
print("tablib stack:", first.stack(second).export("csv").split())
print("pandas:", pandas.read_json(io.StringIO(objects)).to_csv(index=False).split())
rows = petl.fromjson(petl.MemorySource(objects.encode()))
print("petl:", [",".join(row) for row in rows])
cat = petl.cat([("name", "manager"), ("Ann", "Bob")], [("manager", "name"), ("Cid", "Dee")])
print("petl cat:", [",".join(row) for row in cat])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
tablib json: ['name,manager', 'Ann,Bob', 'Cid,Dee']
tablib yaml: ['name,manager', 'Ann,Bob', 'Cid,Dee']
tablib dict: ['name,manager', 'Ann,Bob', 'Cid,Dee']
tablib stack: ['name,manager', 'Ann,Bob', 'Cid,Dee']
pandas: ['name,manager', 'Ann,Bob', 'Dee,Cid']
petl: ['name,manager', 'Ann,Bob', 'Dee,Cid']
petl cat: ['name,manager', 'Ann,Bob', 'Dee,Cid']
SEEN
