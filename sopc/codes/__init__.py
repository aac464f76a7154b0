"""Error code → what it means, with a wrong and a right example, for `sopc error CODE`."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """One error code. explanation: two or three sentences. wrong, right: DSL, a command line or a file, as fits."""

    code: str
    title: str
    explanation: str
    wrong: str
    right: str
