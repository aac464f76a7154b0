"""English → DSL → tree → bytecode: everything the runtime does not need.

The names in `__all__` are the public API (API.md). Inside this repository, modules of this package that have an
`__all__` may be used by `runtime/commands`, `runtime/api` and `runtime/record`; every other name is private.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runtime.bytecode.module import Module
    from runtime.embedding import Error, Result, RunError, Waiting
    from sopc.embedding import CompileError, Finding, Library, Script
    from sopc.tree.nodes import File

__all__ = (
    "CompileError",
    "Error",
    "Finding",
    "Library",
    "Result",
    "RunError",
    "Script",
    "Waiting",
    "check",
    "compile",
    "explain",
    "format",
    "open",
    "parse",
    "prepare",
)
_OF_RUNTIME = ("Error", "Result", "RunError", "Waiting")


def open(home: str | None = None, databases: Mapping[str, str] | None = None) -> Library:
    """Open a library of scripts, its databases and the compiler.

    Args:
        home: folder of the library; None to find it as the commands do (`SOP_HOME`, the nearest `.sop`, …).
        databases: URL by name, before those of sop.toml.

    Raises:
        Error: the settings or the library can't be read.
    """
    from sopc.embedding import open_library

    return open_library(home, databases)


def parse(text: str) -> File:
    """Read a program of the language.

    Returns:
        The tree (pydantic). Names and types are not checked.

    Raises:
        CompileError: E01xx.
    """
    from sopc import embedding

    return embedding.parse(text)


def format(text: str) -> str:
    """Lay out a program of the language, comments kept.

    Raises:
        CompileError: E01xx.
    """
    from sopc import embedding

    return embedding.format_text(text)


def check(text: str, library: Library) -> list[Finding]:
    """Compile a text of any kind and store nothing.

    Returns:
        Everything that is wrong with it, in its order; empty where it can be stored.
    """
    from sopc import embedding

    return embedding.check(text, library)


def compile(text: str, library: Library) -> list[Module]:
    """Compile a text of any kind and store nothing; `Library.compile` stores.

    Returns:
        Bytecode modules, one a script.

    Raises:
        CompileError: all that is wrong with it.
    """
    from sopc import embedding

    return embedding.compile_modules(text, library)


def prepare(text: str, library: Library) -> list[Script]:
    """Compile a text of any kind, to look at: program, effects, warnings, the program in English. Stores nothing.

    Raises:
        CompileError: all that is wrong with it.
    """
    from sopc import embedding

    return embedding.prepare(text, library)


def explain(module: Module) -> str:
    """Say a compiled script in English, with its author's sentences where it has some."""
    from sopc import embedding

    return embedding.explain(module)


def __getattr__(name: str) -> Any:
    """Import the classes in `__all__` when they are first used, so that `import sopc` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'sopc' has no attribute {name!r}")
    if name in _OF_RUNTIME:
        from runtime import embedding as runtime

        return getattr(runtime, name)
    from sopc import embedding

    return getattr(embedding, name)
