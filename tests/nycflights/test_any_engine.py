"""One script, compiled once, prints the same lines on every engine, except the run's id and duration."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from tests.commands import Place
from tests.nycflights.data import csv_files
from tests.postgres import Server

SCRIPT = Path(__file__).parent / "any_engine" / "top_routes.sop"
STORES = ("airlines", "airports", "flights")
FLIGHTS = 20_000


def test_top_routes_are_the_same_lines_on_every_engine(tmp_path: Path, postgres: Server) -> None:
    place = Place(tmp_path)
    files = csv_files(tmp_path)
    with files["flights"].open(encoding="utf-8") as stream:
        place.write("some.csv", "".join(islice(stream, FLIGHTS + 1)))
    files["flights"] = tmp_path / "some.csv"
    with postgres.schema() as schema:
        urls = ["sqlite:///nyc.db", "duckdb:///nyc.duckdb", postgres.url(schema)]
        for url in urls:
            for store in STORES:
                options = ["--store", store, "--null", "NA", "--into", "nyc", "--db", f"nyc={url}"]
                place.ok("sopvm", "db", "import", str(files[store]), *options)
        (tmp_path / "parquet").mkdir()
        for store in STORES:
            place.ok(
                "sopvm", "db", "export", f"nyc.{store}", f"parquet/{store}.parquet", "--db", "nyc=duckdb:///nyc.duckdb"
            )
        place.ok("sopc", "compile", str(SCRIPT), "--yes", "--db", f"nyc={urls[0]}")
        first, *others = [
            shown(place.ok("sopvm", "run", "top_routes", "--db", f"nyc={url}").lines)
            for url in [*urls, "files:///parquet"]
        ]
    assert len(first) == 12 and first[1]["result"]["dest"] == "LAX"
    assert others == [first] * 3


def shown(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines without what differs from run to run."""
    return [{key: value for key, value in line.items() if key not in ("run", "ms")} for line in lines]
