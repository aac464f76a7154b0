"""Kept runs → a list of them, where one of them is, and runs that go on; for `sopvm runs` and its neighbours."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from time import sleep
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from msgspec import UNSET

from runtime.connect import connector
from runtime.console.console import Console
from runtime.console.destination import STDOUT, check_binary
from runtime.console.options import key_values, utf8
from runtime.console.rows import print_rows
from runtime.console.runner import execute, keeping, shown, terminal
from runtime.databases.acting import acting_as
from runtime.errors import RunError, SopError, UsageError
from runtime.runs.run import RunOptions
from runtime.runs.run import run as begin

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.databases.protocol import Database
    from runtime.library.store import Library
    from runtime.runs.go_on import KeptRun
    from runtime.runs.keep import Keep
    from runtime.runs.store import RunRow

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
    from runtime.runs.places import list_all

    found, failures, _ = list_all(config, script, status, since, limit)
    console.unreadable(failures)
    rows = [
        [
            *(row.run, row.script, row.status, row.created, row.updated, row.segment, place.name),
            _says(row.question or row.ending),
        ]
        for place, row in found
    ]
    rows.sort(key=lambda row: (row[3], row[0]), reverse=True)
    print_rows(_COLUMNS, rows, format_)


def _says(text: str | None) -> str | None:
    """The question of a waiting run, the error of a failed one."""
    import msgspec

    if text is None:
        return None
    said = msgspec.json.decode(text)
    return said.get("question") or said.get("message") if isinstance(said, dict) else None


def inspect_run(console: Console, config: Config, run: str, format_: str) -> None:
    """Print the frames of a run, as they are kept.

    Args:
        console: Where it is told that the run has gone on since.
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
        if store.database.is_leased(run):
            console.note(f"the run {run} is going on: this is where its last segment ended")
    as_shown = to_text if format_ in ("table", "csv") else json_ready
    rows = [[*[frame[name] for name in _FRAME[:-1]], as_shown(frame["variables"])] for frame in frames]
    print_rows(_FRAME, rows, format_)


def cancel_run(console: Console, config: Config, run: str) -> None:
    """Cancel a run that is kept. One that is going on in another process is told to end, and waited for a while.

    Args:
        console: Where it is told that the run has not ended yet.
        config: The settings.
        run: Its id.
    """
    from runtime.runs.go_on import cancel
    from runtime.runs.places import find_place

    with find_place(config, run).store(read_only=False) as store:
        assert store is not None
        if cancel(store, run):
            return
        for _ in range(_CANCEL_LOOKS):
            if not store.database.is_leased(run):
                return
            sleep(_POLL_SECONDS)
        console.note(f"the run {run} was told to end, and will where its statement under way ends")


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
    relaxed: bool | None = None,
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
        relaxed: of RunOptions; None for that of the settings.

    Returns:
        The exit code.
    """
    from runtime.library.store import Library
    from runtime.output.formats import open_writer
    from runtime.runs.go_on import check_status, go_on, read_run
    from runtime.runs.owner import read_owner
    from runtime.runs.places import find_place, runs_place

    options = RunOptions(
        answers=key_values(answers, "an answer to a step"),
        prompt=terminal(),
        trace=sys.stderr if trace else None,
        relaxed=config.relaxed if relaxed is None else relaxed,
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
            if answer is not UNSET and store.is_overdue(run):
                console.note(f"the time for an answer to the run {run} is over, so this one is not taken")
                answer = UNSET
        writes = bool(kept.linked.root.effects.writes)
        check_binary(format_, STDOUT)
        writer = open_writer(format_, sys.stdout.buffer, buffer_until_commit=writes)
        owner = read_owner(kept.row.owner)
        others = connector(msgspec.structs.replace(config, acting=owner.acting))

        def databases(name: str) -> Database:
            if name == kept.pinned.home:
                return acting_as(place.open(), owner.acting)
            return others(owner.place(name))

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


# ── runs with an id, and runs in a process of their own ────────────────────────────────────────────────────────


def run_kept(
    console: Console,
    library: Library,
    name: str,
    args: Mapping[str, str],
    config: Config,
    format_: str,
    run: str | None,
    *,
    detach: bool,
    answers: Sequence[str],
    **options: Any,
) -> int:
    """As `execute`, of a run that is kept whatever it does.

    Args:
        console: Where errors go.
        library: With the script.
        name: NAME, NAME@VERSION or NAME@TAG.
        args: As given in the shell, by parameter.
        config: The settings.
        format_: Of the lines.
        run: Its id. A run with that id, of the same script and arguments, is not begun again: it goes on where it was
            interrupted, or its lines are printed once more.
        detach: Leave it to another process, and print its id.
        answers: As given in the shell, STEP=VALUE.
        options: Of RunOptions; None where not given.

    Returns:
        The exit code.

    Raises:
        UsageError: V0610 for an id of another script or other arguments, or one that can't be an id.
    """
    if run is not None:
        if not _ID.fullmatch(run):
            raise UsageError("V0610", f"{run!r} can't be the id of a run", "letters, digits, `-`, `_` and `.`")
        known = _known(config, library, name, args, run)
        if known is not None:
            return _repeated(console, config, known, format_, answers)
    keep = keeping(library, config, run, detached=detach)
    if not detach:
        return execute(console, library, name, args, config, format_, answers=answers, keep=keep, **options)
    return _detached(console, library, name, args, config, keep, answers, options)


_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def _known(config: Config, library: Library, name: str, args: Mapping[str, str], run: str) -> RunRow | None:
    """The row of the run with that id, None when there is none."""
    from runtime.runs.arguments import bind
    from runtime.runs.keep import request_of
    from runtime.runs.places import find_run
    from runtime.vm.link import link

    found = find_run(config, run)
    row = None if found is None else found[1]
    if row is not None:
        root = link(library, name).root
        if row.request != request_of(root.name, bind(root.module.signature, args)):
            raise UsageError(
                "V0610", f"the run {run} is one of other arguments, or of another script", "--id with another id"
            )
    return row


def _repeated(console: Console, config: Config, row: RunRow, format_: str, answers: Sequence[str]) -> int:
    """The request was made before: what became of it."""
    if row.status in ("pending", "running", "waiting"):
        return go_on_with(console, config, row.run, "resume", format_, answers=answers)
    show_logs(config, row.run, after=0, follow=False)
    if row.status == "ok":
        return 0
    raise SopError("V0609", f"the run {row.run} failed or was cancelled", f"sopvm retry {row.run}")


def _detached(
    console: Console,
    library: Library,
    name: str,
    args: Mapping[str, str],
    config: Config,
    keep: Keep,
    answers: Sequence[str],
    options: Mapping[str, Any],
) -> int:
    from runtime.output.formats import open_writer
    from runtime.runs.places import find_place

    if answers or options.get("dry_run") or options.get("trace"):
        raise UsageError("C0101", "a run in a process of its own takes no --answer, --dry-run or --trace")
    limits = {option: value for option, value in options.items() if value is not None and option.startswith("max_")}
    chosen = RunOptions(keep=keep, **limits)
    writer = open_writer("jsonl", sys.stdout.buffer, buffer_until_commit=False)
    outcome = begin(library, name, args, connector(config), writer, chosen)
    library.close()
    with find_place(config, outcome.run).store() as store:
        served = store is not None and store.database.is_served()
    if not served:
        start_process(config, "resume", outcome.run, relaxed=options.get("relaxed"))
    click.echo(f'{{"run":"{outcome.run}"}}')
    return 0


def push_script(config: Config, name: str, database: str | None) -> dict[str, int]:
    """Put a script and all that it calls into a database.

    Args:
        config: The settings.
        name: NAME, NAME@VERSION or NAME@TAG.
        database: Its name; None for the one that the script writes.

    Returns:
        The version of each script, by name.
    """
    from runtime.library.store import Library
    from runtime.runs.pushed import push

    with Library.open(config.home, read_only=True) as library:
        return push(library, config, name, database)


def pull_script(library: Library, config: Config, name: str) -> None:
    """Take a script that the library does not have from a database that it was pushed to, if there is one.

    Args:
        library: That takes it.
        config: The settings.
        name: NAME, NAME@VERSION or NAME@TAG.
    """
    if library.find(name) is None and "@" not in name:
        from runtime.runs.pushed import pull

        pull(library, config, name)


def start_process(config: Config, *words: str, relaxed: bool | None = None) -> None:
    """Start `sopvm` in a process that outlives this one."""
    import subprocess

    from runtime.config import FULL, RELAXED

    command, environment = program(config, *words)
    if relaxed is not None:
        environment = {**environment, "SOP_DURABILITY": RELAXED if relaxed else FULL}
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    process.returncode = 0  # nobody waits for it here


def program(config: Config, *words: str) -> tuple[list[str], dict[str, str]]:
    """The command and environment of a `sopvm` with these settings. URLs go in the environment, which other users can't
    see."""
    import os

    flags = [f"{name}={url}" for name, url in config.flags.items()]
    command = [sys.executable, "-c", "from runtime.cli import main; main(prog_name='sopvm')", *words]
    return command, {**os.environ, "SOP_HOME": str(config.home), **({"SOP_DB": " ".join(flags)} if flags else {})}


def show_logs(config: Config, run: str, *, after: int, follow: bool) -> None:
    """Print the lines of a run as JSON lines.

    Args:
        config: The settings.
        run: Its id.
        after: The number of the last line that is left out.
        follow: Go on until the run has ended.
    """
    from runtime.runs.logs import Logs
    from runtime.runs.places import find_place

    stdout = sys.stdout.buffer
    with find_place(config, run).store() as store:
        assert store is not None
        logs = Logs(store, run, after)
        while True:
            stdout.writelines(logs.news())
            stdout.flush()
            if logs.ended or not follow:
                return
            sleep(_POLL_SECONDS)


_POLL_SECONDS: Final = 0.3
_CANCEL_LOOKS: Final = 100
