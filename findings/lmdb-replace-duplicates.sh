#!/usr/bin/env bash
# Transaction.replace() of py-lmdb removes every value of a key with several, and returns one of them.
#
# Guess: it sets a new value for the one that it returns ("its previous value"), as pop() takes out the one that it
# returns and leaves the others.
# Behaviour: in a database with dupsort=True, replace(key, new) returns the first value and removes all of them. pop(key)
# returns the first and leaves the rest.
# Why it matters to us: queues and indexes in LMDB keep several values under a key; to change the head empties it.
# What to do: use a cursor: set_key(), then delete() for one value, put() for another.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="lmdb==3.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import lmdb

env = lmdb.open("data", map_size=1 << 24, max_dbs=1)
jobs = env.open_db(b"jobs", dupsort=True)


def by_cursor(txn):
    cursor = txn.cursor()
    cursor.set_key(b"queue")
    value = cursor.value()
    cursor.delete()
    txn.put(b"queue", b"9")
    return value


for what, act in (
    ("replace", lambda txn: txn.replace(b"queue", b"9")),
    ("pop", lambda txn: txn.pop(b"queue")),
    ("cursor", by_cursor),
):
    with env.begin(write=True, db=jobs) as txn:
        txn.drop(jobs, delete=False)
        for value in (b"1", b"2", b"3"):
            txn.put(b"queue", value)
        given = act(txn)
        print(f"{what}: returned {given.decode()}, left {[value.decode() for _, value in txn.cursor()]}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
replace: returned 1, left ['9']
pop: returned 1, left ['2', '3']
cursor: returned 1, left ['2', '3', '9']
SEEN
