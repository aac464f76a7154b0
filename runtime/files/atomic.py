"""A path and its new content → the file replaced atomically: a reader sees the old content or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from runtime.errors import SopError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a stream whose content becomes the file when the block ends without an error; until then the file stays.

    A symbolic link is followed, and the file keeps its permissions. A pipe or a device is written at once.

    Args:
        path: The file, which need not exist; its folder must.

    Returns:
        A context manager that gives the stream.

    Raises:
        OSError: The file can't be written, or it is a folder.
    """
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder", str(target))
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            yield stream
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """Make a folder, and those above it.

    Raises:
        SopError: C0109, it can't be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SopError("C0109", f"{path} can't be made: {reason}", "check the path and its permissions") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Replace a file atomically.

    Args:
        path: The file, as for `replacing`.
        data: Its new content.

    Raises:
        SopError: C0109, the file can't be written.
    """
    try:
        with replacing(path) as stream:
            stream.write(data)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SopError("C0109", f"{path} can't be written: {reason}", "check the path and its permissions") from error


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically, in UTF-8.

    Args:
        path: The file, as for `replacing`.
        text: Its new content.

    Raises:
        SopError: C0109, the file can't be written.
    """
    write_bytes(path, text.encode("utf-8"))
