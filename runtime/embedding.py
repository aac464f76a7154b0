"""A home folder and databases → scripts that Python code runs, with records as Python values; for the public API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from runtime.config import Config
from runtime.connect import connector
from runtime.errors import SopError
from runtime.library.store import Library as Store
from runtime.output.sink import Sink
from runtime.output.writer import Writer
from runtime.runs.control import Control
from runtime.runs.run import Outcome, RunOptions, run
from runtime.values.batches import RowBatch
from runtime.values.conversion import to_text

if TYPE_CHECKING:
    from runtime.library.records import Entry
    from runtime.vm.output import Question

__all__ = ("Error", "Library", "Result", "RunError", "Waiting")

Error = SopError
"""What every error here is: `code` (`sopc error CODE` explains it), `message`, and `hint` (what to try, or None)."""


class RunError(SopError):
    """A script failed while it ran; nothing that it had not committed remains.

    step: the path of the step, such as `2.1`. line: of the source that was compiled, from 1. sentence: of the English
    text, from 1. Each is None where it is not known.
    """

    def __init__(
        self, error: SopError, step: str | None = None, line: int | None = None, sentence: int | None = None
    ) -> None:
        super().__init__(error.code, error.message, error.hint)
        self.step = step
        self.line = line
        self.sentence = sentence


class Waiting(SopError):
    """A script asks something that nobody answered; pass `ask` or `answers`.

    question: `question` (text), `type`, and where it has them `choices` and `default`. step: the key for `answers`.
    """

    def __init__(self, error: SopError, step: str, question: dict[str, Any]) -> None:
        super().__init__(error.code, error.message, error.hint)
        self.step = step
        self.question = question


class Result:
    """What a run gave. Iterating gives its records, as dicts of Python values.

    Attributes:
        status: `ok`, or `dry-run`.
        result: what the script returned.
        said: texts of `say`, in order.
        changes: rows written, by (command, store); of a dry run, those it would have written.
    """

    def __init__(self, outcome: Outcome, collected: _Collected) -> None:
        self.status = outcome.status
        self.result: Any = outcome.result
        self.said: list[str] = collected.said
        self.changes: dict[tuple[str, str], int] = collected.changes or dict(outcome.committed)
        self._records = collected.found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def records(self) -> list[dict[str, Any]]:
        """Return all records, in the order in which the script emitted them."""
        return list(self._records)

    def one(self) -> dict[str, Any]:
        """Return the only record.

        Raises:
            ValueError: there is none, or more than one.
        """
        if len(self._records) != 1:
            raise ValueError(f"the run gave {len(self._records)} records, not one")
        return self._records[0]


class Library:
    """Compiled scripts and the databases that they use. Close it, or use it in a `with` block."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._store = Store.open(config.home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the library. Results of runs can still be read."""
        self._store.close()

    @property
    def scripts(self) -> list[Entry]:
        """The newest version of each script: `name`, `version`, `when`, `effects`, …"""
        return list(self._store.entries())

    def run(
        self,
        name: str,
        /,
        *,
        dry_run: bool = False,
        read_only: bool = False,
        ask: Callable[[Question], Any] | None = None,
        answers: Mapping[str, Any] | None = None,
        max_rows: int | None = None,
        max_seconds: float | None = None,
        **args: Any,
    ) -> Result:
        """Run a script to its end. Its records are then in memory.

        Args:
            name: NAME, NAME@VERSION or NAME@TAG.
            dry_run: do everything, then undo it; `Result.changes` counts what would have changed.
            read_only: refuse a script that writes.
            ask: answers a question (`text`, `type`, `choices`, `default`); None takes the default.
            answers: answers by step.
            max_rows: records that it may emit, at most.
            max_seconds: seconds that it may take, at most.
            **args: the script's parameters; texts are read by their types.

        Raises:
            RunError: the script failed.
            Waiting: nobody answered its question.
            Error: it can't begin: unknown script, wrong argument, database that can't be opened.
        """
        options = RunOptions(
            dry_run=dry_run,
            read_only=read_only,
            prompt=None if ask is None else _prompt(ask),
            answers={step: to_text(value) for step, value in (answers or {}).items()},
            max_rows=max_rows,
            max_seconds=max_seconds,
            control=Control(),  # so that no handlers of signals are set
        )
        return self._run(self._store, name, args, options)

    def _run(self, store: Store, name: str, args: Mapping[str, Any], options: RunOptions) -> Result:
        collected = _Collected()
        outcome = run(store, name, args, connector(self._config), collected, options)
        if outcome.error is not None:
            if outcome.status == "waiting":
                raise Waiting(outcome.error, *collected.asked)
            place = outcome.trace.place if outcome.trace else None
            if place is None:
                raise RunError(outcome.error) from outcome.error
            raise RunError(outcome.error, place.step, place.line, place.sentence) from outcome.error
        return Result(outcome, collected)

    def _read(self, store: Store, name: str) -> Result:
        """Run a script that takes nothing and only reads."""
        return self._run(store, name, {}, RunOptions(read_only=True, control=Control()))


def open_library(home: str | None = None, databases: Mapping[str, str] | None = None) -> Library:
    """Open the library of compiled scripts; see `runtime.open`."""
    return Library(load_config(home, databases))


def load_config(home: str | None, databases: Mapping[str, str] | None) -> Config:
    """Read the settings as the commands do."""
    return Config.load(home, [f"{name}={url}" for name, url in (databases or {}).items()])


class _Collected(Writer):
    """Keeps what a run emits and says, instead of writing it."""

    writes_json = False
    voids = True  # what was undone is taken away again

    def __init__(self) -> None:
        super().__init__(Sink(BytesIO()), buffer_until_commit=False)
        self.found: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.changes: dict[tuple[str, str], int] = {}
        self.asked: tuple[str, dict[str, Any]] = ("", {})
        self._stands = (0, 0)  # how many of both are committed

    def _line(self, line: object) -> None:
        """Lines that are neither records nor said are not kept."""

    def _record(self, step: str, within: str | None, record: dict[str, Any]) -> None:
        self.found.append(record)

    def _rows(self, first: int, step: str, within: str | None, names: tuple[str, ...], batch: RowBatch) -> None:
        self.found += [dict(zip(names, row, strict=True)) for row in batch]

    def say(self, step: str, within: str | None, text: str) -> None:
        super().say(step, within, text)
        self.said.append(text)

    def ask(self, step: str, within: str | None, question: dict[str, Any]) -> None:
        super().ask(step, within, question)
        self.asked = (step if within is None else f"{within}/{step}", question)

    def release(self) -> None:
        super().release()
        self._stands = (len(self.found), len(self.said))

    def rollback(self, reason: str) -> None:
        super().rollback(reason)
        if reason != "a dry run":  # which shows what would have been
            del self.found[self._stands[0] :], self.said[self._stands[1] :]

    def end(self, status: str, result: Any, retries: int, ms: int, changes: list[dict[str, Any]] | None = None) -> None:
        super().end(status, result, retries, ms, changes)
        self.changes = {(each["command"], each["store"]): each["rows"] for each in changes or ()}


def _prompt(ask: Callable[[Question], Any]) -> Callable[[Question], str | None]:
    def prompt(question: Question) -> str | None:
        answer = ask(question)
        return None if answer is None else to_text(answer)

    return prompt
