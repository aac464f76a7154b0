"""Kept runs → a list of them, where one of them is, and runs that go on; for `sopvm runs` and its neighbours."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from runtime.connect import connector
from runtime.console.console import Console
from runtime.console.options import key_values, utf8
from runtime.console.rows import print_rows
from runtime.console.runner import shown, terminal
from runtime.errors import RunError, SopError, UsageError
from runtime.runs.run import RunOptions

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.databases.protocol import Database
    from runtime.runs.go_on import KeptRun
    from runtime.runs.places import RunPlace

_COLUMNS: Final = ("run", "script", "status", "created", "updated", "segments", "database", "says")
_FRAME: Final = ("script", "version", "step", "line", "sentence", "source", "variables")
_MAY_GO_ON: Final = {  # command → the statuses that it is for
    "resume": ("running", "waiting", "pending"),
    "answer": ("waiting",),
    "retry": ("failed", "cancelled"),
}


def list_runs(
    console: Console,
    config: Config,
    format_: str,
    *,
    script: str | None,
    status: str | None,
    since: str | None,
    limit: int,
) -> None:
    """Print the runs of every database, newest first.

    Args:
        console: Where databases that can't be read are told.
        config: The settings.
        format_: Of the rows.
        script: Only runs of it; None for all.
        status: Only runs that have it; None for all.
        since: Only runs since then; None for all.
        limit: How many of each database, at most.
    """
    from runtime.runs.places import places

    failures: list[SopError] = []
    rows: list[list[Any]] = []
    for place in places(config, failures):
        try:
            rows += _rows(place, script, status, since, limit)
        except SopError as error:
            failures.append(error)
    console.unreadable(failures)
    rows.sort(key=lambda row: (row[3], row[0]), reverse=True)
    print_rows(_COLUMNS, rows, format_)


def _rows(place: RunPlace, script: str | None, status: str | None, since: str | None, limit: int) -> list[list[Any]]:
    with place.store() as store:
        if store is None:
            return []
        stored = "running" if status == "interrupted" else status
        found = []
        for row in store.list(script, stored, since, limit):
            now = row.status
            if now == "running" and not store.database.is_leased(row.run):
                now = "interrupted"
            if status in (None, now):
                says = _says(row.question or row.ending)
                found.append([row.run, row.script, now, row.created, row.updated, row.segment, place.name, says])
        return found


def _says(text: str | None) -> str | None:
    """The question of a waiting run, the error of a failed one."""
    import msgspec

    if text is None:
        return None
    said = msgspec.json.decode(text)
    return said.get("question") or said.get("message") if isinstance(said, dict) else None


def inspect_run(config: Config, run: str, format_: str) -> None:
    """Print the frames of a run.

    Args:
        config: The settings.
        run: Its id.
        format_: Of the rows.
    """
    from runtime.library.store import Library
    from runtime.runs.go_on import inspect
    from runtime.runs.places import find_place
    from runtime.values.conversion import json_ready, to_text

    place = find_place(config, run)
    with Library.open(config.home, read_only=True) as library, place.store() as store:
        assert store is not None
        frames = inspect(store, run, library)
    as_shown = to_text if format_ in ("table", "csv") else json_ready
    rows = [[*[frame[name] for name in _FRAME[:-1]], as_shown(frame["variables"])] for frame in frames]
    print_rows(_FRAME, rows, format_)


def cancel_run(config: Config, run: str) -> None:
    """Cancel a run that is kept.

    Args:
        config: The settings.
        run: Its id.
    """
    from runtime.runs.go_on import cancel
    from runtime.runs.places import find_place

    with find_place(config, run).store(read_only=False) as store:
        assert store is not None
        cancel(store, run)


def go_on_with(
    console: Console,
    config: Config,
    run: str,
    command: str,
    format_: str,
    *,
    answers: Sequence[str],
    value: str | None = None,
    limits: Mapping[str, Any] = {},
    trace: bool = False,
) -> int:
    """Go on with a run.

    Args:
        console: Where errors go.
        config: The settings.
        run: Its id.
        format_: Of its lines.
        trace: Print each instruction on stderr.
        command: resume, answer or retry, each for runs of other statuses.
        answers: as given in the shell, STEP=VALUE.
        value: the answer to the question that it waits with.
        limits: of RunOptions; None where not given.

    Returns:
        The exit code.
    """
    from runtime.library.store import Library
    from runtime.output.formats import open_writer
    from runtime.runs.go_on import check_status, go_on, read_run
    from runtime.runs.places import find_place, runs_place

    options = RunOptions(
        answers=key_values(answers, "an answer to a step"),
        prompt=terminal(),
        trace=sys.stderr if trace else None,
        **{name: limit for name, limit in limits.items() if limit is not None},
    )
    place = find_place(config, run)
    statuses = _MAY_GO_ON[command]
    with Library.open(config.home) as library:
        with place.store() as store:
            assert store is not None
            check_status(store, run, statuses)
            kept = read_run(store, run, library)
            answer = UNSET if value is None else _answer(kept, value)
        writes = bool(kept.linked.root.effects.writes)
        writer = open_writer(format_, sys.stdout.buffer, buffer_until_commit=writes)
        others = connector(config)

        def databases(name: str) -> Database:
            return place.open() if name == kept.pinned.home else others(name)

        def runs() -> Database:
            return runs_place(config).open()

        return shown(console, lambda: go_on(kept, statuses, databases, runs, writer, options, library, answer))


def _answer(kept: KeptRun, text: str) -> Any:
    """The text as an answer to the open question; V0404 when it does not fit."""
    from runtime.runs.answers import accepted
    from runtime.runs.go_on import question

    asked = question(kept)
    try:
        return accepted(asked, utf8(text))
    except RunError as error:
        raise UsageError("V0404", f"the answer to step {asked.step}: {error.message}") from error
