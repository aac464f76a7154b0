"""Batches of rows → a Spool on this machine's disk: in memory while it is small, in a temporary file from then on.

For databases in which we can't create a table: a replica, a read-only transaction, a folder of files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Final

from runtime.values.batches import Row
from runtime.values.conversion import pack, unpack

_IN_MEMORY: Final = 4_000_000  # bytes


class FileSpool:
    """See runtime/databases/protocol.py. Each batch is packed by itself: any position takes one read."""

    def __init__(self, batches: Iterable[list[Row]]) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._starts: list[int] = []  # number of the first row of each batch
        self._places: list[tuple[int, int]] = []  # where its bytes begin, and how many there are
        rows = place = 0
        try:
            for batch in batches:
                data = pack(list(map(list, batch)))
                self._file.write(data)
                self._starts.append(rows)
                self._places.append((place, len(data)))
                rows += len(batch)
                place += len(data)
        except BaseException:
            self._file.close()
            raise

    def batches(self, start: int) -> Iterator[list[Row]]:
        first = max(bisect_right(self._starts, start) - 1, 0)
        for number in range(first, len(self._starts)):
            place, size = self._places[number]
            self._file.seek(place)
            rows = [tuple(row) for row in unpack(self._file.read(size))]
            skipped = max(start - self._starts[number], 0)
            if skipped < len(rows):
                yield rows[skipped:]

    def drop(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        """A run that ends by an error drops no spool of an earlier segment, as it might have to be run again."""
        self._file.close()
