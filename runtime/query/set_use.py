"""What a loop as one statement reads and writes, of which the database has to prove that it may."""

from __future__ import annotations

import msgspec


class ReadField(msgspec.Struct, frozen=True):
    """A field of ints that the loop reads. not_null: it holds no null, and unique: it identifies a row."""

    store: str
    name: str
    not_null: bool
    unique: bool


class SetUse(msgspec.Struct, frozen=True):
    """The fields that are read, and what is written.

    Attributes:
        reads: Each field once.
        step: The number of the step that writes; empty when none does.
        command: insert, update or delete.
        store: What it writes, and
        fields: of it, those that are given a value.
    """

    reads: tuple[ReadField, ...]
    step: str = ""
    command: str = ""
    store: str = ""
    fields: tuple[str, ...] = ()
