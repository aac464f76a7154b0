"""Syntax tree → an explanation in plain English for people who read no code; it never repeats the author's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.explainer.beside import to_json, to_text
    from sopc.explainer.script import explain_module

__all__ = (
    "explain_module",
    "to_json",
    "to_text",
)
__getattr__ = lazy(
    __name__,
    explain_module="sopc.explainer.script",
    to_json="sopc.explainer.beside",
    to_text="sopc.explainer.beside",
)
