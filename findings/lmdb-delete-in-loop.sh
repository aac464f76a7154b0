#!/usr/bin/env bash
# Deleting through the cursor that a `for` loop walks leaves every second record of an LMDB database.
#
# Guess: `for key, value in cursor: cursor.delete()` empties the database, or raises as a dict that changes under a loop
# does.
# Behaviour: after a delete the cursor already stands on the next record, and the loop then moves on by one more: of ten
# records five stay, with no error and with True from each delete.
# Why it matters to us: a clean-up over a library or a spool that is written so seems to work and keeps half.
# What to do: delete until the cursor has nothing left (`while cursor.first(): cursor.delete()` or, past a prefix,
# `while cursor.key().startswith(prefix)` with no step between), or collect the keys first.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="lmdb==3.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import lmdb

env = lmdb.open("data", map_size=1 << 24)
with env.begin(write=True) as txn:
    for number in range(10):
        txn.put(b"key%d" % number, b"value")
with env.begin(write=True) as txn:
    cursor = txn.cursor()
    print("told of deletes:", [cursor.delete() for _ in cursor])
with env.begin() as txn:
    print("left:", [key.decode() for key, _ in txn.cursor()])
with env.begin(write=True) as txn:
    cursor = txn.cursor()
    while cursor.first():
        cursor.delete()
    print("left after `while cursor.first()`:", txn.stat()["entries"])
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
told of deletes: [True, True, True, True, True]
left: ['key1', 'key3', 'key5', 'key7', 'key9']
left after `while cursor.first()`: 0
SEEN
