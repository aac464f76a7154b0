"""A language server: programs and English texts in an editor → findings, explanations, completions (`sopc[lsp]`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.editor.server import serve

__all__ = ("serve",)
__getattr__ = lazy(__name__, serve="sopc.editor.server")
