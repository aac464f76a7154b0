"""A run that waits in a SQLite file that can't be written any more: it is told, kept, and finishes after the repair."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import Done, Place, command, environment

SCRIPT = """
script confirm(n: int) -> int
  insert into effects { number: n }
  commit
  ask "Go on?" into sure: bool
  insert into effects { number: n + 1 }
  return count(from effects)
end
"""
pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere, and can't give that up here"
)


def run(place: Place, *words: str) -> Done:
    """Run `sopvm` as somebody for whom the modes of files count."""
    before = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, *command("sopvm", *words)],
        cwd=place.folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Done(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A run waits in `data/shop.db`, whose folder is sealed with it."""
    made = Place(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    made.sql("create table effects (number integer not null)", data / "shop.db")
    made.write("sop.toml", '[databases]\nmain = "sqlite:///data/shop.db"\n')
    made.compile(SCRIPT)
    assert run(made, "run", "confirm", "n=1").exit_code == 3
    yield made
    mend(data)


def mend(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("sealed", ["the file", "the folder too"])
def test_a_run_that_waits_in_a_read_only_file_is_told_and_kept(place: Place, sealed: str) -> None:
    """SQLite can't even read a file in WAL mode where it may make no files beside it; the error says so then."""
    data = place.folder / "data"
    (listed,) = run(place, "runs", "-f", "records").lines
    before = place.dump(data / "shop.db")
    (data / "shop.db").chmod(0o444)
    if sealed == "the folder too":
        data.chmod(0o555)
    for words in (("answer", listed["run"], "yes"), ("resume", listed["run"]), ("cancel", listed["run"])):
        told = run(place, *words)
        assert told.exit_code in (1, 2) and "can only be read" in told.stderr, (words, told)
    worked = run(place, "worker", "--until-idle")
    assert worked.stdout == b"", worked
    seen = run(place, "runs", "-f", "records")
    if sealed == "the file":
        assert seen.lines == [listed] and listed["status"] == "waiting"
    else:
        assert "can only be read" in seen.stderr, seen
    mend(data)
    assert place.dump(data / "shop.db") == before
    done = run(place, "answer", listed["run"], "yes")
    assert (done.exit_code, done.lines[-1]["result"]) == (0, 2)
    assert place.sql("select number from effects order by number", data / "shop.db") == [(1,), (2,)]
