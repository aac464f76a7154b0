"""`?format=` or an Accept header → the format of an answer and its media type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runtime.api.problems import HttpError

STREAMED: Final = {
    "jsonl": "application/x-ndjson",
    "records": 'application/x-ndjson; profile="records"',
    "json": "application/json",
    "sse": "text/event-stream; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
    "csv-safe": "text/csv; charset=utf-8; header=present",
}
WHOLE: Final = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # sent when all is written
MEDIA_TYPES: Final = STREAMED | WHOLE
LINES: Final = ("jsonl", "sse", "json")  # formats that show every line, questions included
_ACCEPTED: Final = {
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/json": "json",
    "text/event-stream": "sse",
    "text/csv": "csv",
    WHOLE["xlsx"]: "xlsx",
}


def choose(wanted: str | None, accept: str | None, offered: Sequence[str] = tuple(MEDIA_TYPES)) -> str:
    """Choose the format of an answer: `wanted`, else the best accepted one, else the first offered.

    Args:
        wanted: the query's `format`; it overrides Accept.

    Raises:
        HttpError: S0108 for an unknown format, S0103 when none is accepted.
    """
    if wanted is not None:
        if wanted not in offered:
            raise HttpError(400, "S0108", f"there is no format {wanted!r} here", f"format is {' or '.join(offered)}")
        return wanted
    if not accept or accept == "*/*":
        return offered[0]
    best, best_quality = None, 0.0
    refused: set[str] = set()
    for media_range in accept.split(","):
        name, parameters = _parsed(media_range)
        quality = _quality(parameters.get("q"))
        for format_ in _meant(name, parameters, offered):
            if not quality:
                refused.add(format_)
            if quality > best_quality and format_ not in refused:
                best, best_quality = format_, quality
                break
    if best is None:
        types = ", ".join(dict.fromkeys(MEDIA_TYPES[format_].partition(";")[0] for format_ in offered))
        raise HttpError(406, "S0103", "the answer can't be had as Accept says", f"Accept: {types}")
    return best


def prefers_html(accept: str | None) -> bool:
    """Tell whether an Accept header asks for a page rather than for any format of lines, as a browser's does."""
    qualities = {name: _quality(given.get("q")) for name, given in map(_parsed, (accept or "").split(","))}
    others = [qualities[name] for name in _ACCEPTED if name in qualities]
    return qualities.get("text/html", 0.0) > max(others, default=0.0)


def _meant(name: str, parameters: dict[str, str], offered: Sequence[str]) -> list[str]:
    """The formats that a media range allows, the best first."""
    if name == "*/*":
        return list(offered)
    if name.endswith("/*"):
        return [format_ for format_ in offered if MEDIA_TYPES[format_].startswith(name[:-1])]
    format_ = _ACCEPTED.get(name, "")
    if format_ == "jsonl" and parameters.get("profile") == "records":
        format_ = "records"
    return [format_] if format_ in offered else []


def _parsed(media_range: str) -> tuple[str, dict[str, str]]:
    name, *parameters = media_range.split(";")
    pairs = [parameter.partition("=") for parameter in parameters]
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}


def _quality(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
