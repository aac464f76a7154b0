"""The name of a format and a stream of bytes → the writer of that format."""

from __future__ import annotations

from codecs import BOM_UTF8
from importlib import import_module
from pathlib import PurePath
from typing import Final, NamedTuple, TextIO

from runtime.errors import SopError, UsageError
from runtime.output.events import Events
from runtime.output.sink import Sink, Stream
from runtime.output.writer import JsonArray, JsonLines, Writer


class _Format(NamedTuple):
    """endings: of files in it. writer: `module:class` in this package, which takes (sink, buffer_until_commit, notes);
    empty where it shows all lines. has_bom: a byte order mark may stand before it. is_binary: no terminal shows it."""

    writer: str = ""
    endings: tuple[str, ...] = ()
    has_bom: bool = False
    is_binary: bool = False


_FORMATS: Final = {
    "jsonl": _Format(),
    "records": _Format("writer:Records", (".ndjson", ".jsonl")),
    "json": _Format(),
    "array": _Format("writer:RecordArray", (".json",)),
    "csv": _Format("tabular:Csv", (".csv",), has_bom=True),
    "table": _Format("table:Table"),
    "sse": _Format(),
    "csv-safe": _Format("tabular:SafeCsv", has_bom=True),
    "tsv": _Format("tabular:Tsv", (".tsv",), has_bom=True),
    "md": _Format("tabular:Markdown", (".md",)),
    "xlsx": _Format("whole:Xlsx", (".xlsx",), is_binary=True),
    "parquet": _Format("whole:Parquet", (".parquet",), is_binary=True),
    "chart": _Format("whole:Chart"),
}
FORMATS: Final = tuple(_FORMATS)
BINARY: Final = tuple(name for name, format_ in _FORMATS.items() if format_.is_binary)
BY_ENDING: Final = {ending: name for name, format_ in _FORMATS.items() for ending in format_.endings}


def format_of(file: str) -> str:
    """The format of a file by its name.

    Args:
        file: Its path.

    Returns:
        A name of `FORMATS`.

    Raises:
        UsageError: D0508, its ending is of no format.
    """
    found = BY_ENDING.get(PurePath(file).suffix.lower())
    if found is None:
        endings = ", ".join(f"file{ending}" for ending in BY_ENDING)
        raise UsageError("D0508", f"{file} has no ending of a known format", f"{endings}, or -f")
    return found


def open_writer(
    format: str, stream: Stream, *, buffer_until_commit: bool, notes: TextIO | None = None, bom: bool = False
) -> Writer:
    """Open a writer of a format.

    Args:
        format: A name of `FORMATS`.
        stream: Gets the bytes.
        buffer_until_commit: Whether lines wait for their segment's end.
        notes: Where formats that show records alone print what a script says; None for stderr.
        bom: Begin with a byte order mark, by which some spreadsheets know UTF-8.

    Returns:
        The writer.

    Raises:
        SopError: V0502 for an unknown format, or one that takes no byte order mark.
        UsageError: D0105, the format needs a package that is not installed.
    """
    sink = Sink(stream)
    known = _FORMATS.get(format)
    if known is None:
        raise SopError("V0502", f"there is no output format `{format}`", f"the formats are {', '.join(FORMATS)}")
    if bom:
        if not known.has_bom:
            takers = ", ".join(f"-f {name}" for name, each in _FORMATS.items() if each.has_bom)
            raise UsageError("V0502", f"the format {format} takes no byte order mark", takers)
        sink.write(BOM_UTF8)
    if format == "jsonl":
        return JsonLines(sink)
    if format == "json":
        return JsonArray(sink, buffer_until_commit)
    if format == "sse":
        return Events(sink)
    module, _, name = known.writer.partition(":")
    made: Writer = getattr(import_module(f"runtime.output.{module}"), name)(sink, buffer_until_commit, notes)
    return made
