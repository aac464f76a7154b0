"""A database's path → nothing, or an error when it is a library of scripts: no run may open one as a database."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from runtime.config import HOME_NAME, LIBRARY_FILE
from runtime.errors import UsageError

_LOCK: Final = f"{LIBRARY_FILE}-lock"
_MAGIC: Final = (0xBEEFC0DE).to_bytes(4, "little")  # of an LMDB file, after its page's header
_MAGIC_AT: Final = slice(16, 20)
_DUCKDB_AT: Final = slice(8, 12)
_reading: Final = Lock()


def refuse_library(path: Path, name: str) -> None:
    """Raises UsageError D0109 for the file of a library or its lock, whatever name or link leads there, and for a
    folder that is a home, which holds one. name: what scripts would call the database. A path that can't be read is
    left to the engine."""
    try:
        real = path.resolve()
        reason = _reason(real)
    except (OSError, RuntimeError, ValueError):
        return
    if reason:
        raise UsageError(
            "D0109",
            f"`{name}` can't be {path}: that {reason} of scripts, which no script may read or write",
            "the URL of a database of its own",
        )


def _reason(real: Path) -> str:
    if real.is_dir():
        return "is the home folder of a library" if real.name == HOME_NAME or (real / LIBRARY_FILE).exists() else ""
    for part in (LIBRARY_FILE, _LOCK):
        beside = real.parent / part
        if beside.exists() and real.exists() and real.samefile(beside):
            return "is the library"
    if not real.is_file():
        return ""
    return "is a library" if first_bytes(real)[_MAGIC_AT] == _MAGIC else ""


def is_duckdb(start: bytes) -> bool:
    """By a file's first bytes; an empty file is a new database."""
    return not start or start[_DUCKDB_AT] == b"DUCK"


def first_bytes(path: Path) -> bytes:
    """The first 20 bytes of a file, fewer of a shorter one. Raises OSError.

    A file that this process has open, by whatever connection, is read by that descriptor: opening and closing it again
    would drop all locks that the process has on it (https://www.sqlite.org/howtocorrupt.html, 2.2). SQLite's own
    connections would lose theirs, and another process would remove the log that they still write to.
    """
    with _reading:
        stat = path.stat()
        for entry in Path("/dev/fd").iterdir():
            with suppress(OSError):  # the folder's own is closed by now, and some can't be read
                descriptor = int(entry.name)
                if os.path.samestat(stat, os.fstat(descriptor)):
                    return os.pread(descriptor, _MAGIC_AT.stop, 0)
        with path.open("rb") as stream:
            return stream.read(_MAGIC_AT.stop)
