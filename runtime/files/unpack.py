"""A packed file (.gz, .bz2, .xz, .zst, .zip) → the file in it, no larger than a bound.

What a file is says its first bytes; its name only says what the file in it is called.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any, BinaryIO, Final, NamedTuple, cast

from runtime.errors import DatabaseError, UsageError
from runtime.files.asking import answer
from runtime.files.decide import Ask

FLOOR: Final = 1 << 30  # bytes that any packed file may hold
TIMES: Final = 100  # a larger one at most so many times its own size; text packs to a fifth or a twentieth
_PIECE: Final = 1 << 20
_DAMAGED: Final = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, ValueError)


class Bound(NamedTuple):
    """How large what is packed may be: `floor` bytes, or `times` the size of the packed file."""

    floor: int = FLOOR
    times: int = TIMES

    def of(self, packed: int) -> int:
        """Bytes for a packed file of that many."""
        return max(self.floor, self.times * packed)


class _Packing(NamedTuple):
    """start: the first bytes of such a file."""

    ending: str
    start: re.Pattern[bytes]
    opened: Callable[[Path], Any]


def _open_zst(path: Path) -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise UsageError(
            "D0105",
            "this installation can't unpack .zst",
            f"zstd -dc {quote(str(path))} | sopvm db import - --store {quote(Path(inner_name(path.name)).stem)}",
        ) from error
    return zstandard.open(path, "rb")


# ZIP archives hold several files, so they have a reader of their own
_PACKINGS: Final = (
    _Packing(".gz", re.compile(rb"\x1f\x8b\x08"), gzip.open),
    _Packing(".bz2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.open),
    _Packing(".xz", re.compile(rb"\xfd7zXZ\x00"), lzma.open),
    _Packing(".zst", re.compile(rb"\x28\xb5\x2f\xfd"), _open_zst),
)
_ZIP: Final = (b"PK\3\4", b"PK\5\6")
_SPREADSHEETS: Final = (("xl/workbook.xml",), ("xl/workbook.bin",), ("mimetype", "content.xml"))  # ZIP archives, too


def inner_name(name: str) -> str:
    """A file's name without the ending of its packing: `a.csv.gz` → `a.csv`."""
    for packing in _PACKINGS:
        if name.lower().endswith(packing.ending):
            return name[: -len(packing.ending)]
    return name


def unpacked(path: Path, title: str, folder: Path, member: str | None, bound: Bound, ask: Ask | None = None) -> Path:
    """The file itself, or the file in it, which is written to the folder.

    Args:
        path: The file.
        title: Its name in messages.
        folder: Where to.
        member: Of an archive: which file in it; None where it holds one.
        bound: How large that may be.
        ask: Asks a person which of several files is meant.

    Raises:
        UsageError: D0105, .zst without the zstandard package.
        DatabaseError: D0515, the file is damaged, has a password, or grows past the bound; D0516, an archive holds
            several files or not the one named.
    """
    with path.open("rb") as stream:
        start = stream.read(16)
    packing = next((each for each in _PACKINGS if each.start.match(start)), None)
    if packing is None and not start.startswith(_ZIP):
        if member is not None:
            raise DatabaseError("D0516", f"{title} is no ZIP archive, so it has no {member} in it", "name the file")
        return path
    most = bound.of(path.stat().st_size)
    folder = folder / "unpacked"
    folder.mkdir()
    with _damage_told(title):
        if packing is not None:
            target = folder / (inner_name(path.name) if path.suffix.lower() == packing.ending else path.name)
            with packing.opened(path) as stream:
                _copy(cast(BinaryIO, stream), target, title, most)
            return target
        with zipfile.ZipFile(path) as archive:
            if any(set(names) <= set(archive.namelist()) for names in _SPREADSHEETS):
                return path
            found = _member(archive, title, member, ask)
            target = folder / PurePosixPath(found.filename).name
            if found.file_size > most:
                raise _too_large(title, most)
            if found.flag_bits & 1:
                raise DatabaseError("D0515", f"{title} has a password", "unpack it, and import the file in it")
            with archive.open(found) as stream:
                _copy(cast(BinaryIO, stream), target, title, most)
            return target


def _member(archive: zipfile.ZipFile, title: str, member: str | None, ask: Ask | None) -> zipfile.ZipInfo:
    files = [
        each
        for each in archive.infolist()
        if not each.is_dir() and not each.filename.startswith("__MACOSX/") and PurePosixPath(each.filename).name
    ]
    if member is not None:
        chosen = next((each for each in files if each.filename == member), None)
        if chosen is None:
            names = ", ".join(each.filename for each in files[:10])
            raise DatabaseError("D0516", f"{title} has no file {member} in it", names or None)
        return chosen
    if len(files) != 1:
        sized = [f"{each.filename} ({each.file_size:,} bytes)" for each in files]
        options = [(text, quote(f"{title}:{each.filename}")) for text, each in zip(sized, files, strict=True)]
        said = answer(ask, f"{title} has {len(files)} files in it. Which one?", options)
        if said is not None:
            return files[said]
        names = ", ".join(sized[:10])
        what = f"{len(files)} files in it: {names}" if files else "no file in it"
        hint = f"sopvm db import {quote(f'{title}:{files[0].filename}')}" if files else None
        raise DatabaseError("D0516", f"{title} has {what}", hint)
    return files[0]


def _copy(stream: BinaryIO, target: Path, title: str, most: int) -> None:
    done = 0
    with target.open("wb") as out:
        while piece := stream.read(_PIECE):
            done += len(piece)
            if done > most:
                raise _too_large(title, most)
            out.write(piece)


def _too_large(title: str, most: int) -> DatabaseError:
    message = f"{title} holds more than {most:,} bytes, as an archive does that was made to fill the disk"
    return DatabaseError("D0515", message, "unpack it yourself, if you trust it, and import the file in it")


@contextmanager
def _damage_told(title: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise DatabaseError("D0515", f"{title} can't be unpacked: {str(error) or 'it is cut off'}") from error
    except (NotImplementedError, RuntimeError) as error:  # of zipfile: a method it does not know, a password
        raise DatabaseError("D0515", f"{title} can't be unpacked: {error}", "unpack it with another program") from error
