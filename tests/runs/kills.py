"""Scripts whose process is killed again and again between their first and their last effect → whether every effect and
every line is there exactly once.

    python -m tests.runs.kills --kills 50 [--effects 4000]

A kill waits until a random number of further effects is seen in the database: timed from the start, most kills would
hit the start-up. Nothing is said about how long anything takes.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any, Final

from tests.commands import Place
from tests.postgres import shared

MAX_SECONDS: Final = 300.0  # for an effect to be seen; a busy machine needs some
FURTHER_EFFECTS: Final = 20  # at most, from one kill to the next

SCRIPTS: Final = """
script counted(n: int) -> int
  for each i in 1 to n do
    insert into effects { number: i }
    emit { number: i }
    commit
  end
  return n
end

script spooled() -> int
  for each row in from source order by id do
    insert into effects { number: row.id }
    emit { number: row.id }
    commit
  end
  return 0
end

script halves()
  for each row in from source where id % 2 = 1 order by id do
    emit { number: row.id }
    emit { number: row.id + 1 }
  end
end

script pipeline() -> int
  for each one in halves() do
    insert into effects { number: one.number }
    emit { number: one.number }
    commit
  end
  return 0
end
"""
TABLES: Final = (
    "create table effects (number bigint not null)",
    "create table source (id bigint primary key, name text)",
)


class Killed:
    """count: how many effects are there. sql: runs a statement of ours in the database."""

    def __init__(self, place: Place, count: Callable[[], int], sql: Callable[[str], object], seed: int) -> None:
        self.place = place
        self.count = count
        self.sql = sql
        self.kills = 0
        self.between = 0  # kills with some effects done and some not
        self._chance = random.Random(seed)

    def run(self, script: str, effects: int, kills: int) -> None:
        """Run it to its end, with so many kills."""
        arguments = ["run", script, "--id", script, *([f"n={effects}"] if script == "counted" else [])]
        before = self.count()
        goal = before + effects
        while True:
            process = self.place.start("sopvm", *arguments)
            if self.kills < kills:
                self._kill(process, goal)
            out, errors = process.communicate(timeout=MAX_SECONDS)
            assert b"Traceback" not in errors, errors.decode()
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL, (process.returncode, errors.decode(), out[-500:].decode())
            found = self._found(script)
            if found is not None and found["status"] == "ok":  # it was killed when all was done
                break
            if found is not None:
                arguments = ["resume", found["run"]]
            # the rows of a loop are those of its beginning
            self.sql("delete from source where id = (select max(id) from source)")
            self.sql(f"insert into source values ({10_000_000 + self.kills}, 'new')")

    def _kill(self, process: subprocess.Popen[bytes], goal: int) -> None:
        """Once some more effects are seen, or the run has ended."""
        enough, deadline = self.count() + self._chance.randint(1, FURTHER_EFFECTS), time.monotonic() + MAX_SECONDS
        while self.count() < enough and process.poll() is None:
            assert time.monotonic() < deadline, "no effect was seen"
            time.sleep(0.001)
        if process.poll() is None:
            process.kill()
            self.kills += 1
            self.between += self.count() < goal

    def _found(self, script: str) -> dict[str, Any] | None:
        """The script's run as it is kept; None when it was killed before its first segment ended."""
        listed = self.place.ok("sopvm", "runs", "--script", script, "-f", "records").lines
        assert len(listed) < 2, listed
        return listed[0] if listed else None


def run(folder: Path, engine: str, script: str, effects: int, kills: int, seed: int) -> Killed:
    """Run one script with kills; AssertionError unless every effect and every line is there once, in its order."""
    place = Place(folder)
    connection: Any
    with ExitStack() as stack:
        if engine == "postgres":
            schema = stack.enter_context(shared().schema())
            connection = stack.enter_context(shared().connect(schema))
            place.write("sop.toml", f'[databases]\nmain = "{shared().url(schema)}"\n')
        else:
            place.home.mkdir()
            connection = sqlite3.connect(place.main, isolation_level=None, timeout=60)
            stack.callback(connection.close)

        def sql(text: str) -> list[Any]:
            cursor = connection.execute(text)
            return list(cursor.fetchall()) if cursor.description is not None else []

        for statement in TABLES:
            sql(statement)
        sql(
            f"with recursive n(id) as (select 1 union all select id + 1 from n where id < {effects})"
            " insert into source select id, 'row ' || id from n"
        )
        place.compile(SCRIPTS)
        killed = Killed(place, lambda: int(sql("select count(*) from effects")[0][0]), sql, seed)
        killed.run(script, effects, kills)
        numbers = [number for (number,) in sql("select number from effects order by number")]
        assert numbers == list(range(1, effects + 1)), (len(numbers), len(set(numbers)))
        lines = place.ok("sopvm", "logs", script).lines
        told = [line["result"]["number"] for line in lines if line["type"] == "record"]
        assert told == numbers, (len(told), len(set(told)))
        return killed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--effects", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for engine, script in product(("sqlite", "postgres"), ("counted", "spooled", "pipeline")):
        with tempfile.TemporaryDirectory() as folder:
            killed = run(Path(folder), engine, script, options.effects, options.kills, options.seed)
        print(f"{engine}, {script}: {killed.kills} kills, {killed.between} between first and last effect, all exact")


if __name__ == "__main__":
    main()
