"""A run that emits ten million records takes no more memory than one that emits a hundred thousand."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.commands import ROOT, Place, environment

TABLE = "CREATE TABLE thousand (n integer NOT NULL PRIMARY KEY, name text NOT NULL, price decimal(10, 2) NOT NULL)"
ROWS = [(n, f"item {n}", n + 0.25) for n in range(1000)]
SCRIPT = """script generated(thousands: int) uses made
  emit from thousand as a
       join thousand as b on b.n < thousands % 1000 or thousands >= 1000
       join thousand as c on c.n < greatest(thousands // 1000, 1)
       select a.n + 1000 * b.n as id, a.name, b.price
end
"""
PEAK = """
import os, sys
from runtime.cli import main
shown = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
try:
    main(sys.argv[1:], prog_name="sopvm")
except SystemExit as done:
    assert not done.code, done.code
# not ru_maxrss, which begins at the size of the process that started this one
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
os.write(shown, peak.encode())
"""
SPARE_KILOBYTES = 24 * 1024


def peak(place: Place, url: str, thousands: int) -> int:
    """Kilobytes of memory at most."""
    arguments = ["run", "generated", f"thousands={thousands}", "--db", f"made={url}"]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *arguments],
        cwd=place.folder,
        env={**environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stdout)


@pytest.mark.large
@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_ten_million_records_take_no_more_memory_than_a_hundred_thousand(engine: str, tmp_path: Path) -> None:
    place = Place(tmp_path)
    path = tmp_path / f"made.{engine}"
    connection = sqlite3.connect(path) if engine == "sqlite" else duckdb.connect(path)
    connection.execute(TABLE)
    connection.executemany("INSERT INTO thousand VALUES (?, ?, ?)", ROWS)
    connection.commit()
    connection.close()
    url = f"{engine}:///{path.name}"
    place.write("generated.sop", SCRIPT)
    place.ok("sopc", "compile", "generated.sop", "--yes", "--db", f"made={url}")
    few = place.ok("sopvm", "run", "generated", "thousands=3", "--db", f"made={url}")
    assert len(few.records) == 3000
    assert peak(place, url, 10_000) - peak(place, url, 100) < SPARE_KILOBYTES
