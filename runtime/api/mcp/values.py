"""JSON of a run → JSON that every client reads without loss: numbers that JavaScript would round become texts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from runtime.output.records import encode
from runtime.values.conversion import json_ready

LARGEST: Final = 2**53 - 1  # the largest int that JSON's readers in JavaScript keep
LONG_TEXT: Final = 1000  # characters; longer texts are cut in a record that is too long for a message
MAX_RECORDS: Final = 100  # of a result,
MAX_BYTES: Final = 40_000  # and bytes of them
MAX_RESULT: Final = 100_000  # bytes of a result, which a message holds twice: clients broke at 1 MiB


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


def bounded(said: dict[str, Any]) -> dict[str, Any]:
    """A result, with a note in place of its longest values until a message holds it."""
    while size(said) > MAX_RESULT:
        longest = max(said, key=lambda name: size(said[name]))
        said = {**said, longest: f"({size(said[longest]):,} bytes: not shown)"}
    return said


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
