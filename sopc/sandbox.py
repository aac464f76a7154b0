"""A folder, databases and DSL → scripts compiled into a library of their own, and the output of their runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

from runtime.config import Config
from runtime.databases.protocol import Database
from runtime.library.store import Library
from sopc import pipeline
from sopc.context import Context
from sopc.source import Source

if TYPE_CHECKING:
    from runtime.runs.run import Outcome


@dataclass(frozen=True)
class Ran:
    """The output of a run, and its outcome."""

    output: bytes
    outcome: Outcome

    @property
    def exit_code(self) -> int:
        return self.outcome.exit_code

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The decoded lines of a run in the format jsonl."""
        return [msgspec.json.decode(line) for line in self.output.splitlines()]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [line["result"] for line in self.lines if line["type"] == "record"]

    @property
    def exact_lines(self) -> list[dict[str, Any]]:
        """As `lines`, with numbers that have a point as decimals, so that no digit is lost."""
        return [json.loads(line, parse_float=Decimal) for line in self.output.splitlines()]

    @property
    def result(self) -> Any:
        """The return value. Raises AssertionError with the error line if the run failed."""
        end = self.lines[-1]
        if end.get("status") != "ok":
            raise AssertionError([line for line in self.lines if line["type"] in ("error", "end")])
        return end.get("result")


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
        from runtime.connect import connect

        def connect_to(database: str) -> Database:
            setting = self.config.database(database)
            return connect(setting.url, name=database, base=setting.base)

        return run_from(self.library, name, args or {}, connect_to, format_=format_, **options)


def run_from(
    library: Library,
    name: str,
    args: Mapping[str, Any],
    databases: Callable[[str], Database],
    *,
    format_: str = "jsonl",
    **options: Any,
) -> Ran:
    """Run a script of a library.

    Args:
        library: With the script.
        name: Of the script.
        args: Its arguments by name.
        databases: Connects to a database by name.
        format_: Of the output, such as `jsonl`.
        options: Fields of `RunOptions`.

    Returns:
        The output and the outcome; also for a run that fails.

    Raises:
        SopError: The run can't start.
    """
    from runtime.output.formats import open_writer
    from runtime.runs.run import RunOptions, run

    stream = BytesIO()
    writer = open_writer(format_, stream, buffer_until_commit=bool(library.resolve(name).effects.writes))
    outcome = run(library, name, args, databases, writer, RunOptions(**options))
    return Ran(stream.getvalue(), outcome)
