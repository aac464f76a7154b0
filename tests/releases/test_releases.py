"""A library that an earlier version wrote → the same scripts with the same answers in this version.

`NAME/library.mdb.gz` is that version's library of the demo and of two more scripts; `NAME/runs.jsonl` has what each
gave in a dry run over the demo's data. `NAME/kept.ENGINE.sql` has runs that it kept (see keep.py). Never write these
files anew: they are what users have.
"""

from __future__ import annotations

import gzip
import json
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Place
from tests.postgres import shared

RELEASES = sorted(path.parent for path in Path(__file__).parent.glob("*/library.mdb.gz"))


KEPT = sorted(path for path in Path(__file__).parent.glob("*/kept.*.sql"))
HERE = """
create table items (id bigint primary key, name text not null unique, quantity bigint not null);
create table log (id {key}, text text not null);
insert into items values (1, 'a', 9), (2, 'b', 9), (3, 'c', 9), (4, 'd', 9), (5, 'e', 9);
"""


def read(line: str) -> Any:
    """Numbers by value: a decimal may be written with other trailing zeros in another version."""
    return json.loads(line, parse_float=lambda text: Decimal(text).normalize())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The demo's data, no scripts."""
    Place(tmp_path).ok("sopc", "init", "--demo", "demo")
    return Place(tmp_path / "demo")


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.name)
def test_scripts_of_an_earlier_release_run(release: Path, place: Place) -> None:
    place.home.mkdir(exist_ok=True)
    (place.home / "library.mdb").write_bytes(gzip.decompress((release / "library.mdb.gz").read_bytes()))
    runs = [read(line) for line in (release / "runs.jsonl").read_text("utf-8").splitlines()]
    assert len(runs) >= 8
    for run in runs:
        arguments = [f"{name}={value}" for name, value in run["args"].items()]
        done = place.ok("sopvm", "run", run["script"], *arguments, "--dry-run", "-f", "jsonl")
        lines = [read(line) for line in done.text.splitlines()]
        assert [line["result"] for line in lines if line["type"] in ("record", "say")] == run["said"], run["script"]
        assert (lines[-1]["result"], lines[-1]["changes"]) == (run["result"], run["changes"])


@pytest.mark.parametrize("dump", KEPT, ids=lambda path: f"{path.parent.name}-{path.name.split('.')[1]}")
def test_runs_that_an_earlier_release_kept_end(dump: Path, tmp_path: Path) -> None:
    """With no library, over stores whose rows have changed: an upgrade strands nothing."""
    place, engine = Place(tmp_path), dump.name.split(".")[1]
    text = dump.read_text(encoding="utf-8")
    with ExitStack() as stack:
        if engine == "sqlite":
            place.sql(HERE.format(key="integer primary key") + text)
            rows = place.sql
        else:
            schema = stack.enter_context(shared().schema(HERE.format(key="bigserial primary key") + text))
            connection = stack.enter_context(shared().connect(schema))
            place.write("sop.toml", f'[databases]\nmain = "{shared().url(schema)}"\n')

            def rows(text: str, database: Path | None = None) -> list[Any]:
                return connection.execute(text.encode()).fetchall()

        def ends(*words: str) -> tuple[Any, list[str]]:
            """What the run returned, and the rows that it has written since."""
            ((last,),) = rows("select coalesce(max(id), 0) from log")
            end = place.ok("sopvm", *words).lines[-1]
            return end["result"], [text for (text,) in rows(f"select text from log where id > {last} order by id")]

        assert len(place.ok("sopvm", "runs", "-f", "records").lines) == 4
        words = ["bolt", "5", "nut", "50", "gear", "7", "axle", "1", "cog", "12"]
        totals = range(128, 171, 3)
        result, written = ends("answer", "waiting", "yes", "--answer", "deep/2=yes")
        assert result == 170
        assert [each.split() for each in written] == [
            [word, str(total)] for word, total in zip([*words, *"abcde"], totals, strict=True)
        ]
        result, written = ends("resume", "interrupted")
        assert result == 3
        told = [line["result"] for line in place.ok("sopvm", "logs", "interrupted").lines if line["type"] == "record"]
        assert told == [
            {"name": name, "number": i} for name in ("cog", "axle", "gear", "nut", "bolt") for i in (1, 2, 3)
        ]
        assert 0 < len(written) < 15 and written[-1].endswith(" 2026-05-01")
        assert ends("resume", "pending")[0] == 2
        result, written = ends("retry", "failed")
        assert (result, len(written)) == (3, 11)
