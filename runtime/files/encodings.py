"""A text file in some encoding → the file in UTF-8, or the error that shows its first bad line as encodings read it.

UTF-8 and UTF-16 say what they are. Other encodings are never guessed: the same bytes are text in all of them, and
libraries that guess are wrong on small files.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime.errors import DatabaseError, UsageError
from runtime.files.asking import answer
from runtime.files.decide import Ask

COMMON: Final = ("cp1252", "cp1250", "cp1251", "cp850", "mac-roman", "shift-jis")
_PIECE: Final = 1 << 20
_SAMPLE: Final = 4096
_AROUND: Final = 24  # bytes shown before and after the first bad one
_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def known_encoding(name: str) -> str:
    """Check the name of an encoding of text; UsageError D0506 for another."""
    try:
        if codecs.lookup(name)._is_text_encoding:
            return codecs.lookup(name).name
    except (LookupError, ValueError):
        pass
    raise UsageError(
        "D0506", f"there is no encoding {name!r}", f"--encoding {COMMON[0]}, {', '.join(COMMON[1:])}, utf-16"
    )


def in_utf8(
    path: Path, title: str, folder: Path, encoding: str | None, *, strict: bool, ask: Ask | None
) -> tuple[Path, str | None]:
    """The file in UTF-8, and the encoding it had, for the report; None for UTF-8.

    Args:
        path: The file.
        title: Its name in messages.
        folder: Where to write a file in UTF-8, if this one is not.
        encoding: The one that somebody named; None to see.
        strict: A line that is not UTF-8 is an error; else the import finds such lines itself.
        ask: Asks a person which encoding reads such a line right.

    Raises:
        UsageError: D0506, there is no such encoding.
        DatabaseError: D0502, the text is not in the encoding, or not in UTF-8 and nobody named another.
    """
    found = known_encoding(encoding) if encoding is not None else _marked(path)
    if found is None or found in ("utf-8", "utf-8-sig"):
        found = _other(path, title, ask) if strict else None
        if found is None:
            return path, None
    target = folder / f"utf8_{path.name}"
    decoder = codecs.getincrementaldecoder(found)()
    line = 1
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as out:
        first = True
        while True:
            piece = source.read(_PIECE)
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeError as error:  # a UTF-16 without its mark has no place
                before = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
                where = line + before.count(b"\n")
                message = f"{title} is not {encoding or found} in line {where}"
                raise DatabaseError("D0502", message, "another encoding") from error
            line += text.count("\n")
            out.write(text.removeprefix("\ufeff") if first else text)
            first = first and not text
            if not piece:
                return target, found


def _marked(path: Path) -> str | None:
    """UTF-16 by its mark, or by the zero bytes of its letters; None for what may be UTF-8."""
    with path.open("rb") as stream:
        start = stream.read(_SAMPLE)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    pairs = len(start) // 2
    if pairs:
        low, high = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
        if high > pairs * 0.4 and not low:
            return "utf-16-le"
        if low > pairs * 0.4 and not high:
            return "utf-16-be"
    return None


def is_clean(path: Path) -> bool:
    """Whether a file is UTF-8 throughout, and has no NUL."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                decoder.decode(piece)
                if b"\0" in piece:
                    return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _other(path: Path, title: str, ask: Ask | None) -> str | None:
    """None for a file in UTF-8; else the encoding that a person chose by what the first bad line is in it. D0502 where
    nobody can be asked."""
    if is_clean(path):
        return None
    with path.open("rb") as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_PIECE), b""), 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                if error.reason == "unexpected end of data" and len(line) == _PIECE:
                    continue  # a character cut in two by the size of the piece
                readings = list(_readings(line, error.start))
                text = f"{title} is not UTF-8, first in line {number}. Which text is right?"
                said = answer(ask, text, ((repr(text), f"--encoding {name}") for name, text in readings))
                if said is not None:
                    return readings[said][0]
                listed = "; ".join(f"{name} reads {text!r}" for name, text in readings)
                message = f"{title} is not UTF-8, first in line {number}: {listed}"
                hint = f"--encoding {COMMON[0]}, or the one that reads it right"
                raise DatabaseError("D0502", message, hint) from error
    return None


def _readings(line: bytes, bad: int) -> Iterator[tuple[str, str]]:
    """What the bytes around the first bad one are in the common encodings that can read them."""
    part = line[max(bad - _AROUND, 0) : bad + _AROUND].strip(b"\r\n")
    for name in COMMON:
        try:
            text = part.decode(name)
        except UnicodeDecodeError:
            continue
        if text.isprintable():
            yield name, text
