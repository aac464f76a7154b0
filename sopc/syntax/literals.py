"""Spelling of text, names and numbers in the language ↔ their values."""

from __future__ import annotations

import re
from typing import Final

from sopc.diagnostics import Diagnostic
from sopc.source import BIDI_CONTROLS, Span

MAX_DIGITS: Final = 400
_SPECIAL = re.compile(r"\\u\{([^}\n]*)\}|\\(.)|\{\{|\}\}")
_ESCAPES: Final = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_BARE_NAME = re.compile(r"[^\W\d]\w*")
_UNSAFE = re.compile(r'[\\"{}\x00-\x1f\x7f\u0085\u2028\u2029' + BIDI_CONTROLS + "]")
_SHORT: Final = {"\\": "\\\\", '"': '\\"', "{": "{{", "}": "}}", "\n": "\\n", "\t": "\\t"}


class Problem(Exception):
    """A syntax error found while building nodes; `parse` turns it into a CompileError."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def problem(code: str, message: str, start: int, end: int, hint: str | None = None) -> Problem:
    return Problem(Diagnostic(code, message, Span(start, end), hint))


def read_text(inner: str, offset: int) -> str:
    """Resolve the escapes of a text literal.

    Args:
        inner: A piece of the literal, without quotes and braces.
        offset: The offset of the piece in the source, in characters.

    Returns:
        The characters that the piece stands for.

    Raises:
        Problem: E0107, unknown escape.
    """
    if "\\" not in inner and "{" not in inner and "}" not in inner:
        return inner

    def replace(match: re.Match[str]) -> str:
        found = match.group()
        if found in ("{{", "}}"):
            return found[0]
        if match.group(1) is not None:
            return _character(match.group(1), offset + match.start(), offset + match.end())
        escaped = match.group(2)
        if escaped not in _ESCAPES:
            raise problem(
                "E0107",
                f"`{found}` is not an escape that a text can hold",
                offset + match.start(),
                offset + match.end(),
                'write \\" \\\\ \\n \\t or \\u{…}, and \\\\ for a backslash itself',
            )
        return _ESCAPES[escaped]

    return _SPECIAL.sub(replace, inner)


def _character(digits: str, start: int, end: int) -> str:
    if re.fullmatch("[0-9A-Fa-f]{1,6}", digits):
        number = int(digits, 16)
        if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF:
            return chr(number)
    raise problem(
        "E0107",
        f"`\\u{{{digits}}}` does not name a character",
        start,
        end,
        "write the character's number in hexadecimal, for example \\u{e9}",
    )


def write_text(characters: str) -> str:
    """Escape characters for use inside a text literal; the quotes are not included."""

    def replace(match: re.Match[str]) -> str:
        character = match.group()
        return _SHORT.get(character) or f"\\u{{{ord(character):x}}}"

    return _UNSAFE.sub(replace, characters)


def is_bare_name(name: str) -> bool:
    """Whether a name has the shape of a word, so that it needs no backquotes unless it is a reserved word."""
    return _BARE_NAME.fullmatch(name) is not None
