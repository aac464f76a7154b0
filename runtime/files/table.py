"""What a reader of files or frames gives: what can be read any number of times, by batches of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runtime.query.schema import Field


class BadLine(NamedTuple):
    """A line (1-based, where its row begins) that can't be loaded, and why."""

    line: int
    reason: str


class Batch(NamedTuple):
    """Some rows in their order: for each its first line and its values, by the names of the table. blank: how many
    were left out because all of their cells are empty."""

    lines: list[int]
    rows: list[Any]
    bad: list[BadLine]
    bytes_done: int
    blank: int = 0


class Table(NamedTuple):
    """A file that can be read any number of times. title: what messages call it. names: of a CSV or Parquet file's
    columns; empty for NDJSON, whose rows are dicts. clean: it is UTF-8 throughout and holds no character 0. fields: of
    a Parquet file or a frame, which know their types; their rows are VM values. unit: what a line of it is called.
    delimiter: of a CSV file. above: rows of it above the data, with the header. unnamed: its columns that the file
    gives no name. notes: what is told of its first rows."""

    path: Path
    title: str
    format: str
    size: int
    names: list[str]
    clean: bool
    batches: Callable[[], Iterator[Batch]]
    fields: tuple[Field, ...] = ()
    unit: str = "line"
    delimiter: str = ""
    above: int = 1
    unnamed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
