"""A path and its new content → the file replaced atomically: a reader sees the old content or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from runtime.errors import SopError


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file atomically. A symbolic link is followed; the file keeps its permissions.

    Raises:
        SopError: C0109, the file can't be written.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():  # a pipe or a device: there is nothing to replace
            target.write_bytes(data)
            return
        temporary.write_bytes(data)
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise SopError("C0109", f"{path} can't be written: {reason}", "check the path and its permissions") from error


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))
