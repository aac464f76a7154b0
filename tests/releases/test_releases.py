"""A library that an earlier version wrote → the same scripts with the same answers in this version.

`NAME/library.mdb.gz` is that version's library of the demo and of two more scripts; `NAME/runs.jsonl` has what each
gave in a dry run over the demo's data. Never write these files anew: they are what users have.
"""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Place

RELEASES = sorted(path.parent for path in Path(__file__).parent.glob("*/library.mdb.gz"))


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
