"""A JSON document (an array, or an object with an array in it) → NDJSON files: one for its records, and one for each
list of objects in them.

Objects inside a record become fields (`address city`). A list of objects becomes a store of its own, whose records have
the key of the record that they came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from math import isinf
from pathlib import Path
from shlex import quote
from typing import Any, Final, NamedTuple

from runtime.errors import DatabaseError
from runtime.files.asking import answer
from runtime.files.decide import Ask

MOST_BYTES: Final = 1 << 28  # a document is held in memory; larger ones have to be lines
_KEYS: Final = ("id", "_id", "key", "uuid", "guid", "code", "no", "number")
_STEP: Final = re.compile(r"[^.]+")


class Records(NamedTuple):
    """store: what their store is called. notes: what is told of them."""

    store: str
    path: Path
    notes: tuple[str, ...]


class _Found(NamedTuple):
    store: str
    rows: list[dict[str, Any]]
    notes: list[str]


def is_document(path: Path, *, asked: bool, lines: bool) -> bool:
    """Whether a file is one JSON document, and not one object a line.

    Args:
        path: The file, in UTF-8.
        asked: Somebody named a place in the document.
        lines: Its name says that it has one object a line, so that an object is no document.
    """
    with path.open("rb") as stream:
        start = stream.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
        if asked or start.startswith(b"["):
            return True
        if lines or not start.startswith(b"{"):
            return False
        stream.seek(0)
        filled = (line for line in stream if line.strip(b"\xef\xbb\xbf \t\r\n"))
        first, second = next(filled, b""), next(filled, None)
    try:
        found = json.loads(first.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return True  # an object over several lines, or no JSON: the reader of documents says which
    return second is None and isinstance(found, dict) and any(_places(found, ""))


def records_of(
    path: Path, title: str, store: str, folder: Path, place: str | None, *, keep_nested: bool, ask: Ask | None
) -> list[Records]:
    """Write the records of a document as NDJSON.

    Args:
        path: The document, in UTF-8.
        title: Its name in messages.
        store: What the store of its records is called.
        folder: Where to write.
        place: Where in it the records are, as `data.items`; None for the only array there is.
        keep_nested: Keep objects and lists as they are.
        ask: Asks a person which of several arrays is meant.

    Raises:
        DatabaseError: D0504, it is no JSON, too large, or has no array of records, or several.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        message = f"{title} is one JSON document of {size:,} bytes, and at most {MOST_BYTES:,} are read"
        raise DatabaseError("D0504", message, f"jq -c '.[]' {quote(title)} | sopvm db import - --store {quote(store)}")
    records, where = _array(_parsed(path, title), title, place, ask)
    notes = [f"the records are at {where}"] if where and place is None else []
    bad = next((number for number, each in enumerate(records, 1) if not isinstance(each, dict)), None)
    if bad is not None:
        raise DatabaseError("D0504", f"record {bad} of {title} is not an object")
    found = [_Found(store, records, notes)] if keep_nested else _split(store, records, notes)
    written = []
    for number, each in enumerate(found):
        target = folder / f"records_{number}.ndjson"
        with target.open("w", encoding="ascii") as out:
            out.writelines(json.dumps(row, allow_nan=False) + "\n" for row in each.rows)
        written.append(Records(each.store, target, tuple(each.notes)))
    return written


def _parsed(path: Path, title: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            names = [name for name, _ in items]
            raise DatabaseError("D0504", f"{title}: `{next(n for n in names if names.count(n) > 1)}` is given twice")
        return found

    def constant(text: str) -> Any:
        raise DatabaseError("D0504", f"{title} is not JSON: {text} is no number of JSON")

    def number(text: str) -> float:
        value = float(text)
        if isinf(value):
            raise DatabaseError("D0504", f"{title} is not JSON that can be read: the number {text[:40]} is too large")
        return value

    try:
        text = path.read_text("utf-8-sig")
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DatabaseError("D0504", f"{title} is not JSON: {error.msg.lower()} ({where})") from error
    except UnicodeDecodeError as error:
        raise DatabaseError("D0502", f"{title} is not UTF-8") from error
    except RecursionError as error:
        raise DatabaseError("D0504", f"{title} is not JSON that can be read: it is nested too deeply") from error
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise DatabaseError("D0504", f"{title} is not JSON that can be read: a number is too large") from error


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _array(document: Any, title: str, place: str | None, ask: Ask | None) -> tuple[list[Any], str]:
    """The records, and where they are."""
    if place is not None:
        for step in _STEP.findall(place):
            if not isinstance(document, dict) or step not in document:
                inside = ", ".join(document) if isinstance(document, dict) else "no fields"
                raise DatabaseError("D0504", f"{title} has no {place}: before `{step}` it has {inside}")
            document = document[step]
        if not isinstance(document, list):
            raise DatabaseError("D0504", f"{place} of {title} is no array")
        return document, place
    if isinstance(document, list):
        return document, ""
    places = list(_places(document, ""))
    if len(places) == 1:
        return places[0][1], places[0][0]
    if not places:
        raise DatabaseError("D0504", f"{title} has no array of objects in it", "write one object a line")
    names = [name for name, _ in places]
    options = [(f"{name} ({len(rows)} records)", f"--path {quote(name)}") for name, rows in places]
    said = answer(ask, f"{title} has several arrays of objects. Which one?", options)
    if said is not None:
        return places[said][1], places[said][0]
    listed = ", ".join(f"{name} ({len(rows)})" for name, rows in places[:10])
    raise DatabaseError("D0504", f"{title} has several arrays of objects: {listed}", f"--path {names[0]}")


def _places(value: Any, at: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            path = f"{at}.{name}" if at else name
            if _is_records(inner):
                yield path, inner
            else:
                yield from _places(inner, path)


# ── records inside records ─────────────────────────────────────────────────────────────────────────────────────


def _split(name: str, rows: Sequence[dict[str, Any]], notes: Sequence[str]) -> list[_Found]:
    """The records without objects in them, then those of their lists of objects."""
    said = list(notes)
    flat = list(rows)
    while nested := _nested(flat):
        said += [f"the objects in `{field}` became fields" for field in nested]
        flat = [_flat(row, nested) for row in flat]
    lists = [field for field in _fields(flat) if _is_child([row.get(field) for row in flat])]
    if not lists:
        return [_Found(name, flat, said)]
    key = _key(flat, lists)
    if key is None:
        key = _free("row", _fields(flat))
        flat = [{key: number, **row} for number, row in enumerate(flat, 1)]
        said.append(f"`{key}` counts the records, since no field tells them apart")
    children: list[_Found] = []
    for field in lists:
        child = f"{name}_{field.replace(' ', '_')}"
        owner = _free(f"{name}_{key}", _fields([each for row in flat for each in row.get(field) or ()]))
        below = [{owner: row[key], **each} for row in flat for each in row.get(field) or ()]
        said.append(f"the lists in `{field}` became {child}, whose `{owner}` is the `{key}` of the record")
        children += _split(child, below, [])
    kept = [{each: value for each, value in row.items() if each not in lists} for row in flat]
    return [_Found(name, kept, said), *children]


def _fields(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _nested(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Fields that hold objects, and nothing else but null."""
    return [
        field
        for field in _fields(rows)
        if any(row.get(field) for row in rows) and all(isinstance(row.get(field), dict | None) for row in rows)
    ]


def _flat(row: dict[str, Any], nested: Sequence[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in row.items():
        if name not in nested:
            made[_free(name, made)] = value
        elif value:
            for inner, item in value.items():
                made[_free(f"{name} {inner}", [*made, *row])] = item
    return made


def _free(name: str, taken: Any) -> str:
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _is_child(values: Sequence[Any]) -> bool:
    there = [value for value in values if value is not None]
    return any(map(_is_records, there)) and all(value == [] or _is_records(value) for value in there)


def _key(rows: Sequence[dict[str, Any]], lists: Sequence[str]) -> str | None:
    """A field that tells the records apart: every record has it, and no two the same."""
    fields = [field for field in _fields(rows) if field not in lists]
    for field in sorted(fields, key=lambda name: (name.lower() not in _KEYS, not name.lower().endswith("id"))):
        values = [row.get(field) for row in rows]
        if all(type(value) in (int, str) for value in values) and len(set(values)) == len(values):
            return field
    return None
