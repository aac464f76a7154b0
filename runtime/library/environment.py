"""A path → LMDB transactions on it, opened only when needed, with every failure of LMDB as a SopError.

LMDB's rules, kept here so that nothing else needs to know them: a 1 TiB map is reserved (it costs address space, not
disk) and never resized by us; growth by another process is adopted; one path may be open once per process, so
the environment that reads is closed before the one that writes is opened; transactions are short, because a long
read keeps the file growing; a forked child must not use a library that its parent opened (start processes by spawn).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

import lmdb
import msgspec

from runtime.errors import SopError

MAP_SIZE: Final = 1 << 40
MAX_READERS: Final = 2048  # LMDB's 126 are too few for a host full of short runs; slots are 64 bytes each
FORMAT: Final = b"1"
FORMAT_KEY: Final = b"format"

# what LMDB says about pages it can't follow
_DAMAGE: Final = (
    lmdb.InvalidError,
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
    lmdb.PanicError,
    lmdb.IncompatibleError,
)
_READ_ONLY_ERRNOS: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


class Environment:
    """One library file. read_only: never open it for writing. map_size: upper limit of the file, in bytes."""

    def __init__(self, path: Path, *, read_only: bool = False, map_size: int = MAP_SIZE) -> None:
        self.path = path
        self.read_only = read_only
        self.map_size = map_size
        self._env: Any = None
        self._writable = False
        self._opening = RLock()

    def share(self) -> None:
        """Open it now, for writing where that is possible, so that it is not opened anew while threads use it."""
        with self._errors():
            if not self.read_only:
                try:
                    self._open_for_writing()
                    return
                except (lmdb.Error, OSError) as error:
                    if not isinstance(error, lmdb.ReadonlyError) and _errno(error) not in _READ_ONLY_ERRNOS:
                        raise
            self.read_only = True
            if self._env is None:
                self._open_for_reading()

    def state(self) -> int:
        """A number that changes whenever something in the library does, whoever changes it."""
        return 0 if self._env is None else int(self._env.info()["last_txnid"])

    @contextmanager
    def read(self) -> Iterator[Any]:
        """A read transaction, or None when there is no file yet: reading makes none."""
        with self._errors():
            if self._env is None and not self._open_for_reading():
                yield None
                return
            with self._begin(write=False) as transaction:
                yield transaction

    @contextmanager
    def write(self) -> Iterator[Any]:
        """A write transaction: all of what the block does is kept when it ends well, else nothing."""
        if self.read_only:
            raise self._read_only_error()
        with self._errors():
            self._open_for_writing()
            with self._begin(write=True) as transaction:
                if transaction.get(FORMAT_KEY) is None:
                    transaction.put(FORMAT_KEY, FORMAT)
                yield transaction

    def check_writable(self) -> None:
        """SopError L0103 where nothing can be written, before anything is done that would have to be kept."""
        with self._errors():
            place = self.path
            while not place.exists() and place != place.parent:
                place = place.parent
            if self.read_only or not os.access(place, os.W_OK):
                raise self._read_only_error()

    def close(self) -> None:
        if self._env is not None:
            self._env.close()
            self._env = None
            self._writable = False

    def _begin(self, *, write: bool) -> Any:
        try:
            return self._env.begin(write=write)
        except lmdb.MapResizedError:  # another process has made the file larger than our map
            self._env.set_mapsize(0)
            return self._env.begin(write=write)

    def _open_for_reading(self) -> bool:
        with self._opening:
            return self._env is not None or self._opened_for_reading()

    def _opened_for_reading(self) -> bool:
        if not self.path.is_file():
            if self.path.exists():
                raise SopError("L0105", f"{self.path} is not a library file", "name another folder with --home")
            return False
        if self.path.stat().st_size == 0:  # a process was stopped before its first commit: nothing was stored
            return False
        self._env = self._open(readonly=True)
        self._check()
        return True

    def _open_for_writing(self) -> None:
        if self._writable:
            return
        with self._opening:
            if not self._writable:
                self._opened_for_writing()

    def _opened_for_writing(self) -> None:
        new = self._env is None and not self._open_for_reading()
        self.close()
        if new:
            make_home(self.path.parent)
        self._env = self._open(readonly=False)
        self._writable = True
        self._env.reader_check()  # frees the slots of killed readers, which would keep old pages alive

    def _open(self, *, readonly: bool) -> Any:
        options: dict[str, Any] = {
            "subdir": False,
            "map_size": self.map_size,
            "max_readers": MAX_READERS,
            "readonly": readonly,
            "mode": 0o666,  # as for any other file, the umask decides
        }
        try:
            return lmdb.open(str(self.path), **options)
        except lmdb.Error as error:
            if not (readonly and error.code in _READ_ONLY_ERRNOS):
                raise
            # The lock file can't be written: read without one. A writer elsewhere could reuse a page under a read,
            # which the check sum of the module would show; in a folder that can't be written there is none.
            return lmdb.open(str(self.path), lock=False, **options)

    def _check(self) -> None:
        """Refuse what LMDB would only crash on (a file shorter than its pages), and files of another make."""
        pages = self._env.info()["last_pgno"] + 1
        if self.path.stat().st_size < pages * self._env.stat()["psize"]:
            self.close()
            raise self._damaged("it has been cut short")
        with self._begin(write=False) as transaction:
            found = transaction.get(FORMAT_KEY)
        if found != FORMAT:
            self.close()
            what = "is an LMDB file of another program" if found is None else "has a newer format than this version"
            raise SopError("L0110", f"{self.path} {what}", "name another folder with --home, or upgrade")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except lmdb.MapFullError as error:
            message = f"the library {self.path} is full ({self.map_size} bytes); nothing was stored"
            raise SopError("L0104", message, "remove scripts with `sopc rm`, or start another library") from error
        except _DAMAGE as error:
            self.close()
            raise self._damaged(error.reason) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged("a record can't be read") from error
        except lmdb.Error as error:
            if error.code in _READ_ONLY_ERRNOS or isinstance(error, lmdb.ReadonlyError):
                raise self._read_only_error() from error
            raise self._unusable(error.reason) from error
        except OSError as error:
            if error.errno in _READ_ONLY_ERRNOS:
                raise self._read_only_error() from error
            raise self._unusable(error.strerror or str(error)) from error

    def _read_only_error(self) -> SopError:
        try:
            readable = os.access(self.path, os.R_OK) or not self.path.exists()
        except PermissionError:  # the folder can't be entered, so not even that can be told
            readable = False
        if not readable:
            return SopError("L0106", f"the library {self.path} can't be read: permission denied")
        message = f"the library {self.path} can't be written"
        return SopError("L0103", message, "check the permissions of the folder, or name another with --home")

    def _damaged(self, reason: str) -> SopError:
        message = f"the library {self.path} is damaged: {reason}"
        return SopError("L0105", message, "restore it from a copy, or move it away and compile the .sop files again")

    def _unusable(self, reason: str) -> SopError:
        return SopError("L0106", f"the library {self.path} can't be opened: {reason[:1].lower()}{reason[1:]}")


def _errno(error: lmdb.Error | OSError) -> int | None:
    return error.errno if isinstance(error, OSError) else error.code


def make_home(folder: Path) -> None:
    """Make the folder, with a .gitignore: it holds what can be compiled again, and data."""
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
