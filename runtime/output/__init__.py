"""A run's lines → JSON lines, JSON, events, CSV, a table, a spreadsheet and others; records → HTML, a data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.output.formats import format_of, open_writer
    from runtime.output.frames import to_arrow, to_pandas
    from runtime.output.html import to_html

__all__ = (
    "format_of",
    "open_writer",
    "to_arrow",
    "to_html",
    "to_pandas",
)
__getattr__ = lazy(
    __name__,
    format_of="runtime.output.formats",
    open_writer="runtime.output.formats",
    to_arrow="runtime.output.frames",
    to_html="runtime.output.html",
    to_pandas="runtime.output.frames",
)
