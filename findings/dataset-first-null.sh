#!/usr/bin/env bash
# dataset makes a text column of numbers whose first value is null, and sorts 10 before 9.
#
# Guess: a column gets its type from the first value that there is, or from all rows of insert_many().
# Behaviour: the type is guessed from the first row, and None makes TEXT. SQLite then turns the numbers that follow into
# texts: the ages 9 and 10 come back as "9" and "10", order_by puts 10 first, and max() is "9". With the rows in another
# order all is right.
# Why it matters to us: records with a missing value in front are common, and the answers are wrong, not missing.
# What to do: types={"age": db.types.integer}, or create_column() before the first insert.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="dataset==2.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import dataset

rows = [{"name": "Ann", "age": None}, {"name": "Bob", "age": 9}, {"name": "Cy", "age": 10}]
for title, ordered, options in [
    ("null first", rows, {}),
    ("null last", rows[1:] + rows[:1], {}),
    ("null first, with types", rows, {"types": {"age": dataset.connect("sqlite://").types.integer}}),
]:
    db = dataset.connect("sqlite://")
    db["people"].insert_many(ordered, **options)
    oldest = next(iter(db.query("select max(age) as age from people")))["age"]
    print(f"{title}:", [row["age"] for row in db["people"].find(order_by="-age")], "max:", repr(oldest))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
null first: ['9', '10', None] max: '9'
null last: [10, 9, None] max: 10
null first, with types: [10, 9, None] max: 10
SEEN
