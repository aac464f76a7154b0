"""Error code → what it means, with a wrong and a right example, for `sopc error CODE`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple


class Code(NamedTuple):
    """One error code. explanation: two or three sentences. wrong, right: DSL, a command line or a file, as fits."""

    code: str
    title: str
    explanation: str
    wrong: str
    right: str


def lookup(code: str) -> Code | None:
    """The row of a code, None when there is none."""
    return next((row for row in table() if row.code == code), None)


@cache
def table() -> tuple[Code, ...]:
    """Every code, sorted. The rows live beside what raises them: one module of this package a part."""
    rows = [row for module in iter_modules(__path__) for row in import_module(f"{__name__}.{module.name}").CODES]
    return tuple(sorted(rows))


def near(code: str) -> list[str]:
    """Codes that begin alike, else the first of each letter: what to try instead of an unknown one."""
    codes = [row.code for row in table()]
    alike = [known for known in codes if len(code) > 2 and known.startswith(code[:3])]
    return alike or sorted({known[0]: known for known in reversed(codes)}.values())
