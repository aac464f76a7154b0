"""A request for a run that is short → all its lines, once it has ended."""

from __future__ import annotations

from asyncio import sleep
from typing import Any

import msgspec

from runtime.api.replay_buffer import ReplayBuffer
from runtime.api.run_lines import LOOK_SECONDS, failure_of
from runtime.api.service import Service
from runtime.api.shared import Play


async def lines_of(service: Service, play: Play, *, dry_run: bool = False) -> list[dict[str, Any]]:
    """Run a program, and wait for it. It is not listed afterwards, unless it failed.

    Args:
        service: The service.
        play: The request.
        dry_run: Keep nothing of what it writes.

    Returns:
        Its lines, the last of which says how it ended.

    Raises:
        HttpError: Why it failed, or did not begin.
    """
    log = ReplayBuffer()
    run = service.runner.begin(msgspec.structs.replace(play, format="jsonl", dry_run=dry_run), log)
    while not run.ended or service.runs.is_active(run.id):
        await sleep(LOOK_SECONDS)
    if run.end is None or run.end.status == "failed":
        raise failure_of(run)
    lines = [msgspec.json.decode(line) for line in _all(log).splitlines()]
    service.runs.forget(run)
    return lines


def _all(log: ReplayBuffer) -> bytes:
    found = b""
    while more := log.read(len(found)):
        found += more
    return found
