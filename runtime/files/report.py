"""What an import did, or would do → the report that a person reads, or the same as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote
from typing import Any, Final

import msgspec

from runtime.files.decide import Reading
from runtime.files.links import Link, Links, is_label
from runtime.files.load import Loaded

# A name that English can say: words of letters, none of which the language has for itself.
_PLAIN: Final = re.compile(r"[^\W\d_][^\W_]*(?:[_ ][^\W_]+)*")
_COMMANDS: Final = frozenset({"from", "where", "order", "by", "select", "limit", "and", "or", "not", "in", "if", "end"})


def report_lines(loaded: Loaded, title: str, place: str, *, look: bool = False) -> list[str]:
    """Describe an import, for a person.

    Args:
        loaded: What was done.
        title: What the file is called.
        place: What the store is called, with its database.
        look: Nothing was loaded: what would be.

    Returns:
        Lines: the file, a line for each column with all that was told about it, what was left out, a sentence to try.
    """
    rows = f"{loaded.rows} row{'' if loaded.rows == 1 else 's'}"
    lines = [f"{title}: {rows}" if look else f"{title} → {place}: {rows}"]
    names = [reading.field.name for reading in loaded.readings]
    types = [_type(reading) for reading in loaded.readings]
    wide, typed = (max(map(len, column), default=0) for column in (names, types))
    for name, type_, reading in zip(names, types, loaded.readings, strict=True):
        told = [*_links(loaded, name), *_notes(reading)]
        lines.append(f"  {name:{wide}}  {type_:{typed}}  {'; '.join(told)}".rstrip())
    lines += [f"note: {note}" for note in loaded.notes]
    lines += [f"note: {link_text(link)}" for link in loaded.links.links if link.store != loaded.store]
    lines += _ways(loaded.links, place.removesuffix(loaded.store))
    lines += [f"{title}:{bad.line}: left out: {bad.reason}" for bad in loaded.bad]
    if loaded.bad_count > len(loaded.bad):
        lines.append(f"{title}: {loaded.bad_count - len(loaded.bad)} more lines left out")
    sentence, names = _sentence(loaded)
    if look or not sentence:
        return lines
    if all(map(_PLAIN.fullmatch, names)) and not {name.lower() for name in names} & _COMMANDS:
        lines.append(f"try: sopvm do {quote(sentence)}")
    elif "`" not in loaded.store and place.startswith("main."):  # no text of the language holds such a name
        lines.append(f"try: sopvm db query {quote(f'from `{loaded.store}` limit 5')}")
    return lines


def link_lines(store: str, links: Links, place: str) -> list[str]:
    """Describe what is known of a store's key and references, for a person.

    Args:
        store: Its name.
        links: What was found or said.
        place: What it is called, with its database.
    """
    lines = [f"{place}: key {', '.join(links.keys)}"] if links.keys else []
    lines += map(link_text, links.links)
    return [*lines, *_ways(links, place.removesuffix(store))] or [f"{place}: no key and no reference is found"]


def report_data(loaded: Loaded, title: str, place: str, *, look: bool = False) -> dict[str, Any]:
    """Describe an import, for a program.

    Args:
        loaded: As for `report_lines`.
        title: As for `report_lines`.
        place: As for `report_lines`.
        look: As for `report_lines`.

    Returns:
        The store, its rows, and for each column its type, form, unit, missing values, nulls and notes.
    """
    return {
        "file": title,
        "store": None if look else place,
        "rows": loaded.rows,
        "columns": [
            {
                "name": reading.field.name,
                "type": str(reading.field.type.not_null()),
                "form": reading.form or None,
                "unit": reading.unit or None,
                "missing": reading.missing,
                "null_words": list(reading.nulls),
                "mostly": reading.mostly or None,
                "notes": list(reading.notes),
                "hint": (reading.hint or None) if reading.mostly else None,
            }
            for reading in loaded.readings
        ],
        "key": list(loaded.links.keys),
        "references": [msgspec.to_builtins(link) for link in loaded.links.links],
        "notes": list(loaded.notes),
        "left_out": [{"line": bad.line, "reason": bad.reason} for bad in loaded.bad],
        "left_out_count": loaded.bad_count,
    }


def _type(reading: Reading) -> str:
    type_ = reading.field.type
    return str(type_) if reading.missing and type_.name != "any" else str(type_.not_null())


def _notes(reading: Reading) -> list[str]:
    missing = [f"{reading.missing} missing"] if reading.missing else []
    return [*missing, *reading.notes]


def _links(loaded: Loaded, name: str) -> Iterator[str]:
    """Whether a column is (a part of) the key, and what it refers to."""
    if name in loaded.links.keys:
        yield "key"
    for link in loaded.links.links:
        if (link.store, link.field) == (loaded.store, name):
            yield link_text(link).removeprefix(f"{link.store}.{link.field} ")


def link_text(link: Link) -> str:
    """A reference on one line."""
    known = "" if link.is_sure else "?"
    found = "" if link.found == link.of and link.is_sure else f" {link.found:,} of {link.of:,} found"
    return f"{link.store}.{link.field} → {link.other_store}.{link.other_field}{known}{found}"


def _ways(links: Links, database: str) -> Iterator[str]:
    """What to type to keep each reference that is not sure. database: with its dot."""
    for link in links.links:
        if not link.is_sure:
            store = quote(database.removeprefix("main.") + link.store)
            said = quote(f"{link.field}={link.other_store}.{link.other_field}")
            yield f"if it is: sopvm db link {store} --references {said}"


def _sentence(loaded: Loaded) -> tuple[str, list[str]]:
    """A question about the store that its columns can answer, and the names in it: the total of money, else how many
    rows. It is not grouped by what rows with a key are called, as two may be called alike. Empty for a store without
    rows."""
    if not loaded.rows:
        return "", []
    money = next((each.field.name for each in loaded.readings if each.unit not in ("", "%")), None)
    texts = [each.field.name for each in loaded.readings if each.field.type.name == "text"]
    text = next((name for name in texts if not (loaded.links.keys and is_label(name))), None)
    if money is None or text is None:
        return f"How many {loaded.store} are there?", [loaded.store]
    names = [loaded.store, money, text]
    return f"Show the total {money} of the {loaded.store} per {text}.", names
