"""Recordings ↔ files in the home's `sessions` folder, so that a recording outlives its connection."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import msgspec

from runtime.errors import SopError, UsageError
from runtime.record.session import Session
from runtime.values.functions import script_called

FOLDER: Final = "sessions"
_NAME: Final = re.compile(r"[^\W\d]\w{0,99}")


class Sessions:
    """The recordings of a home. Only one process at a time works on each.

    Args:
        home: The library's folder.
        scope: keeps the recordings of different scopes apart, so that they don't see each other.
    """

    def __init__(self, home: Path, scope: str = "") -> None:
        self.folder = home / FOLDER / scope

    def names(self) -> list[str]:
        """Return the names of recordings under way, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.json")) if self.folder.is_dir() else []

    def load(self, name: str) -> Session:
        """Read a recording.

        Raises:
            UsageError: C0301 when there is none of that name.
            SopError: C0305 when its file is damaged.
        """
        path = self._path(name)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Session)
        except FileNotFoundError:
            from difflib import get_close_matches

            near = get_close_matches(name, self.names(), n=1)
            hint = near[0] if near else f"`sopvm record {name}` begins one"
            raise UsageError("C0301", f"there is no recording {name}", hint) from None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            message = f"the recording {name} can't be read from {path}: {error}"
            raise SopError("C0305", message, "move that file away to begin anew") from error

    def begin(self, name: str, uses: tuple[str, ...] = ()) -> Session:
        """Create and save a recording, called as its script will be (`script_called`).

        Args:
            name: Of the script that it becomes.
            uses: Databases that its steps may use; empty for all that can be opened.

        Raises:
            UsageError: C0302 when the name is taken or is not a valid script name.
        """
        name = script_called(name)
        if name in self.names():
            raise UsageError(
                "C0302", f"there is a recording {name} already", f"`sopvm record {name}` without --uses goes on with it"
            )
        session = Session(name=name, started=datetime.now(UTC), uses=uses)
        self.save(session)
        return session

    def save(self, session: Session) -> None:
        """Write a recording, replacing its file as a whole.

        Raises:
            SopError: C0109.
        """
        from runtime.files.atomic import make_folder, write_bytes

        path = self._path(session.name)
        make_folder(self.folder)
        write_bytes(path, msgspec.json.format(msgspec.json.encode(session)))

    def remove(self, name: str) -> None:
        """Delete a recording.

        Raises:
            UsageError: C0301.
        """
        self.load(name)
        self._path(name).unlink(missing_ok=True)
        with suppress(OSError):
            self._lock_path(name).unlink(missing_ok=True)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Lock a recording against other processes within the block.

        Raises:
            SopError: C0306 when another process has the lock; C0109 when the folder can't be made or written.
        """
        from runtime.files.atomic import make_folder

        path = self._lock_path(name)
        make_folder(path.parent)
        try:
            file = path.open("w")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise SopError(
                "C0109", f"{path} can't be written: {reason}", "check the path and its permissions"
            ) from error
        with file:
            _lock(file, name)
            yield

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError("C0302", f"no script can be called {name!r}", "letters and digits, such as audit_salary")
        return self.folder / f"{name}.json"

    def _lock_path(self, name: str) -> Path:
        return self._path(name).with_suffix(".lock")


def _lock(file: IO[str], name: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"someone else is working on the recording {name}"
        raise SopError("C0306", message, "wait until they are done, or record under another name") from error
