"""The name of a format and a stream of bytes → the writer of that format."""

from __future__ import annotations

from typing import Final, TextIO

from runtime.errors import SopError
from runtime.output.events import Events
from runtime.output.sink import Sink, Stream
from runtime.output.tabular import Csv, SafeCsv, Table
from runtime.output.writer import JsonArray, JsonLines, Records, Writer

FORMATS: Final = ("jsonl", "records", "json", "csv", "table", "sse", "csv-safe")


def open_writer(format: str, stream: Stream, *, buffer_until_commit: bool, notes: TextIO | None = None) -> Writer:
    """Open a writer of a format.

    Args:
        format: A name of `FORMATS`.
        stream: Gets the bytes.
        buffer_until_commit: Whether lines wait for their segment's end.
        notes: Where formats that show records alone print what a script says; None for stderr.

    Returns:
        The writer.

    Raises:
        UsageError: V0502 for an unknown format.
    """
    sink = Sink(stream)
    if format == "jsonl":
        return JsonLines(sink)
    if format == "json":
        return JsonArray(sink, buffer_until_commit)
    if format == "records":
        return Records(sink, buffer_until_commit, notes)
    if format == "sse":
        return Events(sink)
    if format in ("csv", "csv-safe", "table"):
        return {"csv": Csv, "csv-safe": SafeCsv, "table": Table}[format](sink, buffer_until_commit, notes)
    raise SopError("V0502", f"there is no output format `{format}`", f"the formats are {', '.join(FORMATS)}")
