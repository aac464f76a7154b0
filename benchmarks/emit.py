"""How long does it take to write all flights (5 fields), and a 1 % filter of them, as JSON lines, compared with a
script by hand, the sqlite3 shell and jq?"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, find, interleaved, run_command, sopvm
from benchmarks.scripts import compile_text, read_schema, store
from tests.nycflights.data import csv_files

FIELDS = "carrier, flight, origin, dest, dep_delay"
FILTER = "dep_delay > 190"

SCRIPTS = f"""
script everything()
  emit from flights select {FIELDS}
end

script filtered(floor: int = 190)
  emit from flights where dep_delay > floor select {FIELDS}
end
"""

BY_HAND = """
import sqlite3, sys, msgspec
connection = sqlite3.connect(sys.argv[1])
cursor = connection.execute(sys.argv[2])
names = [column[0] for column in cursor.description]
encoder = msgspec.json.Encoder()
while rows := cursor.fetchmany(2048):
    sys.stdout.buffer.write(encoder.encode_lines([dict(zip(names, row)) for row in rows]))
"""


def measure(folder: str) -> list[Row]:
    home = Path(folder) / "home"
    home.mkdir()
    database = home / "main.db"
    _load(Path(folder), database)
    store(home, compile_text(SCRIPTS, read_schema(database)))
    ndjson = Path(folder) / "flights.ndjson"
    rows = []
    for question, script, where in (("all flights", "everything", ""), ("1 % of them", "filtered", f"WHERE {FILTER}")):
        sql = f"SELECT {FIELDS} FROM flights {where}"
        commands = {
            "by hand": [sys.executable, "-c", BY_HAND, str(database), sql],
            "sopvm run": sopvm("run", script, "--home", str(home), "-f", "records"),
        }
        if shell := find("sqlite3"):
            commands["sqlite3 -json"] = [shell, "-json", str(database), sql]
        if jq := find("jq"):
            keep = f"select(.{FILTER}) | " if where else ""
            commands["jq"] = [jq, "-c", f"{keep}{{{FIELDS}}}", str(ndjson)]
        _write_ndjson(database, ndjson)
        _check(commands, Path(folder))
        outputs = {name: partial(run_command, command, Path(folder) / "output") for name, command in commands.items()}
        best = interleaved(outputs, 5)
        rows += [
            Row(question, "by hand", best["by hand"]),
            Row(question, "sopvm run", best["sopvm run"], "by hand", 1.3),
        ]
        for peer in ("sqlite3 -json", "jq"):
            rows.append(Row(question, peer, best.get(peer), "by hand", note="" if peer in best else "not installed"))
    return rows


def _load(folder: Path, database: Path) -> None:
    connection = sqlite3.connect(database)
    with csv_files(folder)["flights"].open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        kinds = {"carrier": "TEXT", "tailnum": "TEXT", "origin": "TEXT", "dest": "TEXT", "time_hour": "TIMESTAMP"}
        columns = ", ".join(f"{name} {kinds.get(name, 'INTEGER')}" for name in header)
        connection.execute(f"CREATE TABLE flights ({columns})")
        marks = ", ".join("?" * len(header))
        rows = ([None if value == "NA" else value for value in row] for row in reader)
        connection.executemany(f"INSERT INTO flights VALUES ({marks})", rows)
    connection.commit()
    connection.close()


def _write_ndjson(database: Path, path: Path) -> None:
    connection = sqlite3.connect(database)
    cursor = connection.execute("SELECT * FROM flights")
    names = [column[0] for column in cursor.description]
    with path.open("w", encoding="utf-8") as stream:
        for row in cursor:
            stream.write(json.dumps(dict(zip(names, row, strict=True))) + "\n")
    connection.close()


def _check(commands: dict[str, list[str]], folder: Path) -> None:
    """Check that every command gives the same records in the same order."""
    answers = {}
    for name, command in commands.items():
        output = folder / "answer"
        run_command(command, output)
        text = output.read_text(encoding="utf-8")
        answers[name] = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    wanted = answers["by hand"]
    for name, answer in answers.items():
        if answer != wanted:
            raise RuntimeError(f"{name} gives {len(answer)} records, not the {len(wanted)} of the script by hand")
