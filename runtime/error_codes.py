"""Error code → what it means, with a wrong and a right example: the documents in grammar/errors, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Code(NamedTuple):
    """One error code. explanation: two or three sentences. wrong, right: DSL, a command line or a file, as fits, or
    empty. since: the version that first raised it."""

    code: str
    title: str
    explanation: str
    wrong: str
    right: str
    since: str


@cache
def table() -> tuple[Code, ...]:
    """Every code, sorted."""
    documents = [one for one in files("grammar").joinpath("errors").iterdir() if one.name.endswith(".toml")]
    return tuple(sorted(code for one in documents for code in _read(one.read_text("utf-8"))))


def find_code(code: str) -> Code | None:
    """Find what an error code means.

    Args:
        code: Letter and four digits, in upper case.

    Returns:
        Its row; None when there is none.
    """
    return next((row for row in table() if row.code == code), None)


def near_codes(code: str) -> list[str]:
    """Find codes to try instead of an unknown one.

    Args:
        code: The unknown code.

    Returns:
        Codes that begin alike, else the first of each letter.
    """
    codes = [row.code for row in table()]
    alike = [known for known in codes if len(code) > 2 and known.startswith(code[:3])]
    return alike or sorted({known[0]: known for known in reversed(codes)}.values())


def _read(text: str) -> tuple[Code, ...]:
    """An explanation is broken into lines for those who read the document; it is one paragraph."""
    rows = tomllib.loads(text)
    return tuple(
        Code(code, row["title"], " ".join(row["explanation"].split()), row["wrong"], row["right"], row["since"])
        for code, row in sorted(rows.items())
    )
