"""The name of a file, or `-` → a stream whose content becomes the file as a whole, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from runtime.errors import UsageError

STDOUT: Final = "-"


@contextmanager
def destination(file: str, force: bool) -> Iterator[BinaryIO]:
    """Open a stream that becomes the file when the block ends without an error; until then the file is not touched.

    Raises:
        SopError: D0508 when it can't be written, D0509 when it exists and may not be replaced.
    """
    if file == STDOUT:
        yield sys.stdout.buffer
        return
    target = Path(file).resolve()
    try:
        if target.exists() and not (target.is_file() or target.is_dir()):  # a pipe or a device
            with target.open("wb") as stream:
                yield stream
            return
        if target.is_file() and not force:
            raise UsageError("D0509", f"{file} is there already", "--force replaces it")
        with _replacing(target) as stream:
            yield stream
    except OSError as error:
        if error.filename is None:
            raise
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            "D0508", f"{file} can't be written: {reason}", "check the folder and its permissions"
        ) from error


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    from os import getpid

    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder", str(target))
    temporary = target.with_name(f".{target.name}.{getpid()}")
    try:
        with temporary.open("xb") as stream:
            yield stream
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
