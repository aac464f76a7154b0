"""Rows as they go from a database through the machine to a writer, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

Row = tuple[Any, ...]
"""Values of one record, in the order of its fields' names."""

RowBatch = Sequence[Row] | Sequence[Raw]
"""Records of one query: rows that share the names of their fields, or records that are JSON already."""

NamedRows = tuple[tuple[str, ...], list[Row]]
"""Names of fields, and rows of their values."""
