"""A home folder and databases → scripts that Python code runs; for the public API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import msgspec

from runtime.config import MAIN, Config
from runtime.connect import connector
from runtime.errors import SopError, UsageError
from runtime.library.store import Library as Store
from runtime.values.conversion import to_text

if TYPE_CHECKING:
    from runtime.bytecode.module import Module
    from runtime.files import Loaded, Mode
    from runtime.library.records import Entry
    from runtime.record_queue import Records
    from runtime.results import Result
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
        question: What it asks; its `step` is the key for `answers`.
    """

    def __init__(self, error: SopError, question: Question) -> None:
        super().__init__(error.code, f"{error.message}: {question.text}", f"answers={{{question.step!r}: …}}, or ask=")
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
        self._config = config
        self._stored = Store.open(config.home, read_only=read_only)
        self._is_closed = False
        self._results: WeakSet[Result] = WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the library for good, and end runs that are under way. Results of runs that have ended can still be
        read."""
        for result in list(self._results):
            result.close()
        self._stored.close()
        self._is_closed = True

    @property
    def config(self) -> Config:
        self._refuse_if_closed()
        return self._config

    @property
    def stored(self) -> Store:
        self._refuse_if_closed()
        return self._stored

    def _refuse_if_closed(self) -> None:
        """Whatever is done with a library begins with its settings or its scripts."""
        if self._is_closed:
            raise UsageError("L0112", "the library was closed", "open it again")

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
        stream: bool = False,
        **args: Any,
    ) -> Result:
        """Run a script; `Result` says when it has ended.

        Args:
            name: NAME, NAME@VERSION or NAME@TAG.
            dry_run: do everything, then undo it; `Result.changes` counts what would have changed.
            read_only: refuse a script that writes.
            ask: answers a question (`text`, `type`, `choices`, `default`); where it gives None, the default is taken.
            answers: answers by step.
            max_rows: records that it may emit, at most.
            max_seconds: seconds that it may take, at most.
            stream: return at once, so that a coroutine waits for nothing. A script that writes then goes on as its
                records are read, and commits once they all are; `ask` is called in the thread of the run.
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
        return self._run(self.stored, name, args, options, stream)

    def load(
        self,
        data: Any,
        store: str | None = None,
        *,
        database: str = MAIN,
        mode: Mode = "create",
        **options: Any,
    ) -> list[Loaded]:
        """Load rows into a store of a database, all of them or none.

        Args:
            data: A pandas data frame, what has Arrow's stream interface (a table of pyarrow or polars), an iterable of
                mappings; or the path of a file of a kind that `sopvm db import` reads.
            store: The name of the store; None for that of the file.
            database: The name of the database; its file is made when missing.
            mode: `create` a new store, `replace` one, or `append` to one.
            **options: Of a file, how it is read: `types`, `nulls`, `skip_bad`, `date_order`, `decimal`, `header`, …

        Returns:
            What was loaded: `store`, `rows`, `fields`; more than one where a file holds several.

        Raises:
            Error: D05xx, what can't be loaded; D0105, a package for it is missing.
        """
        from runtime.loading import load

        return load(self.config, data, store, database, mode, options)

    def _run(
        self, stored: Store, name: str, args: Mapping[str, Any], options: RunOptions, stream: bool = False
    ) -> Result:
        from runtime.results import Result
        from runtime.runs.control import Control
        from runtime.runs.run import run

        databases = connector(self.config)
        control = Control()  # with one, a run sets no handlers of signals
        chosen = msgspec.structs.replace(options, control=control)

        def start(records: Records) -> Outcome:
            return _whole(run(stored, name, args, databases, records, chosen), control)

        effects = stored.resolve(name).effects
        result = Result(start, control, ahead=not (effects.writes or effects.asks), streams=stream)
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


def _whole(outcome: Outcome, control: Control) -> Outcome:
    """The outcome of a run that did all it should; else its error is raised."""
    if outcome.error is None:
        return outcome
    if outcome.status == "waiting" and control.question is not None:
        raise Waiting(outcome.error, control.question)
    place = outcome.trace.place if outcome.trace else None
    if place is None:
        raise RunError(outcome.error) from None
    raise RunError(outcome.error, place.step, place.line, place.sentence) from None


def _prompt(ask: Callable[[Question], Any]) -> Callable[[Question], str | None]:
    def prompt(question: Question) -> str | None:
        answer = ask(question)
        return None if answer is None else to_text(answer)

    return prompt
