"""A library and some modules outside it → a library to run from; those modules are never stored."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.library.records import Entry
from runtime.library.store import Item, Library, describe


class Overlay(Library):
    """A library with some modules that are not stored. They are looked up first, and their version is 0.

    Closing the overlay closes the library.

    Args:
        library: The library.
        items: The modules.
    """

    def __init__(self, library: Library, items: Sequence[Item]) -> None:
        super().__init__(library.environment)
        self._entries = {item.name: describe(item) for item in items}
        self._modules = {item.hash: item.module for item in items}

    def find(self, name: str) -> Entry | None:
        return self._entries.get(name) or super().find(name)

    def resolve(self, name: str) -> Entry:
        return self._entries.get(name) or super().resolve(name)

    def load(self, hash_: str) -> bytes:
        return self._modules.get(hash_) or super().load(hash_)
