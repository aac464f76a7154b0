"""A database's path → nothing, or an error when it is a library of scripts: no run may open one as a database."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from runtime.config import HOME_NAME, LIBRARY_FILE
from runtime.errors import UsageError

_LOCK: Final = f"{LIBRARY_FILE}-lock"
_MAGIC: Final = (0xBEEFC0DE).to_bytes(4, "little")  # of an LMDB file, after its page's header
_MAGIC_AT: Final = slice(16, 20)


def refuse_library(path: Path, name: str) -> None:
    """Raises UsageError D0109 for the file of a library or its lock, whatever name or link leads there, and for a
    folder that is a home, which holds one. name: what scripts would call the database. What can't be looked at is left
    to the engine."""
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
    with real.open("rb") as stream:
        start = stream.read(_MAGIC_AT.stop)
    return "is a library" if start[_MAGIC_AT] == _MAGIC else ""
