"""DSL text ↔ tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.syntax.format import format_file, format_source
    from sopc.syntax.grammar import reserved_words
    from sopc.syntax.print_expr import name, stage

__all__ = (
    "format_file",
    "format_source",
    "name",
    "reserved_words",
    "stage",
)
__getattr__ = lazy(
    __name__,
    format_file="sopc.syntax.format",
    format_source="sopc.syntax.format",
    name="sopc.syntax.print_expr",
    reserved_words="sopc.syntax.grammar",
    stage="sopc.syntax.print_expr",
)
