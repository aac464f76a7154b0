"""A folder, databases and DSL → compiled scripts in a library of their own, and the lines of their runs; for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from runtime.config import Config
from runtime.databases.protocol import Database
from runtime.library.store import Library
from sopc import pipeline
from sopc.context import Context
from sopc.source import Source


@dataclass(frozen=True)
class Ran:
    """What a run wrote, and its exit code."""

    output: bytes
    exit_code: int

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Of a run in the format jsonl."""
        return [msgspec.json.decode(line) for line in self.output.splitlines()]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [line["result"] for line in self.lines if line["type"] == "record"]

    @property
    def result(self) -> Any:
        """The return value; AssertionError with the error's line when the run did not end well."""
        end = self.lines[-1]
        if end.get("status") != "ok":
            raise AssertionError([line for line in self.lines if line["type"] in ("error", "end")])
        return end.get("result")


class Bench:
    """Compiles and runs DSL. folder: gets the library. databases: URL by name, paths relative to the folder."""

    def __init__(self, folder: Path, databases: Mapping[str, str] | None = None) -> None:
        declared: dict[str, dict[str, Any]] = {name: {"url": url} for name, url in (databases or {}).items()}
        self.config = Config(folder / ".sop", folder / "sop.toml", declared=declared)
        self.library = Library.open(self.config.home)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.library.close()

    def compile(self, text: str, name: str = "test.sop") -> list[str]:
        """Store every script of the text; their names. Raises CompileError."""
        with Context(self.config, self.library) as context:
            compiled = pipeline.compile_source(Source(name, text), context)
        items = compiled.items(pipeline.provenance_of(compiled.source))
        return [entry.name for entry in pipeline.store(items, self.library)]

    def run(self, name: str, args: Mapping[str, Any] | None = None, *, format_: str = "jsonl", **options: Any) -> Ran:
        """options: of RunOptions."""
        from runtime.jsonl.writer import open_writer
        from runtime.runs.run import RunOptions, run

        stream = BytesIO()
        writer = open_writer(format_, stream, holds_back=bool(self.library.resolve(name).effects.writes))
        opened: list[Database] = []
        try:
            outcome = run(self.library, name, args or {}, self._connector(opened), writer, RunOptions(**options))
        finally:
            for database in opened:
                database.close()
        return Ran(stream.getvalue(), outcome.exit_code)

    def _connector(self, opened: list[Database]) -> Callable[[str], Database]:
        from runtime.databases.connect import connect

        def connect_to(name: str) -> Database:
            setting = self.config.database(name)
            opened.append(connect(setting.url, name=name, base=setting.base))
            return opened[-1]

        return connect_to
