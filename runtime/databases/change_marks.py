"""A database → a mark that differs once its data may have changed since."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

_SETTLED_SECONDS: Final = 0.1  # a file may be written twice within one tick of its clock


class Mark(NamedTuple):
    """place: where the data are, the same for every connection to them. state: of the data. settled: whether any later
    change is sure to give another state."""

    place: str
    state: str
    settled: bool = True


def mark_of_files(place: Path, files: Iterable[Path]) -> Mark:
    """The mark of data in files, by their sizes and times; missing and empty ones count for nothing."""
    states = []
    newest = 0
    for file in files:
        try:
            found = os.stat(file)  # noqa: PTH116 (pathlib's is slower, and folders may hold many files)
        except OSError:
            continue
        if found.st_size:
            states.append(f"{file.name}:{found.st_size}:{found.st_mtime_ns}:{found.st_ino}")
            newest = max(newest, found.st_mtime_ns)
    return Mark(str(place.absolute()), " ".join(states), time.time_ns() - newest > _SETTLED_SECONDS * 1e9)
