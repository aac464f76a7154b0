"""The syntax tree: its nodes, and ways to walk and change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.tree.nodes import File

__all__ = ("File",)
__getattr__ = lazy(
    __name__,
    File="sopc.tree.nodes",
)
