"""A SQLite file and a run's id → the lease of that run: a locked file beside the database.

A row can't be the lease: a writer of it would have to wait for the run's own transaction. The operating system lets go
of the lock when the process ends, however it ends.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Self

from runtime.errors import DatabaseError

_FOLDER: Final = "the folder of the database must be writable"
_TRIES: Final = 20  # somebody who only looks whether a file is locked has it for a moment
_PAUSE_SECONDS: Final = 0.01
WORKER: Final = "@worker-"  # begins the name of a worker's own lease; no run's id holds an @
_LOOK_SECONDS: Final = 0.2  # between two looks whether the run is to end


class FileLease:
    """A locked file, removed with the lease."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._look_at = 0.0
        self._stopped = False

    @classmethod
    def take(cls, database: Path, run: str) -> Self | None:
        """None while another process has it. DatabaseError D0103 when the file can't be made."""
        from fcntl import LOCK_EX, LOCK_NB, flock

        path = _path(database, run)
        for _ in range(_TRIES):
            try:
                with suppress(FileExistsError):  # `exist_ok` looks for it again, and it may be gone by then
                    path.parent.mkdir()
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except FileNotFoundError:
                continue  # another run's end has just removed the folder
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise DatabaseError("D0103", f"the file {path} can't be made: {reason}", _FOLDER) from error
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, str(os.getpid()).encode())
                    _stop(path).unlink(missing_ok=True)  # meant for a process that is gone
                    return cls(path, descriptor)
            except BlockingIOError:
                sleep(_PAUSE_SECONDS)
            except FileNotFoundError:
                pass  # whoever had the lease has just removed its file
            os.close(descriptor)
        return None

    def must_stop(self) -> bool:
        now = monotonic()
        if now >= self._look_at and not self._stopped:
            self._look_at = now + _LOOK_SECONDS
            self._stopped = _stop(self._path).exists()
        return self._stopped

    def release(self, *, is_open: bool = False) -> None:
        if self._descriptor >= 0:
            _stop(self._path).unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1
            with suppress(OSError):  # other runs have theirs in it
                self._path.parent.rmdir()


def is_leased(database: Path, run: str) -> bool:
    from fcntl import LOCK_NB, LOCK_SH, flock

    try:
        descriptor = os.open(_path(database, run), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        flock(descriptor, LOCK_SH | LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def workers(database: Path) -> list[str]:
    """Names of the leases of workers, also of those that were killed."""
    try:
        return [name for name in os.listdir(_path(database, "")) if name.startswith(WORKER)]  # noqa: PTH208
    except OSError:
        return []


def forget_workers(database: Path) -> None:
    """Remove the leases of workers that were killed."""
    for name in workers(database):
        if not is_leased(database, name):
            _path(database, name).unlink(missing_ok=True)


def ask_to_stop(database: Path, run: str) -> bool:
    """False when no process has the lease. DatabaseError D0103 when the file can't be made."""
    if not is_leased(database, run):
        return False
    path = _stop(_path(database, run))
    try:
        path.touch()
    except FileNotFoundError:
        return False  # the last run of this database has just ended
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatabaseError("D0103", f"the file {path} can't be made: {reason}", _FOLDER) from error
    if not is_leased(database, run):
        path.unlink(missing_ok=True)
    return True


def _stop(path: Path) -> Path:
    """The file that tells the holder of a lease to end its run."""
    return path.with_name(f"{path.name}.stop")


def _path(database: Path, run: str) -> Path:
    database = database.resolve()  # two links to a database are one
    return database.with_name(f"{database.name}-runs") / run
