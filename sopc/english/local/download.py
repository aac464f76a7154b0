"""A URL and a checksum → the verified file; an interrupted download continues where it stopped.

The downloaded part is kept as FILE.part and renamed to FILE after its sha256 was verified, so a broken connection loses
nothing and a damaged file is never used.
"""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final

from runtime.errors import SopError
from sopc.english.local.files import KNOWN, path_of

_CHUNK: Final = 1 << 20
_TRIES: Final = 5  # tries in a row without progress
_SECONDS: Final = 30.0
_SPARE: Final = 64 << 20

Progress = Callable[[int, int], None]


def download(url: str, path: Path, sha256: str, progress: Progress | None = None, *, size: int = 0) -> None:
    """Download a file.

    Args:
        url: Its address.
        path: Where to store it.
        sha256: In hex.
        progress: Called with the number of bytes downloaded, and the total.
        size: In bytes, 0 if unknown.

    Raises:
        SopError: T0332, the download failed; T0333, the file has another sha256; T0334, not enough space.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_room(path.parent, size - (part.stat().st_size if part.exists() else 0))
        _fetch(url, part, progress)
        found = _digest(part)
        if found != sha256.lower():
            part.unlink()
            message = f"the file from {url} has the sha256 {found}, not {sha256}"
            raise SopError("T0333", message, "pull again; if it stays so, the file at the hub is another one")
        part.replace(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SopError("T0334", f"{path} can't be written: {reason}", "make room, or set XDG_DATA_HOME") from error


def url_of(name: str, hub: str) -> str:
    """Return the address of a known model's file.

    Args:
        name: A key of `KNOWN`.
        hub: The hub's address, or that of a mirror.
    """
    known = KNOWN[name]
    return f"{hub.rstrip('/')}/{known.repository}/resolve/main/{known.file}"


def pull(name: str, hub: str, sha256: str | None = None, progress: Progress | None = None) -> None:
    """Download a known model into the folder of models.

    Args:
        name: A key of `KNOWN`.
        hub: The hub's address, or that of a mirror.
        sha256: In hex, where the hub has another file than the known one; None for that of `KNOWN`.
        progress: Called with the number of bytes downloaded, and the total.

    Raises:
        SopError: T0332 to T0334, as for `download`.
    """
    known = KNOWN[name]
    download(url_of(name, hub), path_of(name), sha256 or known.sha256, progress, size=0 if sha256 else known.size)


def _fetch(url: str, part: Path, progress: Progress | None) -> None:
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        problem = _fetch_on(url, part, before, progress)
        if problem is None:
            return
        arrived = part.stat().st_size if part.exists() else 0
        tries = 0 if arrived > before else tries + 1
        if tries >= _TRIES:
            kept = f"; {arrived:,} bytes are kept, and pulling again goes on from there" if arrived else ""
            raise SopError("T0332", f"{url} can't be fetched: {problem}", f"check the network or --from{kept}")


def _fetch_on(url: str, part: Path, begin: int, progress: Progress | None) -> str | None:
    """Download from byte `begin` on. Returns the problem, None after success. Raises SopError T0332 for a problem that
    a retry can't solve."""
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={begin}-"} if begin else {})
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:
            return _receive(response, part, begin if response.status == 206 else 0, progress)
    except urllib.error.HTTPError as error:
        with error:
            total = _total(error.headers.get("Content-Range"))
        if error.code == 416:
            if total == begin:
                return None
            part.unlink()  # longer than the file on the server, so not a part of it
            return "what had arrived was not a part of it"
        if error.code >= 500 or error.code == 429:
            return f"status {error.code}"
        raise SopError("T0332", f"{url} can't be fetched: status {error.code}", "check the name and --from") from error
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        return str(getattr(reason, "strerror", None) or reason).lower() or type(error).__name__
    except ValueError as error:
        raise SopError("T0332", f"{url} is no address", "--from https://HOST") from error


def _receive(response: HTTPResponse, part: Path, begin: int, progress: Progress | None) -> str | None:
    length = response.headers.get("Content-Length")
    total = begin + int(length) if length and length.isdigit() else None
    arrived = begin
    with part.open("r+b" if begin else "wb") as stream:
        stream.seek(begin)
        stream.truncate()
        while chunk := response.read(_CHUNK):
            stream.write(chunk)
            arrived += len(chunk)
            if progress is not None and total is not None:
                progress(arrived, total)
    return None if total is None or arrived >= total else "the connection broke off"


def _total(content_range: str | None) -> int | None:
    """The total of a Content-Range such as `bytes */1000`."""
    _, _, total = (content_range or "").partition("/")
    return int(total) if total.isdigit() else None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + _SPARE > free and needed > 0:
        message = f"{folder} has {free:,} bytes free, and {needed:,} are needed"
        raise SopError("T0334", message, "make room, or set XDG_DATA_HOME")
