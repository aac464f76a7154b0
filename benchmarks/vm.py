"""How long do loops and calls take in the virtual machine, compared with the same program in CPython?"""

from __future__ import annotations

import json
from functools import partial
from io import BytesIO
from pathlib import Path

from benchmarks.measure import Row, interleaved, timed
from benchmarks.scripts import make_library
from runtime.databases.protocol import Database
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.run import RunOptions, run

SCRIPTS = """
script sum_of_squares(n: int) -> int
  let total = 0
  for each i in 1 to n do
    set total = total + i * i
  end
  return total
end

script fib(n: int) -> int
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

script collatz(n: int) -> int
  let steps = 0
  for each start in 1 to n do
    let k = start
    while k != 1 do
      if k % 2 = 0 then set k = k // 2 else set k = 3 * k + 1 end
      set steps = steps + 1
    end
  end
  return steps
end
"""


def sum_of_squares(n: int) -> int:
    total = 0
    for i in range(1, n + 1):
        total = total + i * i
    return total


def fib(n: int) -> int:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def collatz(n: int) -> int:
    steps = 0
    for start in range(1, n + 1):
        k = start
        while k != 1:
            if k % 2 == 0:
                k = k // 2
            else:
                k = 3 * k + 1
            steps = steps + 1
    return steps


PROGRAMS = (
    ("sum of squares to 1,000,000", sum_of_squares, 1_000_000, 5.0),
    ("Collatz steps of 1 to 3,000", collatz, 3_000, 5.0),
    ("fib(23)", fib, 23, 16.0),
)


def measure(folder: str) -> list[Row]:
    home = make_library(Path(folder), SCRIPTS)
    rows = []
    with Library.open(home) as library:
        for question, python, argument, aim in PROGRAMS:
            wanted, found = python(argument), _run(library, home, python.__name__, argument)
            if wanted != found:
                raise RuntimeError(f"{question}: {found} is not CPython's {wanted}")
            ours = partial(_run, library, home, python.__name__, argument)
            best = interleaved({"CPython": partial(timed, partial(python, argument)), "sopvm": partial(timed, ours)}, 7)
            rows += [Row(question, "CPython", best["CPython"]), Row(question, "sopvm", best["sopvm"], "CPython", aim)]
    return rows


def _run(library: Library, home: Path, name: str, argument: int) -> object:
    stream = BytesIO()
    database = SQLiteDatabase(home / "main.db", name="main")

    def connect(_name: str) -> Database:
        return database

    run(library, name, {"n": argument}, connect, open_writer("jsonl", stream, buffer_until_commit=False), RunOptions())
    database.close()
    return json.loads(stream.getvalue().splitlines()[-1])["result"]
