"""`sopvm runs` and `sopvm inspect`: kept runs → a list of them, and where one of them is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from runtime.commands.console import Console
from runtime.commands.options import database_options, load_config, output_options
from runtime.commands.rows import print_rows
from runtime.errors import SopError

if TYPE_CHECKING:
    from runtime.runs.places import RunPlace

STATUSES = ("pending", "running", "interrupted", "waiting", "ok", "failed", "cancelled")
COLUMNS = ("run", "script", "status", "created", "updated", "segments", "database", "says")


@click.command("runs")
@click.option("--script", metavar="NAME", help="Only runs of this script.")
@click.option("--status", type=click.Choice(STATUSES), help="Only runs with this status.")
@click.option("--since", metavar="TIME", help="Only runs that began then or later, such as 2026-01-31 or …T08:00.")
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="The newest so many of each database."
)
@database_options
@output_options("table")
@click.pass_obj
def runs_command(
    console: Console,
    /,
    script: str | None,
    status: str | None,
    since: str | None,
    limit: int,
    home: str | None,
    databases: Sequence[str],
    format_: str,
) -> None:
    """List the runs that are kept, newest first: those that commit or ask, in whatever database they are.

    \b
      sopvm runs
      sopvm runs --script reorder_low_stock --status waiting -f jsonl
      sopvm runs --db main=sqlite:///shop.db
    """
    from runtime.runs.places import places

    config = load_config(home, databases)
    failures: list[SopError] = []
    rows: list[list[Any]] = []
    for place in places(config, failures):
        try:
            rows += _rows(place, script, status, since, limit)
        except SopError as error:
            failures.append(error)
    console.unreadable(failures)
    rows.sort(key=lambda row: (row[3], row[0]), reverse=True)
    print_rows(COLUMNS, rows, format_)


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


@click.command("inspect")
@click.argument("run", metavar="RUN")
@database_options
@output_options()
@click.pass_obj
def inspect_command(console: Console, run: str, home: str | None, databases: Sequence[str], format_: str) -> None:
    """Show the calls under way in a kept run at the end of its last segment, the innermost first, each with its
    script, step, line, English sentence and variables.

    \b
      sopvm inspect 01JD2Z9GQ0V3X5K7M8N1P4R6T8
    """
    from runtime.library.store import Library
    from runtime.runs.go_on import inspect
    from runtime.runs.places import find_place
    from runtime.values.conversion import json_ready, to_text

    config = load_config(home, databases)
    place = find_place(config, run)
    with Library.open(config.home, read_only=True) as library, place.store() as store:
        assert store is not None
        frames = inspect(store, run, library)
    columns = ("script", "version", "step", "line", "sentence", "source", "variables")
    shown = to_text if format_ in ("table", "csv") else json_ready
    print_rows(
        columns,
        [[*[frame[name] for name in columns[:-1]], shown(frame["variables"])] for frame in frames],
        format_,
    )
