"""Bytecode → VM → JSON lines: everything needed to run a compiled script, and nothing of the compiler.

`open` and the names in `__all__` are the public API (API.md); every other name is private.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.embedding import Error, Library, Result, RunError, Waiting

__all__ = ("Error", "Library", "Result", "RunError", "Waiting", "open")


def open(home: str | None = None, databases: Mapping[str, str] | None = None) -> Library:
    """Open the library of compiled scripts.

    Args:
        home: folder of the library; None to find it as the commands do (`SOP_HOME`, the nearest `.sop`, …).
        databases: URL by name, before those of sop.toml.

    Raises:
        Error: the settings or the library can't be read.
    """
    from runtime.embedding import open_library

    return open_library(home, databases)


def __getattr__(name: str) -> Any:
    """Import the names in `__all__` when they are first used, so that `import runtime` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    from runtime import embedding

    return getattr(embedding, name)
