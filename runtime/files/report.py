"""What an import did, or would do → the report that a person reads, or the same as data."""

from __future__ import annotations

import re
from shlex import quote
from typing import Any, Final

from runtime.files.decide import Reading
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
        lines.append(f"  {name:{wide}}  {type_:{typed}}  {'; '.join(_notes(reading))}".rstrip())
    lines += [f"note: {note}" for note in loaded.notes]
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


def _sentence(loaded: Loaded) -> tuple[str, list[str]]:
    """A question about the store that its columns can answer, and the names in it: the total of money, else how many
    rows. Empty for a store without rows."""
    if not loaded.rows:
        return "", []
    money = next((each.field.name for each in loaded.readings if each.unit not in ("", "%")), None)
    text = next((each.field.name for each in loaded.readings if each.field.type.name == "text"), None)
    if money is None or text is None:
        return f"How many {loaded.store} are there?", [loaded.store]
    names = [loaded.store, money, text]
    return f"Show the total {money} of the {loaded.store} per {text}.", names
