"""A path → LMDB transactions on it, opened only when needed, with every failure of LMDB as a SopError.

LMDB's rules, kept here so that nothing else needs to know them: a map of 64 GiB is reserved (it costs address space,
not disk) and never resized by us; growth by another process is adopted; one path may be open once per process, so
the environment that reads is closed before the one that writes is opened; transactions are short, because a long
read keeps the file growing; a forked child must not use a library that its parent opened (start processes by spawn).

A full disk or a kill may stop the making of a file anywhere. It is made in three steps: an empty file, LMDB's two head
pages, our format record in the first commit. Until that commit the file counts as an empty library: readers see
nothing, and the next writer continues. A lock lets one process at a time make the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final

import lmdb
import msgspec

from runtime.errors import SopError

# A process has 2^47 bytes of addresses on the usual machines: some 2,000 libraries fit.
MAP_SIZE: Final = 1 << 36
SMALLEST_MAP: Final = 1 << 24
MAX_READERS: Final = 2048  # LMDB's 126 are too few for a host full of short runs; slots are 64 bytes each
LOCK_BYTES: Final = 64 * (MAX_READERS + 2)
FORMAT: Final = b"1"
FORMAT_KEY: Final = b"format"

# What every head page begins with: page 0, no padding, the flag of a head page, no bounds, LMDB's magic and version.
# Then follow an address and the map's size; two tables, of which the first begins with the page's size; the last page
# and the number of the transaction that wrote this head.
_HEAD: Final = struct.pack("=QHHIII", 0, 0, 8, 0, 0xBEEFC0DE, 1)
_PAGE_SIZE_AT: Final = len(_HEAD) + 16
_TXNID_AT: Final = _PAGE_SIZE_AT + 2 * 48 + 8

# what LMDB says about pages it can't follow
_DAMAGE: Final = (
    lmdb.InvalidError,
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
)
_READ_ONLY_ERRNOS: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_LEAST_ROOM: Final = 1 << 16
_NO_ROOM_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
                yield transaction

    def check_writable(self) -> None:
        """Raises SopError L0103 when the library can't be written; call it before work whose result must be stored."""
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
        if self._is_unwritten():
            return False
        self._env = self._open(readonly=True)
        return self._check()

    def _open_for_writing(self) -> None:
        if self._writable:
            return
        with self._opening:
            if not self._writable:
                self._opened_for_writing()

    def _opened_for_writing(self) -> None:
        made = self._env is not None or self._open_for_reading()
        self.close()
        if made:
            self._env = self._open(readonly=False)
        else:
            _make_home(self.path.parent)
            self._make()
        self._writable = True
        self._env.reader_check()  # frees the slots of killed readers, which would keep old pages alive

    def _is_unwritten(self) -> bool:
        """Whether the file is not there, or whoever began it was stopped before LMDB's head pages were whole."""
        try:
            with self.path.open("rb") as file:
                head = file.read(_TXNID_AT + 8)
                file.seek(page := _number(head, _PAGE_SIZE_AT, 4))
                second = file.read(_TXNID_AT + 8)
                size = file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            return True
        except IsADirectoryError as error:
            hint = "name another folder with --home"
            raise SopError("L0105", f"{self.path} is not a library file", hint) from error
        if not head.startswith(_HEAD[: len(head)]):
            return False  # not LMDB's: opening it will say so
        committed = _number(head, _TXNID_AT, 8) or (page and _number(second, _TXNID_AT, 8))
        return not committed and (not page or size < 2 * page)

    def _make(self) -> None:
        """Open for writing what holds nothing yet, from wherever the one before us was stopped."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if self._is_unwritten():
                os.ftruncate(descriptor, 0)  # LMDB takes an empty file, and no half a head
            self._env = self._open(readonly=False)
            try:
                with self._begin(write=True) as transaction:
                    if transaction.get(FORMAT_KEY) is None:
                        transaction.put(FORMAT_KEY, FORMAT)
            except BaseException:
                self.close()
                raise
        finally:
            os.close(descriptor)

    def _open(self, *, readonly: bool) -> Any:
        """Where the map does not fit into the addresses left to us (`ulimit -v`), a smaller one is tried."""
        size = self.map_size
        while True:
            try:
                return self._open_mapped(size, readonly=readonly)
            except lmdb.MemoryError:
                size //= 4
                if size < SMALLEST_MAP:
                    raise

    def _open_mapped(self, size: int, *, readonly: bool) -> Any:
        options: dict[str, Any] = {
            "subdir": False,
            "map_size": size,
            "max_readers": MAX_READERS,
            "readonly": readonly,
            "mode": 0o666,  # as for any other file, the umask decides
        }
        try:
            _reserve(self.path.with_name(f"{self.path.name}-lock"))
            return lmdb.open(str(self.path), **options)
        except (lmdb.Error, OSError) as error:
            if not (readonly and _errno(error) in (*_READ_ONLY_ERRNOS, *_NO_ROOM_ERRNOS)):
                raise
            # The lock file can't be written: read without one. A writer elsewhere could reuse a page under a read,
            # which the check sum of the module would show; in a folder that can't be written there is none.
            return lmdb.open(str(self.path), lock=False, **options)

    def _check(self) -> bool:
        """Whether anything was ever committed. Refuses what LMDB would only crash on (a file shorter than its pages),
        and files of another make."""
        info = self._env.info()
        if self.path.stat().st_size < (info["last_pgno"] + 1) * self._env.stat()["psize"]:
            self.close()
            raise self._damaged("it has been cut short")
        if info["last_txnid"] == 0:
            self.close()
            return False
        with self._begin(write=False) as transaction:
            found = transaction.get(FORMAT_KEY)
        if found != FORMAT:
            self.close()
            what = "is an LMDB file of another program" if found is None else "has a newer format than this version"
            raise SopError("L0110", f"{self.path} {what}", "name another folder with --home, or upgrade")
        return True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except lmdb.MapFullError as error:
            message = f"the library {self.path} is full ({self.map_size} bytes); nothing was stored"
            raise SopError("L0104", message, "name another folder with --home") from error
        except _DAMAGE as error:
            self.close()
            raise self._damaged(error.reason) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._damaged("a record can't be read") from error
        except lmdb.PanicError as error:  # a commit failed half way; opening anew goes back to the last whole one
            self.close()
            raise self._unusable("an earlier write of this process failed half way") from error
        except (lmdb.Error, OSError) as error:
            number = _errno(error)
            if number in _READ_ONLY_ERRNOS or isinstance(error, lmdb.ReadonlyError):
                raise self._read_only_error() from error
            if number in _NO_ROOM_ERRNOS or (number == errno.EIO and self._disk_is_full()):
                message = f"there is no room on the disk for the library {self.path}; nothing was stored"
                raise SopError("L0104", message, "free some room, then do it again") from error
            reason = error.reason if isinstance(error, lmdb.Error) else error.strerror or str(error)
            raise self._unusable(reason) from error

    def _read_only_error(self) -> SopError:
        try:
            readable = os.access(self.path, os.R_OK) or not self.path.exists()
        except PermissionError:  # the folder can't be entered, so not even that can be told
            readable = False
        if not readable:
            return SopError("L0106", f"the library {self.path} can't be read: permission denied")
        message = f"the library {self.path} can't be written"
        return SopError("L0103", message, "check the permissions of the folder, or name another with --home")

    def _disk_is_full(self) -> bool:
        """Asked of the file system: LMDB reports EIO for a full disk and for a broken one alike."""
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize < _LEAST_ROOM

    def _damaged(self, reason: str) -> SopError:
        message = f"the library {self.path} is damaged: {reason}"
        return SopError("L0105", message, "restore it from a copy, or move it away and compile the .sop files again")

    def _unusable(self, reason: str) -> SopError:
        return SopError("L0106", f"the library {self.path} can't be used: {reason[:1].lower()}{reason[1:]}")


def _number(head: bytes, at: int, size: int) -> int:
    """The number at that place of a head page; 0 where the page ends before it."""
    return int.from_bytes(head[at : at + size], sys.byteorder) if len(head) >= at + size else 0


def _errno(error: lmdb.Error | OSError) -> int | None:
    return error.errno if isinstance(error, OSError) else error.code


def _reserve(lock: Path) -> None:
    """Give LMDB's lock file its room on disk. LMDB writes it through a map, where a full disk kills the process.

    It is opened only when it lacks room: closing it again drops the locks this process may hold on it.
    """
    found = lock.stat() if lock.exists() else None
    size = (found.st_size if found else 0) or LOCK_BYTES
    if found and found.st_size and found.st_blocks * 512 >= size:
        return
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    finally:
        os.close(descriptor)


def make_home(folder: Path) -> None:
    """Make the folder of a library, with a .gitignore: it holds what can be compiled again, and data.

    Args:
        folder: The folder.

    Raises:
        SopError: C0109, it can't be made or written.
    """
    try:
        _make_home(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "check the path and its permissions, or name another folder with --home"
        raise SopError("C0109", f"the folder {folder} can't be made: {reason}", hint) from error


def _make_home(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists() or not ignore.stat().st_size:
        ignore.write_text("*\n", encoding="utf-8")
