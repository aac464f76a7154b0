"""A model on this machine: downloads, stores and serves its file, so that English compiles without key and service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.english.local.download import pull, url_of
    from sopc.english.local.files import KNOWN, checked, delete, find, forget, path_of, pulled, use, used

__all__ = (
    "KNOWN",
    "checked",
    "delete",
    "find",
    "forget",
    "path_of",
    "pull",
    "pulled",
    "url_of",
    "use",
    "used",
)
__getattr__ = lazy(
    __name__,
    KNOWN="sopc.english.local.files",
    checked="sopc.english.local.files",
    delete="sopc.english.local.files",
    find="sopc.english.local.files",
    forget="sopc.english.local.files",
    path_of="sopc.english.local.files",
    pull="sopc.english.local.download",
    pulled="sopc.english.local.files",
    url_of="sopc.english.local.download",
    use="sopc.english.local.files",
    used="sopc.english.local.files",
)
