"""JSON of a run → JSON that every client reads without loss: numbers that JavaScript would round become texts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from runtime.output.records import encode
from runtime.values.conversion import json_ready

LARGEST: Final = 2**53 - 1  # the largest int that JSON's readers in JavaScript keep
LONG_TEXT: Final = 1000  # characters; longer texts are cut in a record that is too long for a message
_SHELL: Final = re.compile(r"(^|\s)--[a-z]|^(sopc|sopvm|pip) ")  # a hint for the command line
MAX_RECORDS: Final = 100  # of a result,
MAX_BYTES: Final = 40_000  # and bytes of them
MAX_MESSAGE: Final = 240_000  # bytes of a result in its message: clients broke at 1 MiB


def parsed(data: bytes | str) -> Any:
    """JSON → values without loss, as `lossless`."""
    return lossless(json.loads(data, parse_float=Decimal))


def plain(value: Any) -> Any:
    """A value of the language → JSON without loss, as `lossless`."""
    return parsed(encode(json_ready(value)))


def lossless(value: Any) -> Any:
    """The value with texts in place of ints beyond 2^53 and of decimals that a float would change."""
    if isinstance(value, dict):
        return {name: lossless(item) for name, item in value.items()}
    if isinstance(value, list):
        return [lossless(item) for item in value]
    if isinstance(value, Decimal):
        number = float(value)
        return number if Decimal(repr(number)) == value else format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        return str(value)
    return value


def size(value: Any) -> int:
    """Bytes of the value as JSON."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def message_size(value: Any) -> int:
    """Bytes of the value in a message, which holds it twice: as JSON, and as a text with that JSON in it."""
    return size(value) + size(json.dumps(value, ensure_ascii=False))


def bounded(said: dict[str, Any]) -> dict[str, Any]:
    """A result, with a note in place of its longest values until a message holds it."""
    while message_size(said) > MAX_MESSAGE:
        longest = max(said, key=lambda name: size(said[name]))
        said = {**said, longest: f"({size(said[longest]):,} bytes: not shown)"}
    return said


def told_error(error: Mapping[str, Any]) -> dict[str, Any]:
    """An error and its findings, with hints that an agent can act on: a command or option is for the person."""
    said = {**error, "hint": _told_hint(error.get("hint"))}
    if "findings" in error:
        said["findings"] = [{**each, "hint": _told_hint(each.get("hint"))} for each in error["findings"]]
    return {name: value for name, value in said.items() if value is not None}


def _told_hint(hint: str | None) -> str | None:
    if hint is None or not _SHELL.search(hint):
        return hint
    return f"the person can change this, on the command line: {hint}"


def fitting(record: Any) -> Any:
    """A record that fits into a message: with its long texts cut, or a note of how long it is."""
    length = size(record)
    if length <= MAX_BYTES:
        return record
    shorter = _cut(record)
    return shorter if size(shorter) <= MAX_BYTES else {"too_long": f"a record of {length:,} bytes is not shown"}


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, str) and len(value) > LONG_TEXT:
        return f"{value[:LONG_TEXT]}… ({len(value):,} characters)"
    return value
