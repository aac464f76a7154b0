"""`[runs]` → its schedules as people see them, each with its next time and its last run."""

from __future__ import annotations

from typing import Any

from runtime.config import Config
from runtime.runs.places import find_run, with_status
from runtime.schedules.store import Schedule, opened_schedules


def list_schedules(config: Config) -> tuple[list[dict[str, Any]], bool]:
    """List the schedules.

    Args:
        config: The settings.

    Returns:
        A record each, by name; and whether a worker is there that begins their runs.
    """
    with opened_schedules(config) as store:
        if store is None:
            return [], False
        return [_described(config, each) for each in store.all()], store.database.is_served()


def _described(config: Config, schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "script": schedule.script,
        "cron": schedule.cron,
        "tz": schedule.zone,
        "next": schedule.due,
        "paused": bool(schedule.paused),
        "last": schedule.last_due,
        "run": schedule.last_run,
        "status": None if schedule.last_run is None else _status(config, schedule.last_run),
        "left_out": schedule.left_out,
        "problem": schedule.problem,
    }


def _status(config: Config, run: str) -> str | None:
    """None for a run that is forgotten, or whose database is away."""
    found = find_run(config, run)
    if found is None:
        return None
    with found[0].store() as runs:
        return None if runs is None else with_status(runs, found[1]).status
