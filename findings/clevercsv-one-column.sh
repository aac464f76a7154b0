#!/usr/bin/env bash
# CleverCSV finds a delimiter in files of one column.
#
# Guess: a list of one value a line is read as one column, since every line but the header would else differ from it.
# Behaviour: a column of e-mail addresses is cut at "@", one of decimal commas at ",", one of names "Doe, Ann" at the
# comma, though the header has no delimiter at all.
# Why it matters to us: exports of one column are common (addresses for a mailing, ids), and the rest of each value is a
# column without a name.
# What to do: count the cells of the header first, and take one column where it has one.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="clevercsv==0.8.5"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import io

import clevercsv

for name, text in (
    ("addresses", "email\nann@a.example\nben@b.example\ncid@c.example\n"),
    ("amounts", "amount\n1,5\n2,75\n10,0\n"),
    ("names", "name\nDoe, Ann\nRoe, Ben\n"),
    ("two columns", "name;amount\nAnn;1,50\nBen;2,75\n"),
):
    dialect = clevercsv.Sniffer().sniff(text)
    print(f"{name}: delimiter {dialect.delimiter!r}, rows {list(clevercsv.reader(io.StringIO(text), dialect))[:2]}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
addresses: delimiter '@', rows [['email'], ['ann', 'a.example']]
amounts: delimiter ',', rows [['amount'], ['1', '5']]
names: delimiter ',', rows [['name'], ['Doe', ' Ann']]
two columns: delimiter ';', rows [['name', 'amount'], ['Ann', '1,50']]
SEEN
