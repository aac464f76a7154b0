#!/usr/bin/env bash
# petl finds each text greater than any number, so that a filter on a CSV file keeps every row.
#
# Guess: selectgt(table, "amount", 100) over the texts of a CSV file compares numbers, or is an error, as '5' > 100 is
# in Python and petl's own select() with a lambda or "{amount} > 100" is.
# Behaviour: comparisons go through an order of all types, None before numbers before texts. selectgt() keeps each
# row, "5" too, and selectlt() none but those without a value, which an SQL filter drops. sort() gives None, 9, 10,
# "10", "9" for a column that is converted in part.
# Why it matters to us: a filter that is right after convertnumbers() is silently everything, or nothing, before it.
# What to do: convert the column first, with failonerror=True, and drop None with selectnotnone().
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="petl==1.7.30"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import petl

table = petl.fromcsv(petl.MemorySource(b"name,amount\nAnn,5\nBob,500\nCid,\n"))
numbers = petl.convert(table, "amount", lambda v: int(v) if v else None)


def names(rows):
    return list(petl.values(rows, "name"))


for title, rows in [("texts", table), ("numbers", numbers)]:
    print(f"{title}: > 100 {names(petl.selectgt(rows, 'amount', 100))}", end=" ")
    print(f">= 100 {names(petl.selectge(rows, 'amount', 100))}", end=" ")
    print(f"< 100 {names(petl.selectlt(rows, 'amount', 100))}", end=" ")
    print(f"0 to 100 {names(petl.selectrangeopen(rows, 'amount', 0, 100))}")
try:
    print(names(petl.select(table, "{amount} > 100")))
except TypeError as error:
    print("select:", error)
print("sort:", list(petl.values(petl.sort([("n",), ("9",), (9,), ("10",), (None,), (10,)], "n"), "n")))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
texts: > 100 ['Ann', 'Bob', 'Cid'] >= 100 ['Ann', 'Bob', 'Cid'] < 100 [] 0 to 100 []
numbers: > 100 ['Bob'] >= 100 ['Bob'] < 100 ['Ann', 'Cid'] 0 to 100 ['Ann']
select: '>' not supported between instances of 'str' and 'int'
sort: [None, 9, 10, '10', '9']
SEEN
