"""What the library keeps about a version of a script, as plain data, and the bytes of each record."""

from __future__ import annotations

from typing import Final

import msgspec

from runtime.bytecode.module import Effects


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a version came from.

    translator: "hand" (no English), "patterns", "model", "local" or "agent"; model: its name, or the agent's;
    prompt_hash, text_hash, source_hash: "sha256:…" of the first request, of the English and of the DSL. file: the
    source's name. copy_of: the version that a rollback brought back. work: sha256 in hex of all that a model was asked
    and answered, which the library keeps. edited: a person has changed the program since it was translated. answers: of
    the text's author to what it left open: (sentence, question, answer).
    """

    translator: str = "hand"
    model: str = ""
    prompt_hash: str = ""
    text_hash: str = ""
    source_hash: str = ""
    file: str = ""
    copy_of: int = 0
    work: str = ""
    edited: bool = False
    answers: tuple[tuple[str, str, str], ...] = ()


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a script.

    Attributes:
        name: The script's name.
        version: Its number, from 1.
        hash: Names the module.
        when: When it was stored: ISO 8601, UTC.
        provenance: Where it came from.
        effects: What it may do.
        calls: Scripts it calls directly.
    """

    name: str
    version: int
    hash: str
    when: str
    provenance: Provenance
    effects: Effects
    calls: tuple[str, ...] = ()


class Bundle(msgspec.Struct, frozen=True):
    """Scripts on their way to another library: their versions, their tags by script, and modules by hash."""

    entries: tuple[Entry, ...]
    tags: dict[str, dict[str, int]]
    modules: dict[str, bytes]


encode_entry: Final = msgspec.msgpack.Encoder().encode
decode_entry: Final = msgspec.msgpack.Decoder(Entry).decode
