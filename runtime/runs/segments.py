"""A run's databases → its segments: begun and ended together, one of them written, tried again when one asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from random import uniform
from time import sleep
from typing import Final

from runtime.databases.protocol import Database, Keeps
from runtime.errors import DatabaseError
from runtime.vm.data import Data
from runtime.vm.output import Output

MAX_RETRIES: Final = 40
FIRST_PAUSE_SECONDS: Final = 0.005
LONGEST_PAUSE_SECONDS: Final = 0.25
PASSING: Final = frozenset({"D0121", "D0306", "D0401", "D0402", "D0421"})  # of a database that is away, busy or full
RECONNECT_SECONDS: Final = 2.0  # between two tries to reach a server that was lost: with all tries, a minute or so


class HandedBack(Exception):
    """A segment has ended, and the run goes on in another process."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Segments:
    """Transactions over all databases of a run.

    home is written, the others are read in one snapshot a segment. dry: nothing is ever committed, so the whole run is
    one transaction. now: read once a segment, UTC. retries: how often a segment was run again. tally: rows by command
    and store at the time of the last `undo`. committed: likewise, those that are permanent. runs: where the run is
    kept, if that is none of its databases.
    """

    def __init__(
        self,
        data: Data,
        output: Output,
        *,
        dry: bool,
        clock: Callable[[], datetime] = utc_now,
        runs: Keeps | None = None,
    ) -> None:
        self._clock = clock
        self.now = clock()
        self.retries = 0
        self.tally: dict[tuple[str, str], int] = {}
        self.committed: dict[tuple[str, str], int] = {}
        self._data = data
        self._output = output
        self._dry = dry
        self._runs = runs
        self._tries = 0
        self._open = False

    @property
    def _databases(self) -> Iterable[Database]:
        return self._data.databases.values()

    def begin(self) -> None:
        self.now = self._clock()
        self._tries = 0
        if not self._open:
            self._begin()
        self._data.begun()

    def _begin(self) -> None:
        home = self._data.home
        if home is not None:  # first, as it may have to wait for other writers
            home.begin(write=True)
        for database in self._databases:
            if database is not home:
                database.begin(write=False)
        self._open = True

    def end(self, keep: Callable[[], None] | None = None) -> None:
        """Commit. What the segment wrote is permanent, and its lines stand.

        Args:
            keep: Called just before the home commits, but not in a dry run.
        """
        if not self._dry:
            home = self._data.home
            for database in self._databases:  # first, since one of them may ask for the segment to be run again
                if database is not home:
                    database.commit()
            if keep is not None:
                keep()
            if home is not None:
                home.commit()
        self.ended()

    def ended(self) -> None:
        """Note that the segment has committed."""
        if not self._dry:
            self._open = False
            self.committed = {key: rows for key, rows in self._data.tally.items() if rows}
        self._data.ended()
        self._output.release()

    def undo(self, reason: str, *, again: bool = False) -> None:
        """Roll back. The segment's lines are voided if it could write or is run again; lines of a segment that only
        reads stay."""
        self.tally = dict(self._data.tally)
        self._open = False
        for database in self._databases:
            database.rollback()
        self._data.undone()
        if (self._data.home is not None or again) and not self._dry:
            self._output.rollback(reason)

    def abandon(self) -> None:
        """Roll back and write no line: nobody reads the stream, or a bug's exception is propagating."""
        self._open = False
        for database in self._databases:
            with suppress(DatabaseError):
                database.rollback()

    def retry(self, error: DatabaseError) -> None:
        """Undo the segment and begin it again; raises the error when that was done often enough, or when what it said
        can't be taken back."""
        if not self._output.can_void():
            self.undo(error.message)
            raise DatabaseError(
                error.code, f"{error.message}, and what was printed can't be taken back", "-f jsonl can take it back"
            ) from error
        self.undo(error.message, again=True)
        while True:
            if self._dry:  # what came before this segment is undone too
                raise error
            if self._tries >= MAX_RETRIES:
                raise DatabaseError(
                    error.code, f"{error.message}, {MAX_RETRIES} times in a row", "run the script again later"
                ) from error
            # random pause, so that two runs that conflicted once do not conflict again and again
            longest = LONGEST_PAUSE_SECONDS if error.retry else RECONNECT_SECONDS
            sleep(min(FIRST_PAUSE_SECONDS * 2**self._tries, longest) * uniform(0.5, 1.5))
            self._tries += 1
            self.retries += 1
            try:
                if not error.retry:
                    self.reconnect()
                self._begin()
            except DatabaseError as again:
                if not (again.retry or (is_lost(again) and not error.retry)):
                    raise
                error = again
            else:
                break
        self._data.begun()

    def reconnect(self) -> None:
        """Open every connection anew that can be lost, none of them in a transaction. Raises DatabaseError."""
        for database in (*self._databases, self._runs):
            if isinstance(database, Keeps):
                database.reconnect()


def is_lost(error: DatabaseError) -> bool:
    """Whether the connection is gone, or its server is away."""
    return error.code in ("D0121", "D0421")
