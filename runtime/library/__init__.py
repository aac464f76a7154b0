"""Scripts by name and version ↔ an LMDB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.library.environment import make_home
    from runtime.library.overlay import Overlay
    from runtime.library.records import Entry
    from runtime.library.store import Library
    from runtime.library.transfer import pack_bundle, unpack_bundle

__all__ = (
    "Entry",
    "Library",
    "Overlay",
    "make_home",
    "pack_bundle",
    "unpack_bundle",
)
__getattr__ = lazy(
    __name__,
    Entry="runtime.library.records",
    Library="runtime.library.store",
    Overlay="runtime.library.overlay",
    make_home="runtime.library.environment",
    pack_bundle="runtime.library.transfer",
    unpack_bundle="runtime.library.transfer",
)
