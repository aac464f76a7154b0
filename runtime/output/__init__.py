"""A run's lines → JSON lines, JSON, server-sent events, CSV or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.output.formats import open_writer
    from runtime.output.tabular import Csv

__all__ = (
    "Csv",
    "open_writer",
)
__getattr__ = lazy(
    __name__,
    Csv="runtime.output.tabular",
    open_writer="runtime.output.formats",
)
