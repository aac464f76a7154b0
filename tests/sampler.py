"""Without data → a sampler that finds nothing."""

from __future__ import annotations

from runtime.values.types import Type


class NoSampler:
    """A sampler without data: it finds nothing."""

    def find(self, store: str, field: str, text: str, *, quoted: bool = False) -> tuple[str, ...]:
        return ()

    def lookup(self, text: str) -> tuple[tuple[str, str, str, str], ...]:
        return ()

    def nearest(self, store: str, field: str, text: str) -> tuple[str, ...]:
        return ()

    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        return ()

    def tells_apart(self, store: str, field: str, type_: Type) -> bool:
        return False

    def holds_flags(self, store: str, field: str) -> bool:
        return False
