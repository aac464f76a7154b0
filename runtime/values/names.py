"""A name of a store, a field or a variable → why no program can hold it."""

from __future__ import annotations

from typing import Final

MAX_NAME: Final = 1000
MAX_SCRIPT_BYTES: Final = 200  # of a script or a tag: LMDB's keys end at 511 bytes, and a tag's key holds both


def name_fault(name: str) -> str | None:
    """What is wrong with a name, to be said after it; None for one that modules can hold."""
    if not name:
        return "is empty"
    if len(name) > MAX_NAME:
        return f"is longer than {MAX_NAME:,} characters"
    return "has a null character in it" if "\0" in name else None


def shortened(name: str) -> str:
    """The name as a message shows it: a long one by its start."""
    return name if len(name) <= 40 else f"{name[:37]}…"
