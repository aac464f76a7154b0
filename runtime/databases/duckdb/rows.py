"""An open result → its rows, from a temporary file where its connection was needed for something else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import IO

from runtime.databases.protocol import BATCH_ROWS
from runtime.values.batches import Row


class Rows:
    """fetch: at most so many of the next rows, none at the end. release: called once when no more are wanted."""

    def __init__(self, fetch: Callable[[int], list[Row]], release: Callable[[], None]) -> None:
        self._fetch = fetch
        self._release: Callable[[], None] | None = release
        self._file: IO[bytes] | None = None

    def next(self, size: int) -> list[Row]:
        """Some of the next rows (at most `size` while they come from the connection), none at the end."""
        if self._release is None:
            return []
        if self._file is None:
            return self._fetch(size)
        batch: list[Row] = pickle.load(self._file)
        return batch

    def put_aside(self) -> None:
        """Read all that is left, so that the connection is free."""
        if self._file is None and self._release is not None:
            file = TemporaryFile()  # noqa: SIM115  # closed when no more rows are wanted
            try:
                while batch := self._fetch(BATCH_ROWS):
                    pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
                pickle.dump([], file)
            except BaseException:
                file.close()
                raise
            file.seek(0)
            self._file = file

    def close(self) -> None:
        """A second time does nothing."""
        release, self._release = self._release, None
        if self._file is not None:
            self._file.close()
        if release is not None:
            release()
