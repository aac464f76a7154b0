"""A folder, databases and DSL → scripts compiled into a library of their own, and the output of their runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from runtime.config import Config
from runtime.connect import connector
from runtime.library.store import Library
from runtime.runs.capture import Ran, run_from
from sopc import pipeline
from sopc.context import Context
from sopc.source import Source


class Sandbox:
    """Compiles and runs DSL in a folder.

    Args:
        folder: Where the library is made.
        databases: URLs by name; their paths are relative to the folder.
    """

    def __init__(self, folder: Path, databases: Mapping[str, str] | None = None) -> None:
        declared: dict[str, dict[str, Any]] = {name: {"url": url} for name, url in (databases or {}).items()}
        self.config = Config(folder / ".sop", folder / "sop.toml", declared=declared)
        self.library = Library.open(self.config.home)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.library.close()

    def compile(self, text: str, name: str = "test.sop") -> list[str]:
        """Compile and store every script of a text.

        Returns:
            The names of the scripts.

        Raises:
            CompileError: With all findings.
        """
        with Context(self.config, self.library) as context:
            compiled = pipeline.compile_source(Source(name, text), context)
        items = compiled.items()
        return [entry.name for entry in pipeline.store(items, self.library)]

    def run(self, name: str, args: Mapping[str, Any] | None = None, *, format_: str = "jsonl", **options: Any) -> Ran:
        """Run a script with the databases of the sandbox; otherwise as `run_from`."""
        return run_from(self.library, name, args or {}, connector(self.config), format_=format_, **options)
