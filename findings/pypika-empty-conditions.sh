#!/usr/bin/env bash
# pypika's Criterion.any() of no conditions is no condition: all rows are found, and deleted.
#
# Guess: "any" of nothing is false, as in Python and in SQLAlchemy's or_(false(), …), or an error.
# Behaviour: where(Criterion.any([])) leaves the WHERE out. So a filter over a list that happens to be empty gives
# each row, and with delete() empties the table; beside another condition it vanishes. isin([]) is IN (), which finds
# nothing in SQLite.
# Why it matters to us: lists of search words, tags or ids come from users, and an empty one is the usual edge.
# What to do: test the list first, or use isin(), or start with a condition that is false: ValueWrapper(1) == 0.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pypika==0.51.1 sqlalchemy==2.1.9"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlite3

import sqlalchemy
from pypika import Criterion, Query, Table

database = sqlite3.connect(":memory:")
database.execute("create table t (name text)")
database.executemany("insert into t values (?)", [("Ann",), ("Bob",)])
t = Table("t")
other = sqlalchemy.table("t", sqlalchemy.column("name"))
for words in (["A"], []):
    condition = Criterion.any([t.name.like(f"{word}%") for word in words])
    query = str(Query.from_(t).select(t.name).where(condition))
    print(words, "pypika:", query, database.execute(query).fetchall())
    likes = [other.c.name.like(f"{word}%") for word in words]
    selected = sqlalchemy.select(other.c.name).where(sqlalchemy.or_(sqlalchemy.false(), *likes))
    text = str(selected.compile(compile_kwargs={"literal_binds": True})).replace("\n", "")
    print(words, "sqlalchemy:", text, database.execute(text).fetchall())
print("any([]) in Python:", any([]))
query = str(Query.from_(t).select(t.name).where(t.name.isin([])))
print(query, database.execute(query).fetchall())
query = str(Query.from_(t).delete().where(Criterion.any([])))
print(query, database.execute(query).rowcount, "rows deleted")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
['A'] pypika: SELECT "name" FROM "t" WHERE "name" LIKE 'A%' [('Ann',)]
['A'] sqlalchemy: SELECT t.name FROM t WHERE t.name LIKE 'A%' [('Ann',)]
[] pypika: SELECT "name" FROM "t" [('Ann',), ('Bob',)]
[] sqlalchemy: SELECT t.name FROM t WHERE false []
any([]) in Python: False
SELECT "name" FROM "t" WHERE "name" IN () []
DELETE FROM "t" 2 rows deleted
SEEN
