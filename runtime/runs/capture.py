"""A script, arguments, databases → its run, with its output in memory; for examples and tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

import msgspec

from runtime.databases.protocol import Database
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.runs.run import Outcome, RunOptions, run


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
    stream = BytesIO()
    writer = open_writer(format_, stream, buffer_until_commit=bool(library.resolve(name).effects.writes))
    outcome = run(library, name, args, databases, writer, RunOptions(**options))
    return Ran(stream.getvalue(), outcome)
