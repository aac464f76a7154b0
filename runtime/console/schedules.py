"""Schedules of `[runs]` → a list of them, their coming times, and changes; for `sopvm schedule`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final

from runtime.console.console import Console
from runtime.console.kept import pull_script
from runtime.console.rows import print_rows
from runtime.errors import SopError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from runtime.config import Config
    from runtime.schedules.store import Schedule, ScheduleStore
    from runtime.schedules.times import Times

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_NO_WORKER: Final = "no worker is there to begin runs: `sopvm worker` or `sopvm serve`"


def add_schedule(
    console: Console,
    config: Config,
    name: str,
    script: str,
    arguments: Mapping[str, str],
    cron: str,
    zone: str,
    *,
    missed: str,
    overlap: str | None,
    retries: int,
    backoff: int,
) -> None:
    """Keep a schedule. The script and its arguments are checked as for a run.

    Args:
        console: Where it is told when it runs first.
        config: The settings.
        name: Of the schedule.
        script: NAME, NAME@VERSION or NAME@TAG.
        arguments: As given in the shell, by parameter.
        cron: Five fields.
        zone: Whose clocks they mean.
        missed: skip, once or all.
        overlap: skip, queue or cancel; None for the default.
        retries: How often a run that failed is tried again.
        backoff: Seconds before the first of these.

    Raises:
        UsageError: C0102, V0620, V0621, V0623, or for the script and its arguments.
        SopError: V0605, its runs can't be kept.
    """
    from runtime.connect import may_keep_runs
    from runtime.library.store import Library
    from runtime.runs.arguments import bind
    from runtime.runs.run import home_of
    from runtime.schedules.store import Schedule, opened_schedules, write_moment
    from runtime.schedules.times import Times
    from runtime.values.conversion import to_text
    from runtime.vm.link import link

    if not _NAME.fullmatch(name):
        raise UsageError("C0102", f"{name!r} can't be the name of a schedule", "letters, digits, `-` and `_`")
    if missed == "all" and overlap not in (None, "queue"):
        message = f"--missed all begins several runs at once, and --overlap {overlap} would end or leave out most"
        raise UsageError("C0102", message, "--overlap queue")
    times = Times(cron, zone)
    with Library.open(config.home) as library:
        pull_script(library, config, script)
        linked = link(library, script)
        bind(linked.root.module.signature, arguments)
        home = home_of(linked.root.effects, linked.root.name)
    if home is not None and not may_keep_runs(config.database(home).url):
        message = f"`{linked.root.name}` writes `{home}`, where no run can be kept"
        raise UsageError("V0605", message, "schedule scripts that write SQLite or PostgreSQL, or only read")
    with opened_schedules(config, create=True) as store:
        assert store is not None
        due = next(times.after(store.now()))
        overlap = overlap or ("queue" if missed == "all" else "skip")
        given = to_text(dict(arguments))
        store.add(Schedule(name, script, given, cron, zone, missed, overlap, retries, backoff, write_moment(due)))
        _tell_next(console, name, due, times)
        if not store.database.is_served():
            console.note(_NO_WORKER)


def print_schedules(console: Console, config: Config, format_: str) -> None:
    """Print the schedules.

    Args:
        console: Where it is told that no worker is there.
        config: The settings.
        format_: Of the rows.
    """
    from runtime.schedules.listing import list_schedules

    found, served = list_schedules(config)
    if found and not served:
        console.note(_NO_WORKER)
    columns = [name for name in found[0] if name != "paused"] if found else ["name"]
    rows = [["paused" if name == "next" and each["paused"] else each[name] for name in columns] for each in found]
    print_rows(columns, rows, format_)


def coming_times(config: Config, name: str, count: int, format_: str) -> None:
    """Print when a schedule is due.

    Args:
        config: The settings.
        name: Of the schedule.
        count: How many times.
        format_: Of the rows.
    """
    from runtime.schedules.store import write_moment
    from runtime.schedules.times import Times

    with _holding(config, name) as (store, schedule):
        times = Times(schedule.cron, schedule.zone)
        coming = islice(times.after(store.now()), count)
        rows = [[write_moment(due), f"{times.local(due):%a %Y-%m-%d %H:%M %Z}"] for due in coming]
    print_rows(("due", "local"), rows, format_)


def pause_schedule(console: Console, config: Config, name: str) -> None:
    """Begin no run of it.

    Args:
        console: Where it is told.
        config: The settings.
        name: Of the schedule.
    """
    with _holding(config, name) as (store, _):
        store.pause(name)
    console.note(f"{name}: paused")


def resume_schedule(console: Console, config: Config, name: str) -> None:
    """Go on with it from its next time.

    Args:
        console: Where that is told.
        config: The settings.
        name: Of the schedule.
    """
    from runtime.schedules.times import Times

    with _holding(config, name) as (store, schedule):
        if schedule.paused:
            times = Times(schedule.cron, schedule.zone)
            due = next(times.after(store.now()))
            store.resume(name, due)
            _tell_next(console, name, due, times)
        else:
            console.note(f"{name}: is not paused")


def remove_schedules(console: Console, config: Config, names: Sequence[str]) -> None:
    """Forget all of them, and their runs that have not begun, or none.

    Args:
        console: Where it is told.
        config: The settings.
        names: Of the schedules.
    """
    with _opened(config, names[0]) as store:
        store.remove(dict.fromkeys(names))
    for name in dict.fromkeys(names):
        console.note(f"{name}: removed")


def tell_schedules_of(console: Console, config: Config, scripts: Collection[str]) -> None:
    """Tell of schedules that run scripts which are no longer there.

    Args:
        console: Where they are told.
        config: The settings.
        scripts: Names of the scripts.
    """
    from runtime.schedules.store import opened_schedules

    try:
        with opened_schedules(config) as store:
            found = [] if store is None else store.all()
    except SopError as error:
        console.note(f"whether schedules run them is not known: {error.message}")
        return
    for schedule in found:
        script = schedule.script.partition("@")[0]
        if script in scripts:
            console.note(
                f"{script}: the schedule {schedule.name} runs it; `sopvm schedule rm {schedule.name}` ends that"
            )


def _tell_next(console: Console, name: str, due: datetime, times: Times) -> None:
    console.note(f"{name}: next {times.local(due):%Y-%m-%d %H:%M %Z}")


@contextmanager
def _holding(config: Config, name: str) -> Iterator[tuple[ScheduleStore, Schedule]]:
    """The store and a schedule in it; V0622 for one that is not there."""
    with _opened(config, name) as store:
        yield store, store.find(name)


@contextmanager
def _opened(config: Config, name: str) -> Iterator[ScheduleStore]:
    """The store that a schedule may be in; V0622 where there is none."""
    from runtime.schedules.store import opened_schedules

    with opened_schedules(config) as store:
        if store is None:
            raise UsageError("V0622", f"there is no schedule {name}", "`sopvm schedule add` makes one")
        yield store
