"""What a translation does → whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ("ProgressListener",)

Note = Callable[[str], None]


@dataclass(frozen=True)
class ProgressListener:
    """Callbacks on progress.

    Attributes:
        note: Called with messages for a person who waits.
        work: Called with the text of each request to a model and its reply.
    """

    note: Note = lambda text: None
    work: Note = lambda text: None
