"""Values of the language: their types, arithmetic, conversion and functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.values.types import Type

__all__ = ("Type",)
__getattr__ = lazy(
    __name__,
    Type="runtime.values.types",
)
