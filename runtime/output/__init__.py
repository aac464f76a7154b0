"""A run's lines → JSON lines, JSON, server-sent events, CSV, a table, a spreadsheet and other formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.output.formats import format_of, open_writer

__all__ = (
    "format_of",
    "open_writer",
)
__getattr__ = lazy(
    __name__,
    format_of="runtime.output.formats",
    open_writer="runtime.output.formats",
)
