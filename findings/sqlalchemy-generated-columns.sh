#!/usr/bin/env bash
# SQLAlchemy reads the rest of the table as the expression of a generated column in SQLite, or reads none.
#
# Guess: reflection gives the expression `a * 2`, since SQLite accepts the statement and keeps its text.
# Behaviour: the expression is cut out of the CREATE TABLE text with a pattern that runs to the last bracket of the
# line. In a statement on one line that goes on with decimal(10,2) it is `a * 2) virtual, price decimal(10,2`; in the
# short form, `b int as (a * 2)`, it is empty. Both make a CREATE TABLE that SQLite refuses, or that has no expression.
# Why it matters to us: schemas are read by reflection to copy a table or to compare it with its migration.
# What to do: write each column on a line of its own with `generated always as`, or read sqlite_schema with a parser.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sqlalchemy==2.1.9"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import sqlalchemy as sa

engine = sa.create_engine("sqlite://")
with engine.connect() as connection:
    for statement in [
        "create table t (a int,\n b int generated always as (a * 2) virtual,\n price decimal(10,2))",
        "create table t (a int, b int generated always as (a * 2) virtual, price decimal(10,2))",
        "create table t (a int,\n b int as (a * 2),\n price decimal(10,2))",
    ]:
        connection.exec_driver_sql("drop table if exists t")
        connection.exec_driver_sql(statement)
        print(statement)
        print("  expression:", repr(sa.inspect(connection).get_columns("t")[1]["computed"]["sqltext"]))
        copy = str(sa.schema.CreateTable(sa.Table("t", sa.MetaData(), autoload_with=connection)).compile(engine))
        connection.exec_driver_sql("drop table t")
        try:
            connection.exec_driver_sql(copy)
            print("  the reflected table is created again")
        except sa.exc.OperationalError as error:
            print("  created again:", str(error.orig))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
create table t (a int,
 b int generated always as (a * 2) virtual,
 price decimal(10,2))
  expression: 'a * 2'
  the reflected table is created again
create table t (a int, b int generated always as (a * 2) virtual, price decimal(10,2))
  expression: 'a * 2) virtual, price decimal(10,2'
  created again: near "VIRTUAL": syntax error
create table t (a int,
 b int as (a * 2),
 price decimal(10,2))
  expression: ''
  created again: near ")": syntax error
SEEN
