"""A home folder and databases → scripts that Python code runs; for the public API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import msgspec

from runtime.config import Config
from runtime.connect import connector
from runtime.errors import SopError
from runtime.library.store import Library as Store
from runtime.values.conversion import to_text

if TYPE_CHECKING:
    from runtime.bytecode.module import Module
    from runtime.library.records import Entry
    from runtime.results import Records, Result
    from runtime.runs.control import Control
    from runtime.runs.run import Outcome, RunOptions
    from runtime.vm.output import Question

__all__ = ("Library", "RunError", "Waiting", "open")


class RunError(SopError):
    """A script failed while it ran; nothing that it had not committed remains.

    Args:
        error: What the run ended with.
        step: The path of the step, such as `2.1`; None where it is not known.
        line: Of the source that was compiled, from 1; None where it is not known.
        sentence: Of the English text, from 1; None where it is not known.
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

    Args:
        error: What the run ended with.
        step: The key for `answers`.
        question: `question` (text), `type`, and where it has them `choices` and `default`.
    """

    def __init__(self, error: SopError, step: str, question: dict[str, Any]) -> None:
        super().__init__(error.code, error.message, error.hint)
        self.step = step
        self.question = question


class Library:
    """Compiled scripts and the databases that they use. Close it, or use it in a `with` block.

    Args:
        config: The settings, which `open` finds.
        read_only: Change nothing in the library.

    Attributes:
        config: The settings: where the library is, what the names of databases mean.
        stored: The scripts themselves: their versions, tags and modules, and how they are changed.
    """

    def __init__(self, config: Config, *, read_only: bool = False) -> None:
        self.config = config
        self.stored = Store.open(config.home, read_only=read_only)
        self._results: WeakSet[Result] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the library, and end runs that are under way. Results of runs that have ended can still be read."""
        for result in list(self._results):
            result.close()
        self.stored.close()

    @property
    def scripts(self) -> list[Entry]:
        """The newest version of each script: `name`, `version`, `when`, `effects`, …"""
        return self.stored.entries()

    def module(self, name: str) -> Module:
        """Return a compiled script: its program, signature, effects and code.

        Args:
            name: NAME, NAME@VERSION or NAME@TAG.

        Raises:
            Error: L0101, L0102, there is none; L01xx, it can't be read.
        """
        from runtime.bytecode.codec import decode

        return decode(self.stored.load(self.stored.resolve(name).hash))

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
        """Run a script; `Result` says when it has ended.

        Args:
            name: NAME, NAME@VERSION or NAME@TAG.
            dry_run: do everything, then undo it; `Result.changes` counts what would have changed.
            read_only: refuse a script that writes.
            ask: answers a question (`text`, `type`, `choices`, `default`); None takes the default.
            answers: answers by step.
            max_rows: records that it may emit, at most.
            max_seconds: seconds that it may take, at most.
            **args: the script's parameters; texts are read by their types.

        Returns:
            An iterator over its records, which also has what it returned, said and changed.

        Raises:
            RunError: the script failed; after the first record of one that only reads, the iterator raises it.
            Waiting: nobody answered its question.
            Error: it can't begin: unknown script, wrong argument, database that can't be opened.
        """
        from runtime.runs.run import RunOptions

        options = RunOptions(
            dry_run=dry_run,
            read_only=read_only,
            prompt=None if ask is None else _prompt(ask),
            answers={step: to_text(value) for step, value in (answers or {}).items()},
            max_rows=max_rows,
            max_seconds=max_seconds,
        )
        return self._run(self.stored, name, args, options)

    def _run(self, stored: Store, name: str, args: Mapping[str, Any], options: RunOptions) -> Result:
        from runtime.results import Result
        from runtime.runs.run import run

        databases = connector(self.config)

        def start(records: Records, control: Control) -> Outcome:
            chosen = msgspec.structs.replace(options, control=control)
            return _whole(run(stored, name, args, databases, records, chosen), records)

        effects = stored.resolve(name).effects
        result = Result(start, ahead=not (effects.writes or effects.asks))
        self._results.add(result)
        return result

    def _read(self, stored: Store, name: str) -> Result:
        """Run a script that takes nothing and only reads."""
        from runtime.runs.run import RunOptions

        return self._run(stored, name, {}, RunOptions(read_only=True))


def open(home: str | None = None, databases: Mapping[str, str] | None = None, *, read_only: bool = False) -> Library:
    """Open the library of compiled scripts.

    Args:
        home: Folder of the library; None to find it as the commands do (`SOP_HOME`, the nearest `.sop`, …).
        databases: URL by name, before those of sop.toml.
        read_only: Change nothing in the library.

    Returns:
        The library, to be used in a `with` block.

    Raises:
        Error: The settings or the library can't be read.
    """
    return Library(load_config(home, databases), read_only=read_only)


def load_config(home: str | None, databases: Mapping[str, str] | None) -> Config:
    """Read the settings as the commands do."""
    return Config.load(home, [f"{name}={url}" for name, url in (databases or {}).items()])


def _whole(outcome: Outcome, records: Records) -> Outcome:
    """The outcome of a run that did all it should; else its error is raised."""
    if outcome.error is None:
        return outcome
    if outcome.status == "waiting":
        raise Waiting(outcome.error, *records.asked)
    place = outcome.trace.place if outcome.trace else None
    if place is None:
        raise RunError(outcome.error) from outcome.error
    raise RunError(outcome.error, place.step, place.line, place.sentence) from outcome.error


def _prompt(ask: Callable[[Question], Any]) -> Callable[[Question], str | None]:
    def prompt(question: Question) -> str | None:
        answer = ask(question)
        return None if answer is None else to_text(answer)

    return prompt
