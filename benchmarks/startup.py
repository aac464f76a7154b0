"""How long do commands take to start, compared with importing the packages they need?"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, interleaved, run_command, sopc, sopvm
from benchmarks.scripts import make_library

SCRIPT = """
script hello()
  emit from words select word
end
"""

PLAIN = """script plain(name: text = "you")
  say "Hello, {name}"
end
"""


def measure(folder: str) -> list[Row]:
    home = make_library(Path(folder), SCRIPT, "CREATE TABLE words (word TEXT); INSERT INTO words VALUES ('hello')")
    output = Path(folder) / "output"
    ours = sopvm("run", "hello", "--home", str(home))
    run_command(ours, output)  # the first run keeps the SQL in the library
    run_command(ours, output)
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert lines[1]["result"] == {"word": "hello"}, lines
    assert lines[-1]["status"] == "ok", lines

    program = Path(folder) / "plain.sop"
    program.write_text(PLAIN)
    run_command(sopc("compile", str(program), "--home", str(home)), output)  # keeps the grammar's tables in the cache

    peers = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "bare imports": [sys.executable, "-c", "import click, lmdb, msgspec"],
        "sopvm run": ours,
        "sopc ls": sopc("ls", "--home", str(home)),
        "sopc --help": sopc("--help"),
        "the compiler's imports": [sys.executable, "-c", "import click, lmdb, msgspec, lark, pydantic"],
        "sopc compile, 3 lines": sopc("compile", str(program), "--home", str(home)),
    }
    best = interleaved({name: partial(run_command, command, output) for name, command in peers.items()}, 15)
    return [
        Row("start-up", "python -c pass", best["python -c pass"]),
        Row("start-up", "bare imports", best["bare imports"]),
        Row("start-up", "sopvm run", best["sopvm run"], "bare imports", 1.2),
        Row("start-up", "sopc ls", best["sopc ls"], "bare imports", 2),
        Row("start-up", "sopc --help", best["sopc --help"], "bare imports", 2),
        Row("start-up", "the compiler's imports", best["the compiler's imports"]),
        Row("start-up", "sopc compile, 3 lines", best["sopc compile, 3 lines"], "the compiler's imports", 2),
    ]
