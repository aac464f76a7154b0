"""Queries and writes as data, and their SQL for an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from runtime.query.schema import Schema, described, noted

__all__ = (
    "Schema",
    "described",
    "noted",
)
__getattr__ = lazy(
    __name__,
    Schema="runtime.query.schema",
    described="runtime.query.schema",
    noted="runtime.query.schema",
)
