"""What a translation does → whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ("ProgressListener",)

Note = Callable[[str], None]


@dataclass(frozen=True)
class ProgressListener:
    """Who looks on. note: told what a person who waits should know; work: told each round's text as it ends."""

    note: Note = lambda text: None
    work: Note = lambda text: None
